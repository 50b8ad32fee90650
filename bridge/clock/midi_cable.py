"""MIDI clock by a port of its own, in and out: for whoever has it on another cable than the controller's.

Ports are known by a part of their names, and looked for again when they come or go.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import mido

from bridge.midi_devices import PORT_NAME
from bridge.midi_ports import HearClock, MidiPorts
from bridge.midi_system import MidiSystem

log = logging.getLogger(__name__)


class MidiCable:
    """`look` when the names of the ports have changed, `hear` with every step, `send` as it comes.

    `into`, `out_of`: a part of a name each, upper or lower case; "": none.
    """

    def __init__(self, system: MidiSystem, into: str, out_of: str) -> None:
        self._system, self._parts = system, (into, out_of)
        self._ports = MidiPorts(system)
        self._names: tuple[str | None, str | None] = (None, None)

    def look(self, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        found = (find_port(inputs, self._parts[0]), find_port(outputs, self._parts[1]))
        if found[0] != self._names[0] or (found[0] and self._ports.input is None):
            self._ports.set_input(self._system.join_input(found[0]) if found[0] else None)
        if found[1] != self._names[1] or (found[1] and self._ports.output is None):
            self._ports.set_output(self._system.join_output(found[1]) if found[1] else None)
        for part, name, before in zip(self._parts, found, self._names, strict=True):
            if name != before:
                log.info("MIDI clock: %s", name or f"no port is called {part!r} any more")
        self._names = found

    def hear(self, hear_clock: HearClock) -> None:
        """What else comes by this cable is nobody's business."""
        for _ in self._ports.waiting(hear_clock):
            continue

    def send(self, message: mido.Message) -> None:
        self._ports.send(message)

    def unplug(self) -> None:
        self._ports.set_input(None)
        self._ports.set_output(None)
        self._names = (None, None)


def find_port(names: Sequence[str], part: str) -> str | None:
    """The first port whose name holds `part`; none for an empty part, or for our own."""
    wanted = part.casefold()
    fits = (n for n in names if wanted in n.casefold() and PORT_NAME not in n.casefold())
    return next(fits, None) if wanted else None
