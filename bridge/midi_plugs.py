"""Controllers plugged in and out at any time, in any order; and our own ports, which are one of them.

names of ports --recognise--> Plug --Device--> lit as things stand
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import mido

from bridge.midi_controller import MidiController
from bridge.midi_device import Device
from bridge.midi_devices import Plug, recognise, stable_name
from bridge.midi_learned import Learned
from bridge.midi_map import Binding, ControllerMap
from bridge.midi_setup import Setup
from bridge.midi_system import MidiSystem

log = logging.getLogger(__name__)

REJOIN_S = 5.0

Make = Callable[[ControllerMap, Callable[[mido.Message], None]], MidiController]


class Plugs:
    """Everything on the control thread; `look` about twice a second."""

    def __init__(self, system: MidiSystem, setup: Setup, learned: Learned, make: Make) -> None:
        self.system = system
        self.setup = setup
        self.learned = learned
        self.make = make
        self.devices: list[Device] = []
        self.resting: list[Device] = []  # those that were pulled out
        self.virtual: Device | None = None
        self.listens_to_all = False  # while something is learned
        self.looked: tuple[Any, ...] = ()
        self.joined: frozenset[str] = frozenset()
        self.rejoined_at_s: dict[int, float] = {}  # by controller
        self.told: set[str] = set()

    @property
    def everyone(self) -> list[Device]:
        return [*self.devices, *([self.virtual] if self.virtual is not None else [])]

    def open(self) -> None:
        """Take our own ports, where there are some, and look at the others."""
        if self.system.virtual is not None:
            self.virtual = self.virtual or Device(self.setup.primary, self.make, self.system)
            self.virtual.take(self.system.virtual)
            self.virtual.use(self._learned(self.virtual))
        self.look()

    # --- plugging in and out ----------------------------------------------------------------------

    def look(self) -> None:
        """Whose ports are there, and whose are not any more."""
        names = self.system.names()
        seen = (*names, self.system.plugged_at())
        if seen != self.looked:
            if self.looked and seen[:2] == self.looked[:2]:
                self._let_go()  # everything is back under its old name
            elif self.looked and self.system.renumbers:
                self._part_twins(names)
            complete = self._take_in(*names)
            self.looked = seen if complete else ()  # a port that is busy is tried again
        elif self._find_lost():
            self._take_in(*names)
        self._greet()

    def _part_twins(self, names: tuple[Sequence[str], Sequence[str]]) -> None:
        """Of two of a kind one has come or gone, and the names do not tell which: both are joined anew."""
        before, now = (
            Counter((side, stable_name(name)) for side in (0, 1) for name in looked[side])
            for looked in (self.looked, names)
        )
        for device in self.devices:
            mine = {(side, stable_name(name)) for side, name in enumerate(device.port_names) if name}
            if any(before[place] != now[place] and before[place] + now[place] > 1 for place in mine):
                device.unplug()

    def _find_lost(self) -> bool:
        """Let go of what was plugged in anew between two looks; but what somebody takes apart again at once
        is left to them."""
        now_s = time.monotonic()
        lost = [device for device in self.devices if device.has_lost()]
        again = [device for device in lost if now_s - self.rejoined_at_s.get(id(device), 0.0) > REJOIN_S]
        for device in again:
            self.rejoined_at_s[id(device)] = now_s
            device.unplug()
        return bool(again)

    def look_again(self) -> None:
        """Other ports are wanted, or something else was learned."""
        if self.system.is_open and not self.system.gone:
            self._take_in(*self.system.names())
        for device in self.everyone:
            device.use(self._learned(device))

    def _take_in(self, inputs: Sequence[str], outputs: Sequence[str]) -> bool:
        """Whether every port could be opened."""
        teachers = self.system.teachers(inputs) if self.listens_to_all else ()
        wanted = self.setup.wanted(self.learned.ports, teachers)
        plugs, clashes = recognise(wanted, inputs, outputs)
        for clash in clashes:
            self._tell(f"{clash.port}: {clash.kept.file} has it, and {clash.left.file} is for it as well")
        return self._plug(plugs)

    def _plug(self, plugs: Sequence[Plug]) -> bool:
        """Devices keep their plugs, in their order."""
        known = self._assign(plugs)
        for device in self.devices:
            if device not in known.values():
                log.info("MIDI: %s is gone", device.name)
                device.unplug()
                self.resting.append(device)
        self.devices = [known[i] if i in known else self._rested(plug) for i, plug in enumerate(plugs)]
        joined = [self._join(*pair) for pair in zip(self.devices, plugs, strict=True)]
        return all(joined)

    def _assign(self, plugs: Sequence[Plug]) -> dict[int, Device]:
        """Whose plug each one is, by its place: that of its very ports first, then one that is called so but
        for a number, then any of its kind."""
        left, found = [*self.devices], dict[int, Device]()
        for is_its in (Device.fits, Device.resembles, Device.waits_for):
            for i, plug in enumerate(plugs):
                device = next((one for one in left if i not in found and is_its(one, plug)), None)
                if device is not None:
                    found[i] = device
                    left.remove(device)
        return found

    def _join(self, device: Device, plug: Plug) -> bool:
        """Whether both ports could be opened."""
        complete = device.plug(plug)
        if not complete:
            self._tell(f"{device.name}: a port cannot be opened; another program has it?")
        device.use(self._learned(device))
        return complete

    def _rested(self, plug: Plug) -> Device:
        """A controller that was here before goes on with the page it showed."""
        log.info("MIDI: %s is plugged in", plug.map.name)
        for device in self.resting:
            if device.waits_for(plug):
                self.resting.remove(device)
                return device
        return Device(plug.map, self.make, self.system)

    def _learned(self, device: Device) -> list[Binding]:
        return self.learned.for_port(device.stable_port)

    def _greet(self) -> None:
        """Whoever was joined to our own output by hand is lit as well."""
        joined = self.system.joined()
        if joined - self.joined and self.virtual is not None:
            self.virtual.light_soon()
        self.joined = joined

    def _tell(self, text: str) -> None:
        """Once, however often it is so."""
        if text not in self.told:
            self.told.add(text)
            log.warning("%s", text)

    # --- letting go -------------------------------------------------------------------------------

    def _let_go(self) -> None:
        for device in self.devices:
            device.unplug()

    def rest(self) -> None:
        """Let go of every port; the controllers are kept, for when they come back."""
        for device in self.everyone:
            device.unplug()
        self.resting += self.devices
        self.devices, self.looked, self.joined = [], (), frozenset()
