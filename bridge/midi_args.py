"""Addresses and arguments of a controller map against the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.osc_spec import Arg, Row
from engine.config import unknown_in
from engine.errors import EngineError
from engine.track import PARAMS

VALUE, TOGGLE, GATE = "$value", "$toggle", "$gate"
SUPPLIED = (VALUE, TOGGLE, GATE)


def find_row(address: str, rows: Mapping[str, Row], tracks: Sequence[str], where: str) -> Row:
    """The row of an address of one of `tracks`; EngineError `unknown` with the nearest one."""
    known = {template.replace("{t}", track): row for template, row in rows.items() for track in tracks}
    if address not in known:
        raise unknown_in(where, "address", address, known)
    return known[address]


def check_args(row: Row, args: tuple[Any, ...], where: str) -> list[tuple[float | None, float | None]]:
    """Every argument against its row; returns the range that each may have."""
    required = [arg for arg in row.args if not arg.optional]
    if not len(required) <= len(args) <= len(row.args):
        names = ", ".join(f"{arg.name}{' (optional)' if arg.optional else ''}" for arg in row.args)
        raise EngineError("type", f"{where}: {len(args)} arguments given; it takes: {names or 'none'}")
    ranges = []
    for arg, value in zip(row.args, args, strict=False):
        low, high = arg.low, arg.high
        if arg.name == "value" and args[0] in PARAMS:  # each parameter has a range of its own
            low, high = PARAMS[args[0]].low, PARAMS[args[0]].high
        _check_value(arg, value, low, high, where)
        ranges.append((low, high))
    return ranges


def _check_value(arg: Arg, value: Any, low: float | None, high: float | None, where: str) -> None:
    if isinstance(value, str) and value.startswith("$"):
        _check_supplied(arg, value, where)
    elif arg.type == "s":
        if not isinstance(value, str):
            raise EngineError("type", f"{where}: {arg.name} {value!r} is not a text")
        if arg.choices and value not in arg.choices:
            raise unknown_in(where, arg.name, value, arg.choices)
    elif type(value) is not int and not (arg.type == "f" and type(value) is float):
        kind = "a whole number" if arg.type == "i" else "a number"
        raise EngineError("type", f"{where}: {arg.name} {value!r} is not {kind}")
    else:
        check_within(arg.name, value, low, high, where)


def _check_supplied(arg: Arg, value: str, where: str) -> None:
    if value not in SUPPLIED:
        raise unknown_in(where, "word", value, SUPPLIED)
    if value == VALUE and arg.type == "s":
        raise EngineError("type", f"{where}: {arg.name} is a text; {VALUE} is a number")
    if value != VALUE and not is_flag(arg):
        raise EngineError("type", f"{where}: {value} is 0 or 1; {arg.name} is something else")


def check_within(name: str, value: float, low: float | None, high: float | None, where: str) -> None:
    above = low is None or value >= low
    below = high is None or value <= high
    if not (above and below):
        raise EngineError("range", f"{where}: {name} {value} is outside {low} to {high}")


def is_flag(arg: Arg) -> bool:
    return (arg.type, arg.low, arg.high) == ("i", 0, 1)
