"""What a controller's file says of motor faders, rings, displays and meters.

[[position]] bend = [1, 2] shows = "/rg/track/{t}/volume" points = […] touch = [104, 105]
[[text]]     line = 1 column = [1, 8] width = 6 text = "{track}"          [display] message, width, lines
[[digits]]   cc = [73, 72, 71] text = "{bar}"
[[meter]]    strip = [1, 2] steps = [-60, -40, -20, 0]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.midi_args import arg_range, find_row
from bridge.midi_control import BEND_MAX, MIDI_MAX, Control
from bridge.midi_map import Digits, Meter, Position, Text
from bridge.midi_map_reader import (
    CONTROL_KEYS,
    CURVE_KEYS,
    SCOPE_KEYS,
    Reading,
    read_controls,
    read_curve,
    read_numbers,
    read_scope,
)
from bridge.midi_shown import VALUE_ROWS
from bridge.midi_sysex import text_message
from bridge.midi_text import check_text
from bridge.toml_table import Table
from engine.errors import EngineError

POSITION_KEYS = (*CONTROL_KEYS, *SCOPE_KEYS, *CURVE_KEYS, "shows", "touch", "values")
TEXT_KEYS = (*SCOPE_KEYS, "line", "column", "width", "text")
DIGITS_KEYS = (*SCOPE_KEYS, "cc", "text")
METER_KEYS = (*SCOPE_KEYS, "strip", "steps", "shows")
STRIPS = 8
MAX_STEP = 13  # of a Mackie meter: 12 lights, and one for what is above 0 dB


def read_positions(table: Table, reading: Reading) -> list[Position]:
    controls, scope = read_controls(table), read_scope(table, reading.names)
    shows = table.get("shows", str)
    address, *name = shows.split()
    row = find_row(address, VALUE_ROWS, (*reading.names.tracks, "{t}"), table.where)
    if row.args[-1].type == "s" or len(row.args) != 1 + len(name):
        raise EngineError(
            "type", f"{table.where}: {shows} is not one number (a parameter's name goes with it)"
        )
    curve = read_curve(table, arg_range(row.args[-1], name), table.where)
    touch: list[Control | None] = [None] * len(controls)
    if "touch" in table.data:
        touch = [Control("note", number) for number in read_numbers(table, "touch", 0, MIDI_MAX)]
        if len(touch) != len(controls):
            raise EngineError(
                "range", f"{table.where}: {len(touch)} touch notes for {len(controls)} controls"
            )
    values = _read_values(table, BEND_MAX if controls[0].kind == "bend" else MIDI_MAX)
    return [
        Position(control, shows, curve, values, slot, scope, touched)
        for slot, (control, touched) in enumerate(zip(controls, touch, strict=True))
    ]


def _read_values(table: Table, highest: int) -> tuple[int, int]:
    if "values" not in table.data:
        return 0, highest
    values = read_numbers(table, "values", 0, highest)
    if len(values) != 2:
        raise EngineError("type", f"{table.where}: values is two numbers, [from, to]")
    return values[0], values[1]


def read_texts(table: Table, reading: Reading, display: Mapping[str, Any]) -> list[Text]:
    scope = read_scope(table, reading.names)
    width, lines = display["width"], display["lines"]
    start = (table.whole("line", 1, lines) - 1) * width
    columns, size = read_numbers(table, "column", 1, width), table.whole("width", 1, width)
    text = check_text(table.get("text", str), reading.names, table.where)
    for column in columns:
        if column + size - 1 > width:
            raise EngineError("range", f"{table.where}: {size} from column {column} on; a line has {width}")
    return [Text(start + column - 1, size, text, slot, scope) for slot, column in enumerate(columns)]


def read_digits(table: Table, reading: Reading) -> list[Digits]:
    numbers = tuple(read_numbers(table, "cc", 0, MIDI_MAX))
    text = check_text(table.get("text", str), reading.names, table.where)
    return [Digits(numbers, text, scope=read_scope(table, reading.names))]


def read_meters(table: Table, reading: Reading) -> list[Meter]:
    scope = read_scope(table, reading.names)
    shows = table.get("shows", str, "/rg/track/{t}/level")
    find_row(shows, {"/rg/track/{t}/level": VALUE_ROWS["/rg/track/{t}/level"]}, ("{t}",), table.where)
    steps = table.get("steps", list)
    if not 1 <= len(steps) <= MAX_STEP or any(type(step) not in (int, float) for step in steps):
        raise EngineError("type", f"{table.where}: steps is 1 to {MAX_STEP} numbers, in dB")
    if steps != sorted(steps):
        raise EngineError("range", f"{table.where}: steps go up, not {steps}")
    strips = read_numbers(table, "strip", 1, STRIPS)
    return [Meter(strip - 1, shows, tuple(steps), slot, scope) for slot, strip in enumerate(strips)]


def read_display(data: dict[str, Any], header: str, where: str) -> dict[str, Any]:
    """`[display]`: its message, characters a line, lines."""
    table = Table(data, f"{where}: [display]", ("message", "width", "lines"))
    message = table.get("message", str).replace("{header}", header)
    text_message(message, 0, "", table.where)
    return {
        "message": message, "width": table.whole("width", 1, 127), "lines": table.whole("lines", 1, 8),
    }  # fmt: skip
