"""Messages to commands and events to messages, by the contract's table. Pure functions.

decode("/rg/track/bass/lock", [1.0], tracks) -> Decoded(row, SetLock("bass", True))
encode(TrackLock("bass", True))              -> ("/rg/track/bass/lock", [1])
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from bridge.osc_pattern import is_pattern, matches
from bridge.osc_places import PLACES, Place, find_places, folded, spelled_out, template_of
from bridge.osc_spec import HAPPENINGS, OUTPUTS, REPLIES, VALUES, Arg, Row
from engine import commands as c
from engine import events as e
from engine.errors import EngineError

NO_REQUEST = -1
KINDS = {"i": "an integer", "f": "a number", "s": "a text"}
INT32_LOW, INT32_HIGH = -(2**31), 2**31 - 1
# Messages of no event; the field names of these answers are those of their origin.
ORIGIN_FIELDS = ("command", "request_id")


@dataclass(frozen=True)
class Decoded:
    """What a message asks for: a command; else a row of the server's own; else, with `is_query`, the
    present values at its places."""

    row: Row
    args: tuple[Any, ...] = ()
    command: c.Command | None = None
    request_id: int = NO_REQUEST
    is_query: bool = False


# --- in -------------------------------------------------------------------------------------------


def decode(address: str, args: Sequence[Any], tracks: Sequence[str]) -> Decoded:
    """The one thing a message asks for; EngineError `unknown`, `type` or `range` says what is allowed."""
    found = decode_all(address, args, tracks)
    if len(found) > 1:
        names = ", ".join(decoded.row.address for decoded in found)
        raise EngineError("type", f"{address} means several addresses: {names}")
    return found[0]


def decode_all(address: str, args: Sequence[Any], tracks: Sequence[str]) -> list[Decoded]:
    """The same for an address pattern, which may reach several rows: all of them are right, or none."""
    is_question = not args and spelled_out(address)
    messages = [(address.rpartition("/")[0], ())] if is_question else folded(address, args)
    return [
        _decode_at(place, track, given)
        for one, given in messages
        for place, track in find_places(one, tracks)
    ]


def request_id_of(address: str, args: Sequence[Any]) -> int:
    """The request id of a message that was refused, as far as it can be told."""
    place = PLACES.get(template_of(address))
    if place is None or place.input is None or not place.input.request_arg or not args:
        return NO_REQUEST
    is_one = _is_integral(args[-1]) and INT32_LOW <= args[-1] <= INT32_HIGH
    return int(args[-1]) if is_one else NO_REQUEST


def _decode_at(place: Place, track: str, args: Sequence[Any]) -> Decoded:
    row = place.input
    if place.output is not None and not args and (row is None or _is_value_setter(row)):
        return Decoded(place.output, is_query=True)
    if row is None:
        text = f"{place.template} is only sent by the engine; without arguments it asks for the present value"
        raise EngineError("type", text)
    values, request_id = _read_args(row, list(args))
    if row.command is None:
        return Decoded(row, tuple(values.values()))
    return Decoded(row, tuple(values.values()), _command(row, track, values), request_id)


def _is_value_setter(row: Row) -> bool:
    return not row.is_async and any(not arg.optional for arg in row.args)


def _read_args(row: Row, given: list[Any]) -> tuple[dict[str, Any], int]:
    """Named values of a row's arguments, defaults filled in, and the request id after them."""
    values = {}
    for arg in row.args:
        if arg.optional and (not given or given[0] is None or _is_request(row, arg, given)):
            values[arg.name] = arg.default
            if given and given[0] is None:
                given.pop(0)
        elif not given:
            raise EngineError("type", f"{arg.name} is missing; {allowed(row)}")
        else:
            values[arg.name] = _coerce(row, arg, given.pop(0))
    request_id = NO_REQUEST
    if given == [None]:  # `,N` says nothing: how panels press the button of a row without arguments
        given.clear()
    if row.request_arg and given:
        request_id = _coerce(row, Arg("request_id", "i"), given.pop(0))
    if given:
        raise EngineError("type", f"{len(given)} arguments too many; {allowed(row)}")
    return values, request_id


def _is_request(row: Row, arg: Arg, given: list[Any]) -> bool:
    """`/rg/track/bass/regenerate 7`: a number in the place of an optional text is the request id."""
    return row.request_arg and arg.type == "s" and len(given) == 1 and _is_integral(given[0])


def allowed(row: Row) -> str:
    """What a row takes, in words: `it takes s:prompt [i:request_id]`."""
    names = [f"{arg.type}:{arg.name}" for arg in row.args]
    names = [f"[{name}]" if arg.optional else name for name, arg in zip(names, row.args, strict=True)]
    return "it takes " + (
        " ".join([*names, "[i:request_id]"] if row.request_arg else names) or "no arguments"
    )


