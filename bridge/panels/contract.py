"""An arrangement against the contract: what every control sends and hears, and what no control reaches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bridge.osc_spec import INPUTS, ROWS, SERVER_REPLIES, Arg, Row
from bridge.panels.arrangement import Control, Panel, Value
from engine.config import unknown_in
from engine.errors import EngineError
from engine.track import PARAMS

VALUE = "$value"
SENDING = ("press", "toggle", "fader", "knob", "field", "choice")
VALUED = ("toggle", "fader", "knob", "field")


def several(name: str, address: str) -> Sequence[str]:
    """What `each` may name: the parameters of a track, or the choices of the first text of an address."""
    if name == "params":
        return tuple(PARAMS)
    if name == "choices":
        return next(arg.choices for arg in INPUTS[address].args if arg.choices)
    raise EngineError("range", f"{address}: each {name!r} is not params, choices or a list")


def told(address: str) -> tuple[Arg, ...] | None:
    """What the engine sends at an address of the table; None: nothing."""
    if address in SERVER_REPLIES:
        return SERVER_REPLIES[address]
    rows = [row for row in ROWS if row.address == address and (row.event is not None or not row.is_input)]
    return rows[0].args if rows else None


def args_of(control: Control) -> tuple[Any, ...]:
    """What a control sends: its own arguments, or just its value."""
    if control.args or control.kind not in VALUED:
        return control.args
    return (VALUE,)


def sent_args(control: Control) -> list[Arg]:
    """The rows' arguments that a control fills, in order; a parameter's value has the parameter's range."""
    row = INPUTS[control.row]
    count = (
        len(control.values[0]) if control.values else 1 if control.kind == "choice" else len(args_of(control))
    )
    found = list(row.args[:count])
    given = args_of(control)
    for index, arg in enumerate(found):
        if arg.name == "value" and given and given[0] in PARAMS:
            param = PARAMS[given[0]]
            found[index] = Arg(arg.name, arg.type, param.low, param.high)
    return found


def type_tags(control: Control) -> str:
    """`sf` for a name and a number."""
    return "".join(arg.type for arg in sent_args(control))


def value_range(control: Control) -> tuple[float, float]:
    """The least and the most that a control sends or shows as its value."""
    if control.range:
        return control.range[0], control.range[-1]
    arg = sent_args(control)[-1] if control.kind in SENDING else (told(control.row) or ())[-1]
    assert arg.low is not None and arg.high is not None, control
    return arg.low, arg.high


def choices(control: Control) -> list[tuple[str, tuple[Value, ...]]]:
    """Label and arguments of everything that a choice offers."""
    values = control.values or tuple((name,) for name in INPUTS[control.row].args[0].choices)
    labels = control.labels or tuple(str(value[0]) for value in values)
    return list(zip(labels, values, strict=True))


def check(panel: Panel, where: str) -> Panel:
    """The panel itself, where all of it is in the contract; EngineError says which control is not."""
    entries = {control.id for control in panel.controls() if control.kind == "entry"}
    for control in panel.controls():
        here = f"{where}: {control.id}"
        if control.kind in SENDING:
            _check_sender(control, entries, here)
        elif control.row and told(control.row) is None:
            raise unknown_in(here, "address", control.row, [row.address for row in ROWS if told(row.address)])
    return panel


def _check_sender(control: Control, entries: set[str], where: str) -> None:
    if control.row not in INPUTS:
        raise unknown_in(where, "address", control.row, INPUTS)
    row = INPUTS[control.row]
    offered = [values for _, values in choices(control)] if control.kind == "choice" else [args_of(control)]
    for given in offered:
        required = sum(not arg.optional for arg in row.args)
        if not required <= len(given) <= len(row.args):
            raise EngineError(
                "type", f"{where}: {len(given)} arguments given; {row.address} takes {_names(row)}"
            )
        for arg, value in zip(sent_args(control), given, strict=True):
            _check_value(arg, value, entries, where)
    if control.range:
        arg = sent_args(control)[-1]
        for end in control.range:
            _check_within(arg, end, where)


def _names(row: Row) -> str:
    return " ".join(f"{arg.type}:{arg.name}" for arg in row.args) or "none"


def _check_value(arg: Arg, value: Any, entries: set[str], where: str) -> None:
    if isinstance(value, str) and value.startswith("$"):
        if value != VALUE and value[1:] not in entries:
            raise unknown_in(where, "entry", value[1:], entries)
    elif arg.type == "s":
        if not isinstance(value, str):
            raise EngineError("type", f"{where}: {arg.name} {value!r} is not a text")
        if arg.choices and value not in arg.choices:
            raise unknown_in(where, arg.name, value, arg.choices)
    elif type(value) is not int and not (arg.type == "f" and type(value) is float):
        raise EngineError("type", f"{where}: {arg.name} {value!r} is not {arg.type}")
    else:
        _check_within(arg, value, where)


def _check_within(arg: Arg, value: float, where: str) -> None:
    if (arg.low is not None and value < arg.low) or (arg.high is not None and value > arg.high):
        raise EngineError("range", f"{where}: {arg.name} {value} is outside {arg.low} to {arg.high}")
