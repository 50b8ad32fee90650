"""`resonantgen evaluate music`: how well the engine plays, as JSON lines, a table and an HTML report."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from engine import __version__
from engine.errors import EngineError
from engine.evaluation.extras import check_all
from engine.evaluation.figures import Row
from engine.evaluation.music.measures import Measured
from engine.evaluation.music.run import Result, evaluate, goals, parts_of
from engine.music.user_genres import read_genres

REPORT, LINES = "report.html", "figures.jsonl"


def evaluate_music(
    quick: bool,
    out: Path | None,
    only: str | None,
    check: bool,
    processes: int,
    own_genres: Path | None = None,
) -> int:
    """JSON lines on the output, the table beside it; 1 where `check` is asked and a goal is missed.

    Only the bundled genres are measured, or with them those of the folder `own_genres`: all good, or none.
    """
    if own_genres is not None:
        _, failures = read_genres(own_genres)
        if failures:
            raise EngineError("file", failures[0])
    parts = parts_of(only)
    check_all()
    started = time.monotonic()
    console = Console(stderr=True)
    result = _measured(console, quick, parts, out is not None, processes, own_genres)
    lines = "".join(f"{line}\n" for line in lines_of(result))
    sys.stdout.write(lines)
    sys.stdout.flush()
    console.print(table_of(result.rows))
    console.print(f"{len(result.measured)} takes, {time.monotonic() - started:.0f} s")
    if out is not None:
        from engine.evaluation.music.report import report_of

        out.mkdir(parents=True, exist_ok=True)
        (out / LINES).write_text(lines, encoding="utf-8")
        (out / REPORT).write_text(report_of(result, goals()), encoding="utf-8")
        console.print(f"report: {out / REPORT}")
    return 1 if check and any(row.forgiven is False for row in result.rows) else 0


def _measured(
    console: Console,
    quick: bool,
    parts: tuple[str, ...],
    with_pictures: bool,
    processes: int,
    own_genres: Path | None,
) -> Result:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task("listening", total=None)

        def told(found: Measured, done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, description=found.case.name)

        return evaluate(quick, parts, told, with_pictures, processes, own_genres)


def lines_of(result: Result) -> list[str]:
    """Every figure, then the summary, as JSON."""
    machine = {"version": __version__}
    return [
        *(figure.line() for figure in result.figures),
        *(json.dumps(row.as_dict() | machine) for row in result.rows),
    ]


def table_of(rows: tuple[Row, ...]) -> Table:
    table = Table("measure", "", "value", "goal", "cases", "what", title="music, against the goals")
    for row in rows:
        mark = {None: "", True: "[green]met[/]", False: "[red]missed[/]"}[row.met]
        table.add_row(
            row.goal.measure, mark, f"{row.value:.3f} {row.goal.statistic}", row.goal.wanted, str(row.count),
            row.goal.text,
        )  # fmt: skip
    return table
