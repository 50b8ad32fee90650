"""The musician's controllers: maps, ports and lights as one thing, plugged in and out as they like.

names of ports --recognise--> Plug --Device--> messages --MidiController--> submit_osc
events of the engine --World--> names of what changed --Panel--> lights
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import mido

from bridge.clock.midi_cable import MidiCable
from bridge.midi_controller import MidiController
from bridge.midi_device import Device
from bridge.midi_devices import Plug, recognise
from bridge.midi_map import ControllerMap
from bridge.midi_ports import HearClock
from bridge.midi_setup import Setup
from bridge.midi_system import MidiSystem
from bridge.midi_world import World
from engine import events as e
from engine.config import Config
from engine.errors import EngineError

log = logging.getLogger(__name__)

POLL_S = 0.002
LOOK_S = 0.5  # how often the names of the ports are looked at
RETRY_S = 1.0  # and how often for a MIDI system where there is none


class MidiInput:
    """Everything on the control thread. `submit_osc` reports refusals itself.

    EngineError names what is wrong in a controller's file.
    """

    def __init__(
        self, config: Config, tracks: Sequence[str], submit_osc: Callable[[str, list[Any]], None]
    ) -> None:
        self.config = config
        self.submit_osc = submit_osc
        self.setup = Setup(config, tracks)
        self.world = World(tracks, lambda: submit_osc("/rg/scene/list", []))
        self.system = MidiSystem(config.midi, config.jack.server)
        self.hear_clock: HearClock = lambda port, data, at_s: None
        self.devices: list[Device] = []
        self.resting: list[Device] = []  # those that were pulled out
        self.virtual: Device | None = None
        self.cable = MidiCable(self.system, config.clock.midi_in, config.clock.midi_out_port)
        self.looked_at_s = self.tried_at_s = 0.0
        self.looked: tuple[object, ...] = ()
        self.joined: frozenset[str] = frozenset()
        self.told: set[str] = set()

    # --- opening, closing -------------------------------------------------------------------------

    def start(self, snapshot: Iterable[e.Event]) -> list[str]:
        """Open what there is and light every pad as things stand; the names of the ports.

        EngineError `not_available` where there is no MIDI: the engine does without, and `run` tries again.
        """
        for event in snapshot:
            self.world.note(event)
        self.world.list_scenes()
        self.tried_at_s = time.monotonic()
        return self._open()

    def _open(self) -> list[str]:
        self.system.open()
        names = []
        if self.system.virtual is not None:
            self.virtual = self.virtual or self._device(self.setup.primary)
            self.virtual.take(self.system.virtual)
            names = ["resonantgen (in)", "resonantgen (out)"]
        self.look()
        names += [name for device in self.devices for name in device.port_names if name]
        log.info("MIDI: %s at %s", ", ".join(self.names) or "nothing", ", ".join(names) or "no port yet")
        return names

    @property
    def is_open(self) -> bool:
        return self.system.is_open and not self.system.gone

    @property
    def names(self) -> list[str]:
        """Of the controllers that are there."""
        return [device.name for device in self.everyone]

    @property
    def everyone(self) -> list[Device]:
        return [*self.devices, *([self.virtual] if self.virtual is not None else [])]

    def bindings(self) -> list[tuple[str, str]]:
        """(control, address) of everything that is bound, controller by controller."""
        rows = []
        for device in self.everyone:
            for binding in device.map.bindings:
                if binding.address:
                    rows.append((f"{device.name}: {binding.control}", binding.address))
        return rows

    def _device(self, controller_map: ControllerMap) -> Device:
        def make(send: Callable[[mido.Message], None]) -> MidiController:
            return MidiController(controller_map, self.world, self.submit_osc, send, self._refuse, self._show)

        return Device(controller_map.name, make, self.system)

    def _refuse(self, error: EngineError) -> None:
        """A press that has nothing to ask for."""
        log.warning("%s", error.text)

    def close(self) -> None:
        """Every light off; then let go of the ports."""
        for device in self.everyone:
            device.dark()
        self.system.let_out()
        for device in self.everyone:
            device.unplug()
        self.cable.unplug()
        self.devices, self.virtual = [], None
        self.system.close()

    # --- plugging in and out ----------------------------------------------------------------------

    def look(self) -> None:
        """About twice a second: whose ports are there, and whose are not any more."""
        seen = (*self.system.names(), self.system.plugged_at())
        if seen == self.looked:
            return
        if self.looked and seen[:2] == self.looked[:2]:
            self._let_go()  # everything is back under its old name
        self.looked = seen
        self.cable.look(seen[0], seen[1])
        plugs, clashes = recognise(self.setup.wanted(), seen[0], seen[1])
        for clash in clashes:
            self._tell(f"{clash.port}: {clash.kept.file} has it, and {clash.left.file} is for it as well")
        if not self._plug(plugs):
            self.looked = ()  # a port is busy: try again

    def _plug(self, plugs: Sequence[Plug]) -> bool:
        """Devices keep their plugs, in their order; whether every port could be opened."""
        old, self.devices = self.devices, []
        complete = True
        for plug in plugs:
            known = next((device for device in old if device.fits(plug)), None)
            if known is None:
                known = self._rested(plug)
                log.info("MIDI: %s is plugged in", known.name)
            else:
                old.remove(known)
            self.devices.append(known)
            complete &= known.plug(plug)
        for device in old:
            log.info("MIDI: %s is gone", device.name)
            device.unplug()
        self.resting += old
        return complete

    def _rested(self, plug: Plug) -> Device:
        """A controller that was here before goes on with the page it showed."""
        for device in self.resting:
            if device.fits(plug):
                self.resting.remove(device)
                return device
        return self._device(plug.map)

    def _let_go(self) -> None:
        for device in self.devices:
            device.unplug()

    def _tell(self, text: str) -> None:
        """Once, however often it is so."""
        if text not in self.told:
            self.told.add(text)
            log.warning("%s", text)

    # --- at work ----------------------------------------------------------------------------------

    def show(self, event: e.Event) -> None:
        """An event of the engine: to be subscribed."""
        changed = self.world.note(event)
        if changed:
            self._show(changed)

    def _show(self, changed: set[str]) -> None:
        for device in self.everyone:
            device.controller.show(changed)

    def send_clock(self, data: bytes) -> None:
        """A message of MIDI clock: to controllers whose lights go by it, and out of our own port where the
        settings want it."""
        message = mido.Message.from_bytes(data)
        for device in self.devices:
            if device.map.clock and self.config.midi.send_clock:
                device.send(message)
        if self.config.clock.midi_out:
            self.cable.send(message)
            if self.virtual is not None:
                self.virtual.send(message)

    async def run(self) -> None:
        """Play until cancelled."""
        while True:
            self.step()
            await asyncio.sleep(POLL_S)

    def step(self) -> None:
        """What came in, and what is due."""
        if self.system.gone:
            self._abandon()
        now_s = time.monotonic()
        if not self.system.is_open:
            self._try_again(now_s)
        elif now_s - self.looked_at_s >= LOOK_S:
            self.looked_at_s = now_s
            self.look()
            self._greet()
        for device in self.everyone:
            device.light_when_due()
            for message in device.waiting(self.hear_clock):
                device.controller.receive(message)
        self.cable.hear(self.hear_clock)

    def _try_again(self, now_s: float) -> None:
        """A JACK server may have come, or come back."""
        if now_s - self.tried_at_s < RETRY_S:
            return
        self.tried_at_s = now_s
        with contextlib.suppress(EngineError):
            self._open()

    def _greet(self) -> None:
        """Whoever was joined to our own output by hand is lit as well."""
        joined = self.system.joined()
        if joined - self.joined and self.virtual is not None:
            self.virtual.light_soon()
        self.joined = joined

    def _abandon(self) -> None:
        if self.everyone:
            log.warning("the MIDI ports have gone with the JACK server")
        for device in self.everyone:
            device.unplug()
        self.cable.unplug()
        self.resting += self.devices
        self.devices, self.looked = [], ()
        self.system.close()