def _is_integral(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def _coerce(row: Row, arg: Arg, value: Any) -> Any:
    """A value of the wire as the table has it. Pure Data sends every number as a float; Max may send ints
    for floats; True and False are 1 and 0."""
    if arg.type == "s":
        if not isinstance(value, str):
            raise _wrong_type(row, arg, value)
        if arg.choices and value not in arg.choices:
            raise EngineError("range", f"{arg.name} {value!r} is not one of {', '.join(arg.choices)}")
        return value
    if not isinstance(value, int | float) or (arg.type == "i" and math.isfinite(value) and value % 1):
        raise _wrong_type(row, arg, value)
    low = arg.low if arg.low is not None else (INT32_LOW if arg.type == "i" else -math.inf)
    high = arg.high if arg.high is not None else (INT32_HIGH if arg.type == "i" else math.inf)
    if not (low <= value <= high and math.isfinite(value)):
        raise EngineError("range", f"{arg.name} {_plain(value)} is outside {_plain(low)} to {_plain(high)}")
    return int(value) if arg.type == "i" else float(value)


def _plain(number: float) -> str:
    """Seven digits are what a float32 holds."""
    return str(int(number)) if _is_integral(number) else f"{number:.7g}"


def _wrong_type(row: Row, arg: Arg, value: Any) -> EngineError:
    shown = f"{value!r:.40}"
    return EngineError("type", f"{arg.name} must be {KINDS[arg.type]}, not {shown}; {allowed(row)}")


def _command(row: Row, track: str, values: dict[str, Any]) -> c.Command:
    assert row.command is not None
    named = dict(values)
    for field in fields(row.command):
        if field.type == "bool":
            named[field.name] = bool(named[field.name])
    if "{t}" in row.address:
        named["track"] = track
    return row.command(**named)


# --- out ------------------------------------------------------------------------------------------


def encode(event: e.Event) -> tuple[str, list[int | float | str]]:
    """Address and arguments of an event; int, float and str stand for `i`, `f` and `s`."""
    if isinstance(event, e.Reply):
        return event.address, typed(REPLIES.get(event.address, ()), event.values)
    row = OUTPUTS[type(event)]
    address = row.address.replace("{t}", event.track) if isinstance(event, e.TrackEvent) else row.address
    values = [
        getattr(event.origin, arg.name)
        if isinstance(event, e.Answer) and arg.name in ORIGIN_FIELDS
        else getattr(event, arg.name)
        for arg in row.args
    ]
    return address, typed(row.args, values)


def typed(args: Sequence[Arg], values: Sequence[Any]) -> list[int | float | str]:
    """Values as their row types them; those beyond the row as Python does, True as 1."""
    converters = {"i": int, "f": float, "s": str}
    typed = [converters[arg.type](value) for arg, value in zip(args, values, strict=False)]
    return typed + [int(value) if isinstance(value, bool) else value for value in values[len(typed) :]]


def encode_command(command: c.Command, request_id: int = NO_REQUEST) -> tuple[str, list[int | float | str]]:
    """The message that `decode` turns into `command`; several tracks become `{bass,drums}`."""
    rows = [place.input for place in PLACES.values() if place.input and place.input.command is type(command)]
    track = getattr(command, "track", "")
    rows.sort(key=lambda row: ("{t}" in row.address) == (track == "*"))
    row = rows[0]
    named = f"{{{track}}}" if "," in track else track
    values = [getattr(command, arg.name) for arg in row.args]
    args = typed(row.args, values) + ([request_id] if request_id != NO_REQUEST else [])
    return row.address.replace("{t}", named), args


def values_at(address: str, args: Sequence[Any], snapshot: Callable[[], Sequence[e.Event]]) -> list[e.Event]:
    """The values that a snapshot holds at `address`, which may be a pattern; of a track's parameters only
    the one that `args` begins with. No snapshot is taken for an address without values."""
    if spelled_out(address):
        return [ev for one, given in folded(address, args) for ev in values_at(one, given, snapshot)]
    if not is_pattern(address):
        if template_of(address) not in VALUES:
            return []
        return [event for event in _values(snapshot, args) if encode(event)[0] == address]
    return [event for event in _values(snapshot, args) if matches(address, encode(event)[0])]


def _values(snapshot: Callable[[], Sequence[e.Event]], args: Sequence[Any]) -> Iterator[e.Event]:
    for event in snapshot():
        other_param = isinstance(event, e.TrackParam) and args and event.name != args[0]
        if type(event) not in HAPPENINGS and not other_param:
            yield event
