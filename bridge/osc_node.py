"""A row of the contract as the attributes of an OSCQuery node (Vidvox, OSCQueryProposal).

TYPE           "sf": one letter an argument; "N" for what takes none, so that panels show a button
RANGE          [{"VALS": [...]}, {"MIN": 0, "MAX": 1}], null where anything goes
UNIT           from the proposal's list of units
EXTENDED_TYPE  what each argument is
CLIPMODE       "none": values outside are refused
OVERLOADS      without optional arguments, with a request id, and what is told where it is something else
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.osc_spec import (
    ANSWER_ROWS,
    MIDI_ROWS,
    MUSIC_ROWS,
    OUT_ROWS,
    ROWS,
    SERVER_REPLIES,
    SESSION_ROWS,
    SET_ROWS,
    TRANSPORT_ROWS,
    Arg,
    Row,
)

NO_ACCESS, READ, WRITE = 0, 1, 2
NOTHING = "N"
UNITS = {"dB": "gain.db", "bpm": "time.bpm", "s": "time.second", "ms": "time.ms", "beats": "time.beats"}
REQUEST = Arg("request_id", "i")
SECTIONS = {
    row.address: name
    for name, rows in {
        "session": (*SESSION_ROWS, *ANSWER_ROWS), "music": MUSIC_ROWS, "set": SET_ROWS,
        "transport": TRANSPORT_ROWS, "midi": MIDI_ROWS, "state": OUT_ROWS,
    }.items()
    for row in rows
}  # fmt: skip
METERS = ("level", "progress")
PATHS = ("folder",)  # arguments that are file paths
Attributes = dict[str, Any]
# What a text is one of while the engine runs, by `Arg.names`: scenes, tracks …
Names = Mapping[str, Sequence[str]]


def attributes_of(row: Row, track: str, names: Names) -> Attributes:
    """Everything of a row's node but its path and its present value."""
    access = (WRITE if row.is_input else 0) | (READ if row.event is not None else 0)
    node = {"ACCESS": access, "DESCRIPTION": row.meaning, "TAGS": _tags(row, track)}
    node |= typed(row.args, names, bool(access & WRITE))
    if row.is_async:
        node["CRITICAL"] = True
    overloads = _overloads(row, names)
    return node | ({"OVERLOADS": overloads} if overloads else {})


def unfolded(row: Row, track: str) -> dict[str, Attributes]:
    """What may also be spelled out under a row's address, by its last part."""
    common = {"ACCESS": WRITE | READ, "TAGS": _tags(row, track)}
    return {
        name: {**common, "DESCRIPTION": meaning, **typed((arg,), {}, True)}
        for name, arg, meaning in row.unfolds
    }


def typed(args: Sequence[Arg], names: Names, written: bool) -> Attributes:
    """TYPE and what goes with it, one item an argument; an attribute that would say nothing is left out."""
    if not args:
        return {"TYPE": NOTHING}
    ranges = [_range(arg, names) for arg in args]
    columns: dict[str, list[Any]] = {
        "RANGE": ranges,
        "UNIT": [UNITS.get(arg.unit, arg.unit) or None for arg in args],
        "CLIPMODE": ["none" if found and "MIN" in found else None for found in ranges] if written else [],
    }
    told = {key: column for key, column in columns.items() if any(one is not None for one in column)}
    meanings = ["filepath" if arg.name in PATHS else arg.name for arg in args]
    return {"TYPE": "".join(arg.type for arg in args), "EXTENDED_TYPE": meanings, **told}


def _range(arg: Arg, names: Names) -> Attributes | None:
    if arg.choices or arg.steps:
        return {"VALS": list(arg.choices or arg.steps)}
    if arg.names in names:
        return {"VALS": list(names[arg.names])}
    ends = {"MIN": arg.low, "MAX": arg.high}
    return {name: end for name, end in ends.items() if end is not None} or None


def _tags(row: Row, track: str) -> list[str]:
    tags = [SECTIONS.get(row.address, "host"), *(["track", track] if track else [])]
    return tags + (["meter"] if row.address.endswith(METERS) else [])


def _overloads(row: Row, names: Names) -> list[Attributes]:
    """The other messages that the row takes, and what the engine tells there if it is something else."""
    found = []
    if row.is_input:
        required = sum(not arg.optional for arg in row.args)
        shapes = [row.args[:count] for count in range(required, len(row.args) + 1)]
        shapes += [(*shape, REQUEST) for shape in shapes] if row.request_arg else []
        others = [shape for shape in shapes if shape != row.args]
        found = [{"ACCESS": WRITE, **typed(shape, names, True)} for shape in others]
    told = other_output(row)
    return found + ([{"ACCESS": READ, **typed(told, names, False)}] if told else [])


def other_output(row: Row) -> tuple[Arg, ...]:
    """What the engine sends at the address of an input, where its arguments are not the input's own."""
    if not row.is_input:
        return ()
    outputs = [other.args for other in ROWS if other.address == row.address and not other.is_input]
    return SERVER_REPLIES.get(row.address) or (outputs[0] if outputs else ())
