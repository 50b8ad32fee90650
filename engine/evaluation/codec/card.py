"""The measured part of a codec's card, in Markdown: measures by role, beside goals and others' codecs."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources

from engine.evaluation.codec.run import Result, goals
from engine.evaluation.figures import Goal, Row
from engine.model.codec.quantizer import BEAM

ALSO = ("onset.f1_clear", "mel")  # have no goal, and tell codecs apart


@dataclass(frozen=True)
class Published:
    """A codec of others; None where nothing was said."""

    name: str
    frames: float
    codebooks: str
    kilobits: float
    source: str
    visqol: float | None = None
    si_sdr: float | None = None


def published() -> tuple[Published, ...]:
    text = (resources.files(__package__) / "published.toml").read_text(encoding="utf-8")
    return tuple(Published(**entry) for entry in tomllib.loads(text)["codec"])


def card_of(result: Result, others: Sequence[Result] = ()) -> str:
    """Markdown; no heading of the first level, so that it can stand inside a card.

    `others`: what `evaluate_others` found on the same stems.
    """
    roles = [role for role in result.roles if role]
    counts = ", ".join(f"{result.stems(role)} {role}" for role in roles)
    parts = [
        f"## {result.codec}: measured on held-out stems\n",
        *(f"- {key}: {value}" for key, value in result.about.items()),
        f"\n{_stems(result, counts)}\n",
        _quality(result, roles),
        _costs(result),
        *(_fewer(result, roles) if result.fewer_codebooks else ()),
        *(_others(result, others, roles) if others else ()),
        _beside(result, roles),
    ]
    return "\n".join(parts)


def _stems(result: Result, counts: str) -> str:
    of = f", {result.material}" if result.material else ""
    return f"Stems of at most 10 s, 44.1 kHz, stereo{of}: {counts}. Written with a beam of {BEAM}."


def _quality(result: Result, roles: Sequence[str]) -> str:
    found = {role: {row.goal.measure: row for row in result.rows(role)} for role in roles}
    lines = [
        [
            f"`{goal.measure}`",
            *(_cell(found[role].get(goal.measure)) for role in roles),
            wanted(goal),
            goal.text,
        ]
        for goal in goals()
        if any(goal.measure in rows for rows in found.values())
    ]
    return _table(("measure", *roles, "goal", "what"), lines)


def wanted(goal: Goal) -> str:
    """`>= 4.2 (4.5)`: the goal and in brackets the moonshot, or the only role that has the goal."""
    more = f"{goal.moonshot:g}" if goal.moonshot is not None else goal.only
    return f"{goal.wanted} ({more})" if more else goal.wanted


def _costs(result: Result) -> str:
    rows = ([f"`{row.goal.measure}`", _cell(row), wanted(row.goal), row.goal.text] for row in result.rows(""))
    return "### Size and speed\n\n" + _table(("measure", "value", "goal", "what"), rows)


def _fewer(result: Result, roles: Sequence[str]) -> list[str]:
    """The measures with goals, with only the first codebooks."""
    asked = [goal for goal in goals() if goal.wanted]
    rows = [
        [
            str(books),
            role,
            *(f"{values[goal.measure]:.2f}" if goal.measure in values else "" for goal in asked),
        ]
        for books in result.fewer_codebooks
        for role in roles
        for values in [result.values(role, books)]
    ]
    measured = [i for i, goal in enumerate(asked) if any(row[2 + i] for row in rows)]
    head = ("codebooks", "role", *(f"`{asked[i].measure}`" for i in measured))
    return [
        "### With fewer codebooks\n",
        _table(head, ([*row[:2], *(row[2 + i] for i in measured)] for row in rows)),
    ]


def _others(result: Result, others: Sequence[Result], roles: Sequence[str]) -> list[str]:
    """What has a goal whatever the role, and how clear onsets are, of each codec on these very stems."""
    asked = [g.measure for g in goals() if (g.wanted and not g.only) or g.measure in ALSO]
    rows = []
    for each in (result, *others):
        size = _or_none(each.values("").get("size.kilobits"))
        for role in (role for role in roles if role in each.roles):
            values = each.values(role)
            rows.append([each.codec, size, role, *(_or_none(values.get(name)) for name in asked)])
    measured = [i for i in range(len(asked)) if any(row[3 + i] for row in rows)]
    head = ("codec", "kbit/s", "role", *(f"`{asked[i]}`" for i in measured))
    return [
        "### Beside codecs that everybody has, on these stems\n",
        _table(head, ([*row[:3], *(row[3 + i] for i in measured)] for row in rows)),
    ]


def _beside(result: Result, roles: Sequence[str]) -> str:
    """Published figures below ours: other material and other judges, so an orientation, no contest."""
    own = result.values("") if "" in result.roles else {}
    size = [_or_none(own.get(name)) for name in ("size.frames", "size.kilobits")]
    rows = []
    for role in roles:
        values = result.values(role)
        quality = [_or_none(values.get(name)) for name in ("visqol", "si_sdr")]
        rows.append([f"{result.codec}, {role}", *size, *quality, "measured here"])
    for codec in published():
        figures = (codec.frames, codec.kilobits, codec.visqol, codec.si_sdr)
        rows.append([codec.name, *map(_or_none, figures), f"{codec.codebooks}; {codec.source}"])
    head = ("codec", "frames/s", "kbit/s", "ViSQOL", "SI-SDR dB", "source")
    return "### Beside published figures\n\n" + _table(head, rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join(
        [*lines, *(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows), ""]
    )


def _cell(row: Row | None) -> str:
    if row is None:
        return ""
    return f"{row.value:.3g}" + {None: "", True: " met", False: " **missed**"}[row.met]


def _or_none(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
