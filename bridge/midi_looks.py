"""Colour times manner: how a maker's lights are told to be red, to blink, to pulse.

    [colours]           [manners]                               [looks]
    red = 5             solid = { channel = 1 }                 solid = { colour = "green" }
    dim_white = 1       blink = { channel = 2, under = "off" }  failed = { colour = "red", manner = "blink" }
    amber = "#ff8800"   dim = { dim = true }                    ready = { colour = "white", manner = "dim" }

A look may also say `velocity` and `channel` itself. A light's own `colour` takes the place of the colour of
its looks, but for `off` and `failed`; a mixed one (`#rrggbb`) only of those that neither blink nor pulse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.midi_control import MIDI_MAX
from bridge.midi_map import LOOKS, Look
from bridge.toml_table import Table
from engine.config import unknown_in
from engine.errors import EngineError

RGB = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
KEEP_COLOUR = ("off", "failed")
MIXED = ("solid", "dim")  # manners that a colour mixed by SysEx can have
LOOK_KEYS = ("velocity", "channel", "colour", "manner")
Colour = int | tuple[int, int, int]


@dataclass(frozen=True)
class Manner:
    channel: int = 0
    under: str = ""  # the colour beneath a blinking one
    dim: bool = False  # the colour called dim_…, where there is one


@dataclass(frozen=True)
class Palette:
    """A maker's colours and manners."""

    colours: Mapping[str, Colour] = field(default_factory=dict)
    manners: Mapping[str, Manner] = field(default_factory=dict)

    def colour(self, name: str, where: str) -> Colour:
        if name not in self.colours:
            raise unknown_in(where, "colour", name, self.colours)
        return self.colours[name]

    def look(self, colour: str, manner_name: str, where: str) -> Look:
        """EngineError `unknown`, or `range` for what the maker's lights cannot do."""
        if manner_name not in self.manners:
            raise unknown_in(where, "manner", manner_name, self.manners)
        manner = self.manners[manner_name]
        shown = f"dim_{colour}" if manner.dim and f"dim_{colour}" in self.colours else colour
        value = self.colour(shown, where)
        if isinstance(value, int):
            under = self.look(manner.under, "solid", where) if manner.under else None
            return Look(value, manner.channel, under)
        if manner_name not in MIXED:
            raise EngineError(
                "range", f"{where}: {shown} is mixed and only solid; take a colour of the palette"
            )
        return Look(rgb=value)


def read_palette(data: Mapping[str, Any], where: str) -> Palette:
    """`[colours]` and `[manners]` of a map."""
    colours = {name: _colour(value, f"{where}: [colours] {name}") for name, value in data["colours"].items()}
    manners = {
        name: _manner(Table(values, f"{where}: [manners] {name}", ("channel", "under", "dim")))
        for name, values in data["manners"].items()
    }
    manners.setdefault("solid", Manner())
    if any(isinstance(colour, tuple) for colour in colours.values()) and not data["rgb"]:
        raise EngineError("type", f"{where}: [colours] as '#rrggbb' need an rgb message")
    return Palette(colours, manners)


def _colour(value: Any, where: str) -> Colour:
    if type(value) is int and 0 <= value <= MIDI_MAX:
        return value
    match = RGB.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise EngineError("range", f"{where}: {value!r} is neither 0 to {MIDI_MAX} nor '#rrggbb'")
    red, green, blue = (int(part, 16) for part in match.groups())
    return red, green, blue


def _manner(table: Table) -> Manner:
    channel = table.whole("channel", 1, 16, 1) - 1
    return Manner(channel, table.get("under", str, ""), table.get("dim", bool, False))


def read_looks(data: dict[str, Any], palette: Palette, where: str, colour: str = "") -> dict[str, Look]:
    """A table of looks; `colour` takes the place of the colours in it."""
    Table(data, where, LOOKS)
    return {
        name: _look(name, Table(values, f"{where} {name}", LOOK_KEYS), palette, colour)
        for name, values in data.items()
    }


def _look(name: str, table: Table, palette: Palette, colour: str) -> Look:
    if "colour" not in table.data:
        return Look(table.whole("velocity", 0, MIDI_MAX), table.whole("channel", 1, 16, 1) - 1)
    own, manner = table.get("colour", str), table.get("manner", str, "solid")
    shown = colour if colour and name not in KEEP_COLOUR else own
    if isinstance(palette.colour(shown, table.where), tuple) and manner not in MIXED:
        shown = own
    return palette.look(shown, manner, table.where)


def complete(looks: Mapping[str, Look], where: str) -> dict[str, Look]:
    """`ready` looks like `solid` where it is left out; EngineError `type` where others are."""
    full = {"ready": looks.get("solid", Look(MIDI_MAX)), **looks}
    missing = [look for look in LOOKS if look not in full]
    if missing:
        raise EngineError("type", f"{where}: no look for {', '.join(missing)}, here or in [looks]")
    return full
