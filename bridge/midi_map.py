"""What a controller's pads and knobs do, and how its lights look: a TOML file, checked when it is loaded.

    [[bind]]                                    [[led]]
    note = 36                                   note = 36
    address = "/rg/track/drums/lock"            shows = "/rg/track/drums/lock"
    args = ["$toggle"]

Arguments are those of the contract, or what the control supplies:

    $value    position of a knob or velocity of a pad, scaled into `range`
    $toggle   the opposite of the value last seen at the address
    $gate     1 while pressed, 0 when let go
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from bridge.midi_args import VALUE, check_args, check_within, find_row, is_flag
from bridge.osc_spec import INPUTS, OUTPUTS, STATES, Row
from bridge.toml_table import Table
from engine.config import parse_toml, read_toml_text, unknown_in
from engine.errors import EngineError

TRACKS = ("drums", "bass", "harmony", "melody")
# How a light looks, and which track state looks how. `ready` looks `solid` where a file leaves it out.
LOOKS = ("off", "solid", "pulse", "blink", "failed", "ready")
STATE_LOOKS = {"empty": "off", "queued": "blink", "generating": "pulse", "ready": "ready", "failed": "failed"}
MIDI_MAX = 127


@dataclass(frozen=True)
class Control:
    """A pad, key, button or knob. `channel` counts from 0, as in mido; None: any."""

    kind: str  # note or cc
    number: int
    channel: int | None = None

    def __str__(self) -> str:
        """The trigger as the bindings list names it: `note 36`, `cc 20 channel 3`."""
        where = "" if self.channel is None else f" channel {self.channel + 1}"
        return f"{self.kind} {self.number}{where}"


@dataclass(frozen=True)
class Binding:
    """A control and the message it sends; `low` and `high` are where `$value` goes from and to."""

    control: Control
    address: str
    args: tuple[Any, ...]
    low: float = 0.0
    high: float = 1.0
    whole: bool = False  # $value fills an integer

    @property
    def follows_value(self) -> bool:
        return VALUE in self.args

    def scaled(self, position: int) -> float | int:
        """A knob's 0..127 as a value; both ends are met exactly."""
        value = self.low + (self.high - self.low) * position / MIDI_MAX
        return round(value) if self.whole else value


@dataclass(frozen=True)
class Look:
    """What makes a light look so: colour by velocity (CC lights: by value), manner by channel (from 0)."""

    velocity: int
    channel: int = 0


@dataclass(frozen=True)
class Led:
    """A light, and the address of the contract whose value it shows."""

    control: Control
    shows: str
    looks: Mapping[str, Look]


@dataclass(frozen=True)
class ControllerMap:
    """A controller. `device` is a part of its ports' names; `relight`: it puts its own light out when a
    pad is let go, so that ours has to be sent again."""

    name: str
    bindings: tuple[Binding, ...]
    leds: tuple[Led, ...] = ()
    device: str = ""
    relight: bool = False


