"""The entries of a controller's TOML file, checked as they are read: bindings and lights.

    [[bind]]                              one entry, or a row of them: the i-th note is for the i-th track
    note = [36, 37, 38, 39]
    address = "/rg/track/{t}/lock"
    args = ["$toggle"]
    shows = "/rg/track/{t}/lock"          its light; [[led]] for lights alone

configs/controllers/README.md tells every key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.midi_args import COMMANDS, SLOT, arg_range, check_args, check_within, find_row
from bridge.midi_control import ENCODERS, KINDS, MIDI_MAX, Control
from bridge.midi_looks import Palette, complete, read_looks
from bridge.midi_map import SCROLLED, Binding, Curve, Light, Look, Names, Scope
from bridge.midi_shown import check_shown
from bridge.midi_wide import COARSE_MAX
from bridge.midi_words import NEXT, PREVIOUS, VALUE, words_in
from bridge.osc_spec import Row
from bridge.toml_table import Table
from engine.config import unknown_in
from engine.errors import EngineError

CONTROL_KEYS = (*KINDS, "channel")
SCOPE_KEYS = ("on", "with")
LIGHT_KEYS = ("shows", "equals", "at_least", "colour", "style", "looks", "label")
CURVE_KEYS = ("range", "points")
BIND_KEYS = (
    *CONTROL_KEYS, *SCOPE_KEYS, *LIGHT_KEYS, *CURVE_KEYS, "address", "args", "encoder", "step", "pickup",
    "page", "scroll", "by", "own", "port",
)  # fmt: skip
LED_KEYS = (*CONTROL_KEYS, *SCOPE_KEYS, *LIGHT_KEYS)
CLICKS = 100  # of a relative encoder over the whole range, where the file gives no step


@dataclass(frozen=True)
class Reading:
    """What is known of a file while its entries are read; `looks` and `styles` as they are written."""

    names: Names
    palette: Palette
    looks: dict[str, Any]
    styles: Mapping[str, dict[str, Any]]
    pickup: bool = False


# --- controls and where they hold -----------------------------------------------------------------


def read_controls(table: Table) -> list[Control]:
    """One control or a row of them; EngineError says what is allowed."""
    kinds = [kind for kind in KINDS if kind in table.data]
    if len(kinds) != 1:
        raise EngineError(
            "type", f"{table.where}: give either note or cc, 0 to {MIDI_MAX}; or bend, or program"
        )
    if kinds[0] == "bend":
        return [Control("bend", 0, channel - 1) for channel in read_numbers(table, "bend", 1, 16)]
    channel = table.whole("channel", 1, 16) - 1 if "channel" in table.data else None
    highest = COARSE_MAX if kinds[0] == "cc14" else MIDI_MAX
    return [Control(kinds[0], number, channel) for number in read_numbers(table, kinds[0], 0, highest)]


def read_numbers(table: Table, key: str, low: int, high: int) -> list[int]:
    """A whole number, or a list of them."""
    given = table.data.get(key)
    if type(given) is not list:
        return [table.whole(key, low, high)]
    return [Table({key: number}, table.where, (key,)).whole(key, low, high) for number in given]


def read_scope(table: Table, names: Names) -> Scope:
    pages = table.data.get("on", [])
    pages = [pages] if isinstance(pages, str) else table.get("on", list, [])
    for page in pages:
        if page not in names.pages:
            raise unknown_in(table.where, "page", str(page), [*names.pages])
    modifier = table.get("with", str, "")
    if modifier and modifier not in names.modifiers:
        raise unknown_in(table.where, "modifier", modifier, names.modifiers)
    return Scope(tuple(pages), modifier)


def numbered(value: Any, slot: int) -> Any:
    """`{n}` is the control's place in its row, from 1."""
    return value.replace("{n}", str(slot + 1)) if isinstance(value, str) else value


# --- bindings -------------------------------------------------------------------------------------


def read_binding(table: Table, reading: Reading) -> list[Binding]:
    """The bindings of an entry, one for each of its controls."""
    ways = [key for key in ("address", "page", "scroll", "own") if key in table.data]
    if len(ways) > 1:
        raise EngineError("type", f"{table.where}: {' and '.join(ways)}: give one of them")
    controls, scope, port = read_controls(table), read_scope(table, reading.names), table.get("port", str, "")
    label = table.get("label", str, "")
    if ways and ways != ["address"]:
        turn = read_turn(table, reading.names)
        return [Binding(control, scope=scope, turn=turn, label=label, port=port) for control in controls]
    return [
        _read_address(table, reading, Binding(control, slot=slot, scope=scope, port=port))
        for slot, control in enumerate(controls)
    ]


def read_turn(table: Table, names: Names) -> tuple[str, str, int]:
    if "own" in table.data:
        if not table.get("own", bool):
            raise EngineError("range", f"{table.where}: own is true, or left out")
        return "own", "", 0
    if "page" in table.data:
        page = table.get("page", str)
        if page not in names.pages:
            raise unknown_in(table.where, "page", page, [*names.pages])
        return "page", page, 0
    what = table.get("scroll", str)
    if what not in SCROLLED:
        raise unknown_in(table.where, "list to scroll", what, SCROLLED)
    return "scroll", what, table.whole("by", -64, 64)


