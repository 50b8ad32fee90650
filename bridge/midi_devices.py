"""Which controller is at which port, told by the ports' names.

    maps + names of the ports there are --recognise--> Plug(map, input, output), one for each controller

A map's patterns are tried in their order, so that "MIDIIN2 (LPX MIDI)" comes before "LPX MIDI". Two of one
kind are two plugs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from bridge.midi_map import ControllerMap

PORT_NAME = "resonantgen"  # our own ports, and no controllers
# What a system puts into a name, and changes with the next plugging in: " 28:0" (ALSA), " 2" (Windows),
# "a2j:Pad [28] (capture): …" (a2jmidid), "Midi-Bridge:Pad 2:(capture_0) …" (PipeWire), " #2" (`numbered`).
UNSTABLE = re.compile(r" (\d+:|#)?\d+$| \[\d+\](?= \()| \d+(?=:\()")


@dataclass(frozen=True)
class Wanted:
    """A map, and the patterns of the ports it is for, the best first; `gives_way` where another has them."""

    map: ControllerMap
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    gives_way: bool = False

    @classmethod
    def by_map(cls, controller_map: ControllerMap) -> Wanted:
        return cls(controller_map, controller_map.ports, controller_map.ports)


@dataclass(frozen=True)
class Plug:
    """A controller that is plugged in; "" for a side that is not there."""

    map: ControllerMap
    input: str
    output: str


@dataclass(frozen=True)
class Clash:
    """A port that two maps are for: `kept` has it."""

    port: str
    kept: ControllerMap
    left: ControllerMap


def recognise(
    wanted: Sequence[Wanted], inputs: Sequence[str], outputs: Sequence[str]
) -> tuple[list[Plug], list[Clash]]:
    """Every controller there is; and where two maps are for one port, of which the first has it."""
    plugs: list[Plug] = []
    clashes: list[Clash] = []
    takers: dict[tuple[str, str], ControllerMap] = {}
    for want in wanted:
        sides = []
        for side, patterns, names in (("in", want.inputs, inputs), ("out", want.outputs, outputs)):
            found = matching(patterns, names)
            if not want.gives_way:
                taken = (name for name in found if (side, name) in takers)
                clashes += [Clash(name, takers[side, name], want.map) for name in taken]
            sides.append([name for name in found if (side, name) not in takers])
            takers |= {(side, name): want.map for name in sides[-1]}
        plugs += [Plug(want.map, *pair) for pair in pairs(*sides)]
    return plugs, clashes


def pairs(inputs: Sequence[str], outputs: Sequence[str]) -> list[tuple[str, str]]:
    """Each input with the output whose name is most like its own; "" where one side has more."""
    left = list(outputs)
    found = []
    for name in inputs:
        best = max(left, key=lambda other: SequenceMatcher(None, name, other).ratio(), default="")
        found.append((name, best))
        if best:
            left.remove(best)
    return found + [("", name) for name in left]


def matching(patterns: Sequence[str], names: Sequence[str]) -> list[str]:
    """The names that the best pattern finds, upper or lower case; never our own ports."""
    others = [name for name in names if PORT_NAME not in name.casefold()]
    for pattern in patterns:
        found = [name for name in others if re.search(pattern, name, re.IGNORECASE)]
        if found:
            return found
    return []


def numbered(names: Sequence[str]) -> list[str]:
    """Two of a kind have one name with CoreMIDI: the second is called `… #2`, and so on."""
    return [
        name if name not in names[:i] else f"{name} #{1 + names[:i].count(name)}"
        for i, name in enumerate(names)
    ]


def stable_name(port: str) -> str:
    """A port's name without what changes from one plugging in to the next."""
    return UNSTABLE.sub("", port)


def pattern_of(stable: str) -> str:
    """A regular expression for the ports of a stable name."""
    inside = re.escape(stable).replace(r"\ \(", r"(\ \[\d+\])?\ \(")
    return inside.replace(r":\(", r"(\ \d+)?:\(")