def load_map(name: str, tracks: Sequence[str] = TRACKS) -> ControllerMap:
    """A map of `configs/controllers/` by name, or any other by the path of its .toml.

    EngineError naming the file, the entry and what is allowed.
    """
    if name.endswith(".toml"):
        return parse_map(read_toml_text(Path(name).expanduser()), name, tracks)
    folder = resources.files("configs").joinpath("controllers")
    known = [entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")]
    if name not in known:
        raise unknown_in("midi.controller", "controller", name, known)
    return parse_map(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"), f"{name}.toml", tracks)


def parse_map(text: str, name: str, tracks: Sequence[str] = TRACKS) -> ControllerMap:
    """A map from its TOML text; `name` is what errors call the file."""
    data = parse_toml(text, name)
    top = Table(data, name, ("name", "device", "relight", "looks", "bind", "led"))
    looks = _read_looks(top.get("looks", dict, {}), f"{name}: [looks]")
    bindings = [
        _read_binding(Table(entry, f"{name}: bind {i}", BIND_KEYS), tracks)
        for i, entry in enumerate(top.get("bind", list, []), 1)
    ]
    leds = [
        _read_led(Table(entry, f"{name}: led {i}", LED_KEYS), looks, tracks)
        for i, entry in enumerate(top.get("led", list, []), 1)
    ]
    _refuse_shared_lights(leds, name)
    return ControllerMap(
        top.get("name", str, name), tuple(bindings), tuple(leds),
        top.get("device", str, ""), top.get("relight", bool, False),
    )  # fmt: skip


# --- reading tables -------------------------------------------------------------------------------

CONTROL_KEYS = ("note", "cc", "channel")
BIND_KEYS = (*CONTROL_KEYS, "address", "args", "range")
LED_KEYS = (*CONTROL_KEYS, "shows", "looks")


def _read_control(table: Table) -> Control:
    kinds = [kind for kind in ("note", "cc") if kind in table.data]
    if len(kinds) != 1:
        raise EngineError("type", f"{table.where}: give either note or cc, 0 to {MIDI_MAX}")
    channel = table.whole("channel", 1, 16) - 1 if "channel" in table.data else None
    return Control(kinds[0], table.whole(kinds[0], 0, MIDI_MAX), channel)


def _read_looks(data: dict[str, Any], where: str) -> dict[str, Look]:
    looks = {}
    Table(data, where, LOOKS)
    for look, values in data.items():
        entry = Table(values, f"{where} {look}", ("velocity", "channel"))
        looks[look] = Look(entry.whole("velocity", 0, MIDI_MAX), entry.whole("channel", 1, 16, 1) - 1)
    return looks


def _read_binding(table: Table, tracks: Sequence[str]) -> Binding:
    control = _read_control(table)
    address = table.get("address", str)
    commands = {template: row for template, row in INPUTS.items() if row.command is not None}
    row = find_row(address, commands, (*tracks, "*"), table.where)
    args = tuple(table.get("args", list, []))
    where = f"{table.where} ({address})"
    ranges = check_args(row, args, where)
    if VALUE not in args:
        if "range" in table.data:
            raise EngineError("range", f"{where}: range is for {VALUE}, and no argument is {VALUE}")
        return Binding(control, address, args)
    position = args.index(VALUE)
    low, high = _value_range(table, ranges[position], where)
    return Binding(control, address, args, low, high, whole=row.args[position].type == "i")


def _read_led(table: Table, looks: Mapping[str, Look], tracks: Sequence[str]) -> Led:
    control = _read_control(table)
    rows = {row.address: row for row in OUTPUTS.values() if _is_shown(row)}
    shows = table.get("shows", str)
    find_row(shows, rows, tracks, table.where)
    own = _read_looks(table.get("looks", dict, {}), f"{table.where} looks")
    merged = {**looks, **own}
    merged.setdefault("ready", merged.get("solid", Look(MIDI_MAX)))
    missing = [look for look in LOOKS if look not in merged]
    if missing:
        raise EngineError("type", f"{table.where}: no look for {', '.join(missing)}, here or in [looks]")
    return Led(control, shows, merged)


def _is_shown(row: Row) -> bool:
    """A light can show what is on or off, and what a track is doing."""
    return len(row.args) == 1 and (is_flag(row.args[0]) or row.args[0].choices == STATES)


def _refuse_shared_lights(leds: Sequence[Led], name: str) -> None:
    seen = set()
    for led in leds:
        light = (led.control.kind, led.control.number)
        if light in seen:
            raise EngineError("range", f"{name}: two leds for {led.control}; a light shows one thing")
        seen.add(light)


def _value_range(table: Table, allowed: tuple[float | None, float | None], where: str) -> tuple[float, float]:
    """Where $value goes: the file's `range`, or all that the argument allows."""
    ends = table.get("range", list, list(allowed))
    if len(ends) != 2 or any(type(end) not in (int, float) for end in ends):
        raise EngineError("type", f"{where}: range is two numbers, [from, to]")
    for end in ends:
        check_within("range", end, *allowed, where)
    return float(ends[0]), float(ends[1])