def _read_address(table: Table, reading: Reading, at: Binding) -> Binding:
    """The binding `at` a control, with all that it does."""
    address = table.get("address", str)
    row = find_row(address, COMMANDS, (*reading.names.tracks, "*", SLOT), table.where)
    args = tuple(numbered(arg, at.slot) for arg in table.get("args", list, []))
    where = f"{table.where} ({address})"
    if not all(isinstance(arg, str | int | float) for arg in args):
        raise EngineError("type", f"{where}: args are texts and numbers")
    check_args(row, args, where)
    _check_prompts(args, reading.names, where)
    encoder = table.get("encoder", str, "")
    if encoder and encoder not in ENCODERS:
        raise unknown_in(where, "encoder", encoder, ENCODERS)
    filled = next((row.args[i] for i, arg in enumerate(args) if arg in (VALUE, NEXT, PREVIOUS)), None)
    choices = filled.choices if filled else ()
    whole = filled is not None and (filled.type == "i" or bool(choices))
    curve = _binding_curve(table, row, args, where)
    return Binding(
        at.control, address, args, curve, whole, choices, at.slot, at.scope, encoder,
        _read_step(table, curve, whole) if encoder else 0.0, table.get("pickup", bool, reading.pickup),
        label=numbered(table.get("label", str, ""), at.slot), port=at.port,
    )  # fmt: skip


def _check_prompts(args: Sequence[Any], names: Names, where: str) -> None:
    """`$prompt LIST N` names one that is there."""
    for word in words_in(args):
        if word.name != "prompt":
            continue
        if word.list not in names.prompts:
            raise unknown_in(where, "list of prompts", word.list, names.prompts)
        count = len(names.prompts[word.list])
        if word.number > count:
            raise EngineError(
                "range", f"{where}: [prompts] {word.list} has {count} prompts, not {word.number}"
            )


def _binding_curve(table: Table, row: Row, args: tuple[Any, ...], where: str) -> Curve:
    """Where $value goes: the file's `range` or `points`, or all that the argument allows."""
    given = [key for key in CURVE_KEYS if key in table.data]
    if VALUE not in args:
        if given:
            raise EngineError("range", f"{where}: {given[0]} is for {VALUE}, and no argument is {VALUE}")
        return Curve()
    arg = row.args[args.index(VALUE)]
    allowed = (0, len(arg.choices) - 1) if arg.choices else arg_range(arg, args)
    return read_curve(table, allowed, where)


def read_curve(table: Table, allowed: tuple[float | None, float | None], where: str) -> Curve:
    """`range = [from, to]`, or `points = [[position, value], …]` with positions from 0 to 1."""
    if "points" in table.data:
        pairs = [_pair(pair, f"{where}: points are [position, value]") for pair in table.get("points", list)]
        positions, values = [list(column) for column in zip(*pairs, strict=True)] if pairs else ([], [])
        if positions != sorted(set(positions)) or positions[:1] + positions[-1:] != [0.0, 1.0]:
            raise EngineError("range", f"{where}: the positions of points go up from 0 to 1, not {positions}")
        if values not in (sorted(set(values)), sorted(set(values), reverse=True)):
            raise EngineError("range", f"{where}: the values of points go up, or down, not {values}")
    else:
        given = table.get("range", list, list(allowed))
        low, high = _pair(given, f"{where}: range is two numbers, [from, to]")
        pairs = [(0.0, low), (1.0, high)]
    for _, value in pairs:
        check_within("range", value, *allowed, where)
    return Curve(tuple(pairs))


def _pair(values: Any, says: str) -> tuple[float, float]:
    is_pair = isinstance(values, list) and len(values) == 2
    if not is_pair or any(type(value) not in (int, float) for value in values):
        raise EngineError("type", says)
    return float(values[0]), float(values[1])


def _read_step(table: Table, curve: Curve, whole: bool) -> float:
    if "step" not in table.data:
        return 1.0 if whole else curve.span / CLICKS
    step = table.data["step"]
    if type(step) not in (int, float) or not step > 0:
        raise EngineError("range", f"{table.where}: step {step!r} is not a number above 0")
    return float(step)


# --- lights ---------------------------------------------------------------------------------------


def read_lights(table: Table, reading: Reading, shows: str = "") -> list[Light]:
    """The lights of an entry, one for each of its controls; `shows` where the entry does not say."""
    controls, scope = read_controls(table), read_scope(table, reading.names)
    shows = table.get("shows", str, shows or None)
    looks, equals, label = _light_looks(table, reading), table.data.get("equals"), table.get("label", str, "")
    lights = []
    for slot, control in enumerate(controls):
        light = Light(
            control, numbered(shows, slot), looks, slot, scope, equals, read_number(table, "at_least"),
            numbered(label, slot),
        )  # fmt: skip
        check_shown(light, reading.names, table.where)
        lights.append(light)
    return lights


def read_number(table: Table, key: str) -> float | None:
    value = table.data.get(key)
    if value is not None and type(value) not in (int, float):
        raise EngineError("type", f"{table.where}: {key} {value!r} is not a number")
    return value


def _light_looks(table: Table, reading: Reading) -> dict[str, Look]:
    style, colour = table.get("style", str, ""), table.get("colour", str, "")
    if style and style not in reading.styles:
        raise unknown_in(table.where, "style", style, reading.styles)
    if colour:
        reading.palette.colour(colour, table.where)
    base = read_looks(
        reading.styles[style] if style else reading.looks, reading.palette, f"{table.where}: [looks]", colour
    )
    own = read_looks(table.get("looks", dict, {}), reading.palette, f"{table.where} looks")
    return complete({**base, **own}, table.where)
