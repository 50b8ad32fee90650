"""The measured part of a track model's card, in Markdown: what it reached, the bar, the codec's ceiling."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.evaluation.figures import Row
from engine.evaluation.models.goals import role_goals
from engine.evaluation.models.run import Result


def card_of(result: Result) -> str:
    """Markdown; no heading of the first level, so that it can stand inside a card."""
    parts = [
        f"## {result.model}: {result.role}, measured on held-out scores\n",
        verdict(result) + "\n",
        *(f"- {key}: {value}" for key, value in result.about.items()),
        f"\n{result.scores} scores of 7 to 10 s that no model was trained on, performed with the others in "
        "its ears, against the instruments' own rendering and made as loud as that. Ceiling: that rendering "
        "through the codec alone; what performs dry can pass it, as its effects come after the codec. "
        "**Bar**: what decides whether the model performs under `render = auto`.\n",
        _table(("measure", "value", "ceiling", "goal", "what"), (_line(result, row) for row in result.rows)),
    ]
    return "\n".join(parts)


def verdict(result: Result) -> str:
    """One sentence: who performs, and why."""
    is_clear, reasons = result.cleared
    if is_clear:
        return "Clears the bar: it performs under `render = auto`."
    return f"Below the bar: the instruments perform under `render = auto` ({'; '.join(reasons)})."


def _line(result: Result, row: Row) -> list[str]:
    ceiling = result.ceilings.get(row.goal.measure)
    is_bar = any(g.goal.measure == row.goal.measure and g.is_bar_of(result.role) for g in role_goals())
    mark = {None: "", True: " met", False: " **missed**"}[row.met]
    wanted = f"{row.goal.wanted}{' **bar**' if is_bar else ''}"
    return [
        f"`{row.goal.measure}`",
        f"{row.value:.3g}{mark}",
        "" if ceiling is None else f"{ceiling:.3g}",
        wanted,
        f"{row.goal.text} ({row.goal.statistic} of {row.count})",
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join(
        [*lines, *(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows), ""]
    )
