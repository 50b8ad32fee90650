"""`resonantgen evaluate models`: how track models perform held-out scores: lines, tables, cards, pictures."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bridge.report_folder import add_to_report, begin_report, write_report
from engine import __version__
from engine.errors import EngineError
from engine.evaluation.extras import CODEC, check_all
from engine.registry import roles_named

if TYPE_CHECKING:
    from engine.evaluation.figures import Figure
    from engine.evaluation.models.material import Audio
    from engine.evaluation.models.performer import Performer
    from engine.evaluation.models.run import Result
    from engine.model.codec.codec import Codec

    Pair = tuple[str, Audio, Audio]  # the palette's name, the instruments' rendering, the model's

LINES, CARD = "figures.jsonl", "card.md"
SCORES, SCORES_QUICK = 64, 8
FEWEST_SCORES = 2  # each is played with another one's tracks, too
DRAWN = 3  # pieces a role
MARKS = {None: "", True: " [green]✓[/]", False: " [red]✗[/]"}


def evaluate_track_models(args: argparse.Namespace) -> int:
    """1 where --check is given and a goal is clearly missed."""
    scores = args.scores if args.scores is not None else SCORES_QUICK if args.quick else SCORES
    if scores < FEWEST_SCORES:
        raise EngineError("range", f"--scores {scores}; it is {FEWEST_SCORES} or more")
    roles = roles_named(",".join(args.role)) if args.role else ()
    check_all([name for name in CODEC if not (args.quick and name == "visqol")])
    from engine.evaluation.models.performer import performer_of, track_files

    paths = track_files(args.weights, roles)
    codecs = _codecs(args.codec or ())
    if args.out is not None:
        begin_report(args.out)
        write_report(args.out, {LINES: ""})
    console = Console(stderr=True)
    results = {}
    for path, name in report_names(paths).items():
        result = results[name] = _measured(console, performer_of(path, codecs), scores, name, args)
        sys.stdout.write("".join(f"{line}\n" for line in lines_of(result)))
        sys.stdout.flush()
        console.print(table_of(result))
        _verdict(console, result)
        if args.stamp:
            _stamp(console, path, result)
    if args.out is not None:
        _write(args.out, results)
        console.print(f"card, figures and pictures: {args.out}")
    rows = [row for result in results.values() for row in result.rows]
    return 1 if args.check and any(row.forgiven is False for row in rows) else 0


def report_names(paths: Sequence[Path]) -> dict[Path, str]:
    """What a file's card and picture are called: by its role, or by its own name where several play that."""
    from engine.model.track.weights import read_track_file

    roles = [read_track_file(path).config.role for path in paths]
    return {
        path: role if roles.count(role) == 1 else path.stem for path, role in zip(paths, roles, strict=True)
    }


def lines_of(result: Result) -> list[str]:
    """Every figure, the summary beside the ceiling, then the verdict, as JSON."""
    about = {"model": result.model, "role": result.role, "version": __version__}
    is_clear, reasons = result.cleared
    return [
        *(figure.line() for figure in result.figures),
        *(
            json.dumps(row.as_dict() | {"ceiling": result.ceilings.get(row.goal.measure)} | about)
            for row in result.rows
        ),
        json.dumps({"clears": is_clear, "reasons": reasons, "scores": result.scores} | about),
    ]


def table_of(result: Result) -> Table:
    table = Table(title=f"{result.model}: {result.role}, {result.scores} scores", box=SIMPLE_HEAD)
    for head in ("measure", "value", "ceiling", "goal", "scores"):
        table.add_column(head, no_wrap=True)
    table.add_column("what", no_wrap=True, overflow="ellipsis")
    for row in result.rows:
        ceiling = result.ceilings.get(row.goal.measure)
        table.add_row(
            row.goal.measure, f"{row.value:.3g}{MARKS[row.met]}", "" if ceiling is None else f"{ceiling:.3g}",
            row.goal.wanted, str(row.count), row.goal.text,
        )  # fmt: skip
    return table


def _measured(
    console: Console, performer: Performer, scores: int, report: str, args: argparse.Namespace
) -> Result:
    from engine.evaluation.models.material import songs
    from engine.evaluation.models.run import evaluate_model

    role, member = performer.role, performer.member
    name = member.file.path.stem
    pairs: list[Pair] = []
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"{name}: {role}")
        result = evaluate_model(
            role, performer, member.codec, songs(scores), args.quick,
            lambda number: progress.update(task, description=f"{name}: {role}, {number + 1} of {scores}"),
            lambda piece, audio: pairs.append((piece.score.palette, piece.audio, audio))
            if len(pairs) < DRAWN else None,
            partial(_keep, args.out), name, args.seed,
        )  # fmt: skip
    if args.out is not None:
        _draw(args.out / f"{report}.png", pairs)
    computed = f"{member.computes}, {member.file.config.size}, codec {member.codec.config.name}"
    return replace(result, about={**member.file.about, "computed": computed})


def _keep(folder: Path | None, figures: Sequence[Figure]) -> None:
    """A song's figures, as they come: minutes lie between the first and the last. EngineError `disk`."""
    if folder is not None:
        add_to_report(folder, LINES, "".join(f"{figure.line()}\n" for figure in figures))


def _codecs(names: Sequence[str]) -> dict[str, Codec]:
    """By their own names; those that are not given are the bundled ones."""
    from bridge.evaluate_codec import codec_path, loaded

    found = [loaded(codec_path(name)) for name in names]
    return {codec.config.name: codec for codec in found}


def _draw(path: Path, pairs: Sequence[Pair]) -> None:
    """Spectra of the instruments' rendering, of the model, of the difference, and an attack of both."""
    from engine.training.codec.spectrograms import draw_spectrograms

    draw_spectrograms(pairs, path, names=("instruments", "model"))


def _verdict(console: Console, result: Result) -> None:
    from engine.evaluation.models.card import verdict

    console.print(f"{result.model}: {verdict(result)}")


def _stamp(console: Console, path: Path, result: Result) -> None:
    from engine.model.track.weights import write_card

    write_card(path, result.card)
    console.print(f"{path}: has its card")


def _write(folder: Path, results: Mapping[str, Result]) -> None:
    from engine.evaluation.models.card import card_of

    lines = [line for result in results.values() for line in lines_of(result)]
    cards = {f"{name}.md": card_of(result) for name, result in results.items()}
    files = {LINES: "".join(f"{line}\n" for line in lines), CARD: "\n".join(cards.values())}
    write_report(folder, files | cards)
