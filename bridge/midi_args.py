"""Addresses and arguments of a controller map against the contract."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.midi_words import SUPPLIED, read_word
from bridge.osc_spec import INPUTS, Arg, Row
from engine.config import unknown_in
from engine.errors import EngineError
from engine.track import PARAMS

SLOT = "{t}"  # in an address: the track of the control's place in its row
TRACK = "/rg/track/"
TAKE = f"{TRACK}{SLOT}/take"
WIDEST = 10_000.0  # a knob that runs over more than this needs a range of its own
COMMANDS = {address: row for address, row in INPUTS.items() if row.command is not None}
Ends = tuple[float | None, float | None]


def find_row(address: str, rows: Mapping[str, Row], tracks: Sequence[str], where: str) -> Row:
    """The row of an address of one of `tracks`; EngineError `unknown` with the nearest one."""
    if address in rows and "{t}" not in address:
        return rows[address]
    track, _, leaf = address.removeprefix(TRACK).partition("/")
    template = f"{TRACK}{SLOT}/{leaf}"
    if address.startswith(TRACK) and track in tracks and template in rows:
        return rows[template]
    known = (template.replace("{t}", track) for template in rows for track in tracks)
    raise unknown_in(where, "address", address, known)


def check_args(row: Row, args: tuple[Any, ...], where: str) -> None:
    """Every argument against its row; EngineError `type`, `range` or `unknown`."""
    required = [arg for arg in row.args if not arg.optional]
    if not len(required) <= len(args) <= len(row.args):
        raise EngineError("type", f"{where}: {len(args)} arguments given; it takes: {taken(row)}")
    for arg, value in zip(row.args, args, strict=False):
        if isinstance(value, str) and value.startswith("$"):
            _check_word(row, arg, value, where)
        else:
            _check_value(arg, value, arg_range(arg, args), where)


def taken(row: Row) -> str:
    """What an address takes, in words."""
    return ", ".join(f"{arg.name}{' (optional)' if arg.optional else ''}" for arg in row.args) or "none"


def arg_range(arg: Arg, args: Sequence[Any]) -> Ends:
    """Each parameter has a range of its own."""
    if arg.name == "value" and args[0] in PARAMS:
        return PARAMS[args[0]].low, PARAMS[args[0]].high
    return arg.low, arg.high


def _check_value(arg: Arg, value: Any, allowed: Ends, where: str) -> None:
    if arg.type == "s":
        if not isinstance(value, str):
            raise EngineError("type", f"{where}: {arg.name} {value!r} is not a text")
        if arg.choices and value not in arg.choices:
            raise unknown_in(where, arg.name, value, arg.choices)
    elif type(value) is not int and not (arg.type == "f" and type(value) is float):
        kind = "a whole number" if arg.type == "i" else "a number"
        raise EngineError("type", f"{where}: {arg.name} {value!r} is not {kind}")
    else:
        check_within(arg.name, value, *allowed, where)


def _check_word(row: Row, arg: Arg, value: str, where: str) -> None:
    try:
        word = read_word(value)
    except ValueError:
        raise unknown_in(where, "word", value, SUPPLIED) from None
    assert word is not None
    is_text = arg.type == "s" and not arg.choices
    says = {
        "value": f"{arg.name} is a text; $value is a number" if is_text else "",
        "toggle": "" if is_flag(arg) else f"{value} is 0 or 1; {arg.name} is something else",
        "gate": "" if is_flag(arg) else f"{value} is 0 or 1; {arg.name} is something else",
        "step": ""
        if steps(row, arg)
        else f"{value} goes through choices and whole numbers that have feedback",
        "take": "" if row.address == TAKE else f"{value} is for {TAKE}",
    }.get(word.name, "" if is_text else f"{value} is a text; {arg.name} is not")
    if says:
        raise EngineError("type", f"{where}: {says}")


def steps(row: Row, arg: Arg) -> bool:
    """Whether `$next` has something to go on from."""
    return (bool(arg.choices) or arg.type == "i") and row.event is not None and len(row.args) == 1


def check_within(name: str, value: float, low: float | None, high: float | None, where: str) -> None:
    above = low is None or value >= low
    below = high is None or value <= high
    if not (above and below):
        raise EngineError("range", f"{where}: {name} {value} is outside {low} to {high}")


def is_flag(arg: Arg) -> bool:
    return (arg.type, arg.low, arg.high) == ("i", 0, 1)


def value_key(address: str, args: Sequence[Any]) -> str:
    """The name of the value behind an address: a track's parameters have one each."""
    return f"{address} {args[0]}" if address.endswith("/param") and args else address


# --- what a control supplies of itself ------------------------------------------------------------


def default_args(row: Row, given: Sequence[Any], is_pad: bool, where: str) -> tuple[Any, ...]:
    """`given`, completed by what a pad (a knob) supplies of itself: `$toggle`, `$value` …

    EngineError `type` for an argument that nothing supplies.
    """
    args = list(given)
    for arg in row.args[len(args) :]:
        word = _supplied(row, arg, is_pad)
        if word is None and arg.optional:
            break
        if word is None:
            raise EngineError("type", f"{where}: give its {arg.name} as well; it takes: {taken(row)}")
        args.append(word)
    return tuple(args)


def _supplied(row: Row, arg: Arg, is_pad: bool) -> str | None:
    if is_flag(arg):
        return "$toggle"
    if row.address == TAKE:
        return "$take next" if is_pad else "$take"
    if arg.type == "s" and not arg.choices:
        return "" if row.address in ("/rg/generate", "/rg/preview") else None
    if is_pad and steps(row, arg):
        return "$next"
    return None if _is_wide(row, arg) else "$value"


def _is_wide(row: Row, arg: Arg) -> bool:
    """Whether a knob would be too coarse for it; or it is a name that goes before a value."""
    if arg.choices:
        return not steps(row, arg)
    return arg.low is None or arg.high is None or arg.high - arg.low > WIDEST


# --- as one text ----------------------------------------------------------------------------------


def read_args(row: Row, text: str, where: str) -> tuple[Any, ...]:
    """`density 0.7` as the arguments of a row; the last of them may have spaces. EngineError `type`."""
    if not text.strip():
        return ()
    if not row.args:
        raise EngineError("type", f"{where}: {text!r} given; it takes: {taken(row)}")
    words = text.split(maxsplit=len(row.args) - 1)
    return tuple(_read_arg(arg, word.strip(), where) for arg, word in zip(row.args, words, strict=False))


def _read_arg(arg: Arg, word: str, where: str) -> Any:
    if arg.type == "s" or word.startswith("$"):
        return word
    kind = int if arg.type == "i" else float
    with contextlib.suppress(ValueError):
        return kind(word)
    number = "a whole number" if arg.type == "i" else "a number"
    raise EngineError("type", f"{where}: {arg.name} {word!r} is not {number}")


def write_args(args: Sequence[Any]) -> str:
    """As `read_args` reads them."""
    return " ".join(str(arg) for arg in args)
