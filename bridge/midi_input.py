"""The controller of the settings, plugged in: map, ports and lights as one thing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import mido

from bridge.midi_controller import MidiController
from bridge.midi_map import load_map
from bridge.midi_ports import MidiPorts
from engine import events as e
from engine.config import Config

log = logging.getLogger(__name__)


class MidiInput:
    """Everything on the control thread. `submit_osc` reports refusals itself.

    EngineError names what is wrong in the controller's file.
    """

    def __init__(
        self, config: Config, tracks: Sequence[str], submit_osc: Callable[[str, list[Any]], None]
    ) -> None:
        self.config = config
        controller_map = load_map(config.midi.controller, tracks)
        self.ports = MidiPorts(config.midi, controller_map.device, self._receive, config.jack.server)
        self.controller = MidiController(controller_map, submit_osc, self.ports.send)

    def _receive(self, message: Any) -> None:
        self.controller.receive(message)

    def start(self, snapshot: Iterable[e.Event]) -> list[str]:
        """Open the ports and light every pad as things stand; the names of the ports.

        EngineError `not_available` where there is no MIDI: the engine does without.
        """
        names = self.ports.open()
        for event in snapshot:
            self.controller.show(event)
        self.controller.refresh()
        log.info("MIDI: %s at %s", self.controller.map.name, ", ".join(names))
        return names

    @property
    def is_open(self) -> bool:
        return bool(self.ports.inputs)

    def show(self, event: e.Event) -> None:
        """An event of the engine: to be subscribed."""
        self.controller.show(event)

    def send_clock(self, message: bytes) -> None:
        """A message of MIDI clock, to whom the settings want it sent."""
        if self.config.clock.midi_out:
            self.ports.send(mido.Message.from_bytes(message))

    async def run(self) -> None:
        """Play until cancelled."""
        await self.ports.run()

    def close(self) -> None:
        self.controller.dark()
        self.ports.close()
