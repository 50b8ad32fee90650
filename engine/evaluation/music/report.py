"""The evaluation as one HTML file: tables, then takes with piano rolls and spectrograms."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from engine.evaluation.figures import Goal, Row, by_genre
from engine.evaluation.music.measures import Measured
from engine.evaluation.music.run import Result

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top }
td.number { text-align: right } .met { color: #17692b } .missed { color: #b3261e; font-weight: 600 }
.wide { overflow-x: auto } figure { margin: 1.5rem 0 } img { max-width: 100% }
"""


def report_of(result: Result, goals: Sequence[Goal]) -> str:
    """Self-contained: no script, no link, pictures inside."""
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>ResonantGen: the music, measured</title>"
        f"<style>{STYLE}</style><h1>The music, measured</h1>"
        f"<p>{len(result.measured)} takes; every estimator is another project's.</p>"
        f"{_summary(result.rows)}{_genres(result, goals)}{_cases(result)}{_pictures(result.measured)}</html>"
    )


def _summary(rows: Sequence[Row]) -> str:
    lines = [
        _row(
            row.goal.measure, _mark(row.met), f"{row.value:.3f}", row.goal.statistic, row.goal.wanted,
            str(row.count), row.goal.text,
        )
        for row in rows
    ]  # fmt: skip
    return _table("Against the goals", ("measure", "", "value", "of", "goal", "cases", "what"), lines)


def _genres(result: Result, goals: Sequence[Goal]) -> str:
    """One line a genre, one column a measure that has a goal."""
    judged = [goal for goal in goals if goal.wanted]
    table = by_genre(result.figures, judged)
    judged = [goal for goal in judged if any(goal.measure in row for row in table.values())]
    lines = []
    for genre, values in table.items():
        cells = [_judged(goal, values.get(goal.measure)) for goal in judged]
        lines.append(_row(genre, *cells))
    return _table("By genre", ("genre", *(goal.measure for goal in judged)), lines)


def _judged(goal: Goal, value: float | None) -> str:
    if value is None:
        return ""
    return f"<span class='{'met' if goal.met(value) else 'missed'}'>{value:.2f}</span>"


def _cases(result: Result) -> str:
    """What every take is, and what was heard wrong in it."""
    lines = []
    for found in result.measured:
        wrong = [
            f"{figure.measure} heard {figure.detail['heard']}"
            for figure in found.figures
            if figure.value == 0.0 and "heard" in figure.detail
        ]
        lines.append(
            _row(
                escape(found.case.name),
                escape(found.case.prompt),
                escape(found.told),
                escape("; ".join(wrong)),
            )
        )
    return _table("Takes", ("take", "prompt", "is", "heard otherwise"), lines)


def _pictures(measured: Sequence[Measured]) -> str:
    shown = [found for found in measured if found.picture]
    figures = "".join(
        f"<figure><figcaption>{escape(found.case.name)}: {escape(found.case.prompt)} ({escape(found.told)})"
        f"</figcaption><img alt='piano roll and spectrogram' "
        f"src='data:image/png;base64,{found.picture}'></figure>"
        for found in shown
    )
    return f"<h2>Piano rolls and spectrograms</h2>{figures}" if shown else ""


def _mark(met: bool | None) -> str:
    return {None: "", True: "<span class='met'>met</span>", False: "<span class='missed'>missed</span>"}[met]


def _table(title: str, heads: Sequence[str], lines: Sequence[str]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    return f"<h2>{title}</h2><div class='wide'><table><tr>{head}</tr>{''.join(lines)}</table></div>"


def _row(*cells: str) -> str:
    """Cells are HTML already."""
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
