"""One controller that is plugged in: its map at work, and its ports."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import mido

from bridge.midi_controller import MidiController
from bridge.midi_devices import PORT_NAME, Plug, stable_name
from bridge.midi_map import Binding, ControllerMap
from bridge.midi_overlay import overlay
from bridge.midi_ports import HearClock, MidiPorts
from bridge.midi_system import MidiSystem

# A port that has just appeared: its device may still be starting up behind it.
SETTLE_S = 0.1
# What comes in at our own ports so soon after it went out there is our own light, sent back by a cable or a
# program: as a press it would ask for something, which would be lit, and so on for ever.
ECHO_S = 0.2


class Device:
    """Ports come and go, either first; the lights are said anew a moment after an output has come."""

    def __init__(
        self,
        below: ControllerMap,
        make: Callable[[ControllerMap, Callable[[mido.Message], None]], MidiController],
        system: MidiSystem,
    ) -> None:
        """`below`: its map without what was learned. `make` makes a controller, which sends by a call."""
        self.below = below
        self.system = system
        self.ports = MidiPorts(system)
        self.is_ours = False  # the ports are the system's own, and closed by it
        self.port_names = ("", "")
        self.lit_at_s: float | None = None  # when to say everything; None: it is said
        self.is_lit = False  # from then on changes are said as they come
        self.said: dict[str, float] = {}  # of our own ports: what went out, and when
        self.controller = make(below, self.send)

    @property
    def name(self) -> str:
        return self.below.name

    @property
    def stable_port(self) -> str:
        """The name of its input, as it will be again; what is learned belongs to it."""
        return PORT_NAME if self.is_ours else stable_name(self.port_names[0])

    @property
    def map(self) -> ControllerMap:
        return self.controller.map

    def send(self, message: mido.Message) -> None:
        if self.is_lit:
            self.ports.send(message)
            if self.is_ours:
                self.said[message.hex()] = time.monotonic()

    # --- plugging in and out ----------------------------------------------------------------------

    def fits(self, plug: Plug) -> bool:
        """Whether a plug is this one's: its map's, and one of its ports."""
        shared = {plug.input, plug.output} & set(self.port_names) - {""}
        return self.below.file == plug.map.file and bool(shared)

    def waits_for(self, plug: Plug) -> bool:
        """Whether it has no ports just now, and would take these."""
        return self.below.file == plug.map.file and not any(self.port_names)

    def resembles(self, plug: Plug) -> bool:
        """Whether its ports may only be called something else now: others came or went before them."""
        before, now = (
            {stable_name(name) for name in names if name}
            for names in (self.port_names, (plug.input, plug.output))
        )
        return self.below.file == plug.map.file and bool(before & now)

    def plug(self, plug: Plug) -> bool:
        """Join the ports of a plug, and let go of those that are not its; whether all of them are there."""
        had_input, had_output = self.port_names
        # A port is let go of before it is opened under another name: with Windows only one can have it.
        if plug.input != had_input or (plug.input and self.ports.input is None):
            self.ports.close_input()
            self.ports.set_input(self.system.join_input(plug.input) if plug.input else None)
            self.controller.let_go()
        if plug.output != had_output or (plug.output and self.ports.output is None):
            self.is_lit = False
            self.ports.close_output()
            self.ports.set_output(self.system.join_output(plug.output) if plug.output else None)
            if self.ports.output is not None:
                self.light_soon()
        self.port_names = (
            plug.input if self.ports.input is not None else "",
            plug.output if self.ports.output is not None else "",
        )
        return self.port_names == (plug.input, plug.output)

    def has_lost(self) -> bool:
        """Whether a port of it broke, or was pulled out and plugged in again, unseen."""
        sides = zip(self.port_names, (self.ports.input, self.ports.output), strict=True)
        return any(name and (port is None or not self.system.is_linked(name)) for name, port in sides)

    def take(self, ports: MidiPorts) -> None:
        """Our own ports, at once: whoever is joined to them later is lit then."""
        self.ports = ports
        self.is_ours = True
        self.light_soon()
        self.lit_at_s = 0.0
        self.light_when_due()

    def light_soon(self) -> None:
        """Everything anew, once whoever listens is ready for it."""
        self.lit_at_s = time.monotonic() + SETTLE_S

    # --- at work ----------------------------------------------------------------------------------

    def notice(self, message: mido.Message) -> None:
        """What it says of itself: that it shows something else now, and wants no lights; or is ours again.

        Where it is known to sleep, waking says something only after that: some answer their `init` so.
        """
        if message.type != "sysex":
            return
        if _begins(message, self.map.sleeps):
            self.is_lit = False
        elif _begins(message, self.map.wakes) and not (self.is_lit and self.map.sleeps):
            self.light_soon()

    def use(self, learned: Sequence[Binding]) -> None:
        """What was learned for it, in the place of what its map says."""
        controller_map = overlay(self.below, learned)
        if controller_map != self.map:
            self.controller.use(controller_map)
            if self.is_lit:
                self.controller.panel.turn()

    def light_when_due(self) -> None:
        if self.lit_at_s is not None and time.monotonic() >= self.lit_at_s:
            self.lit_at_s = None
            self.is_lit = True
            self.controller.refresh()

    def waiting(self, hear_clock: HearClock) -> list[mido.Message]:
        return [message for message in self.ports.waiting(hear_clock) if not self._is_echo(message)]

    def _is_echo(self, message: mido.Message) -> bool:
        return self.is_ours and time.monotonic() - self.said.get(message.hex(), -ECHO_S) < ECHO_S

    def dark(self) -> None:
        """Every light off, and the controller as it was."""
        self.controller.dark()

    def unplug(self) -> None:
        if self.is_ours:
            self.ports.leave()
        else:
            self.ports.close_input()
            self.ports.close_output()
        self.port_names = ("", "")
        self.is_lit = False
        self.controller.let_go()


def _begins(message: mido.Message, beginnings: Sequence[tuple[int, ...]]) -> bool:
    return any(message.data[: len(beginning)] == beginning for beginning in beginnings)
