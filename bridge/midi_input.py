"""The musician's controllers: maps, ports, lights and what they learn as one thing.

message -> Learner, or MidiController -> submit_osc
event of the engine -> World -> names of what changed -> Panel -> lights
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import mido

from bridge.clock.midi_cable import MidiCable
from bridge.midi_controller import MidiController
from bridge.midi_device import Device
from bridge.midi_learn import Learner
from bridge.midi_learned import Learned
from bridge.midi_map import ControllerMap
from bridge.midi_plugs import Plugs
from bridge.midi_ports import HearClock
from bridge.midi_setup import Setup
from bridge.midi_system import MidiSystem
from bridge.midi_world import World
from engine import events as e
from engine.config import Config, controller_folder
from engine.errors import EngineError

log = logging.getLogger(__name__)

POLL_S = 0.002
LOOK_S = 0.5  # how often the names of the ports are looked at
RETRY_S = 1.0  # and how often for a MIDI system where there is none


class MidiInput:
    """Everything on the control thread. `submit_osc` reports refusals itself; `post` brings a call here from
    another thread.

    EngineError names what is wrong in a controller's file.
    """

    def __init__(
        self,
        config: Config,
        tracks: Sequence[str],
        submit_osc: Callable[[str, list[Any]], None],
        publish: Callable[[e.Event], None],
        post: Callable[[Callable[[], None]], None],
    ) -> None:
        self.config = config
        self.submit_osc = submit_osc
        self.publish = publish
        self.world = World(tracks, lambda: submit_osc("/rg/scene/list", []))
        self.system = MidiSystem(config.midi, config.jack.server)
        self.learned = Learned(controller_folder(config), tracks)
        self.plugs = Plugs(self.system, Setup(config, tracks), self.learned, self._controller)
        self.learner = Learner(self.learned, config.midi.pickup, publish, post, self._relearn)
        self.cable = MidiCable(self.system, config.clock.midi_in, config.clock.midi_out_port)
        self.hear_clock: HearClock = lambda port, data, at_s: None
        self.looked_at_s = self.tried_at_s = 0.0
        self.failures: set[str] = set()
        # What came in; it is kept here so that one message that goes wrong takes no other along.
        self.heard: deque[tuple[Device, mido.Message]] = deque()

    def _controller(
        self, controller_map: ControllerMap, send: Callable[[mido.Message], None]
    ) -> MidiController:
        return MidiController(controller_map, self.world, self.submit_osc, send, self._refuse, self._show)

    def _refuse(self, error: EngineError) -> None:
        """A press that has nothing to ask for."""
        self.publish(e.Log("warning", error.text))

    def _relearn(self) -> None:
        """Something was learned, or is to be: then every controller may be the one."""
        self.plugs.listens_to_all = self.learner.is_learning
        self.plugs.look_again()

    # --- opening, closing -------------------------------------------------------------------------

    def start(self, snapshot: Iterable[e.Event]) -> list[str]:
        """Open what there is and light every pad as things stand; the names of the ports.

        EngineError `not_available` where there is no MIDI: the engine does without, and `run` tries again.
        """
        try:
            self.learned.load()
        except EngineError as error:
            self.publish(e.Log("warning", error.text))
        for event in snapshot:
            self.world.note(event)
        self.world.list_scenes()
        self.tried_at_s = time.monotonic()
        return self._open()

    def _open(self) -> list[str]:
        self.system.open()
        self.plugs.open()
        names = ["resonantgen (in)", "resonantgen (out)"] if self.plugs.virtual is not None else []
        names += [name for device in self.plugs.devices for name in device.port_names if name]
        there = [device.name for device in self.plugs.everyone]
        log.info("MIDI: %s at %s", ", ".join(there) or "nothing", ", ".join(names) or "no port yet")
        return names

    @property
    def is_open(self) -> bool:
        return self.system.is_open and not self.system.gone

    def close(self) -> None:
        """Every light off; then let go of the ports."""
        self.learner.close()
        for device in self.plugs.everyone:
            device.dark()
        self.system.let_out()
        self.plugs.rest()
        self.cable.unplug()
        self.system.close()

    # --- at work ----------------------------------------------------------------------------------

    def show(self, event: e.Event) -> None:
        """An event of the engine: to be subscribed."""
        changed = self.world.note(event)
        if changed:
            self._show(changed)

    def _show(self, changed: set[str]) -> None:
        for device in self.plugs.everyone:
            device.controller.show(changed)

    def send_clock(self, data: bytes) -> None:
        """A message of MIDI clock: to controllers whose lights go by it, and out of our own port where the
        settings want it."""
        message = mido.Message.from_bytes(data)
        for device in self.plugs.devices:
            if self._sends_clock_to(device):
                device.send(message)
        if self.config.clock.midi_out:
            self.cable.send(message)
            if self.plugs.virtual is not None:
                self.plugs.virtual.send(message)

    def _sends_clock_to(self, device: Device) -> bool:
        return device.map.clock and self.config.midi.send_clock and device is not self.plugs.virtual

    async def run(self) -> None:
        """Play until cancelled. Whatever goes wrong with one message, the next one is heard."""
        while True:
            try:
                self.step()
            except Exception as error:
                self._fail(error)
            await asyncio.sleep(POLL_S)

    def _fail(self, error: Exception) -> None:
        """With the traceback in the log, and once to everybody: it may be so with every step."""
        text = f"MIDI: {type(error).__name__}: {error}"
        if text not in self.failures:
            self.failures.add(text)
            log.error("%s", text, exc_info=error)
            self.publish(e.Log("error", text))

    def step(self) -> None:
        """What came in, and what is due."""
        if self.system.gone:
            self._abandon()
        now_s = time.monotonic()
        if not self.system.is_open:
            self._try_again(now_s)
        elif now_s - self.looked_at_s >= LOOK_S:
            self.looked_at_s = now_s
            self.plugs.look()
            self.cable.look(*self.system.names())
        self.learner.step()
        for device in self.plugs.everyone:
            device.light_when_due()
            heard = device.waiting(self._deaf if self._sends_clock_to(device) else self.hear_clock)
            self.heard.extend((device, message) for message in heard)
        while self.heard:
            self._receive(*self.heard.popleft())
        self.cable.hear(self.hear_clock)

    def _receive(self, device: Device, message: mido.Message) -> None:
        device.notice(message)
        if not self.learner.takes(device, message):
            device.controller.receive(message)

    @staticmethod
    def _deaf(port: object, data: bytes, at_s: float) -> None:
        """Who is sent our clock may send it back, and the music would follow itself."""

    def _try_again(self, now_s: float) -> None:
        """A JACK server may have come, or come back."""
        if now_s - self.tried_at_s < RETRY_S:
            return
        self.tried_at_s = now_s
        with contextlib.suppress(EngineError):
            self._open()

    def _abandon(self) -> None:
        log.warning("the MIDI ports have gone with the JACK server")
        self.plugs.rest()
        self.cable.unplug()
        self.system.close()
