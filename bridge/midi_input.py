"""The MIDI controller joined to the house: ports, map and lights, or the reason why there are none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from bridge.midi_controller import MidiController
from bridge.midi_map import load_map
from bridge.midi_ports import MidiPorts
from engine import commands as c
from engine import events as e
from engine.config import Config
from engine.errors import EngineError

log = logging.getLogger(__name__)
NOT_YET = "MIDI learn is not there yet; edit the controller's TOML file"


class MidiInput:
    """`submit_osc(address, args)` carries out what a pad asks for."""

    def __init__(
        self, config: Config, tracks: Sequence[str], submit_osc: Callable[[str, list[Any]], None]
    ) -> None:
        """EngineError `not_found`, `unknown`, `range` or `file` for a controller map that is none."""
        self.map = load_map(config.midi.controller, tracks)
        self.ports = MidiPorts(config.midi, self.map.device, self._receive, config.jack.server)
        self.controller = MidiController(self.map, submit_osc, self.ports.send)
        self.task: asyncio.Task[None] | None = None

    def _receive(self, message: Any) -> None:
        self.controller.receive(message)

    def open(self, snapshot: Sequence[e.Event]) -> None:
        """Open the ports and light the pads; without MIDI on this machine, say so and go on."""
        try:
            names = self.ports.open()
        except EngineError as error:
            log.info("no MIDI: %s", error.text)
            return
        log.info("MIDI: %s", ", ".join(names))
        for event in snapshot:
            self.controller.show(event)
        self.controller.refresh()
        self.task = asyncio.get_running_loop().create_task(self.ports.run())

    def close(self) -> None:
        if self.task is not None:
            self.task.cancel()
            self.controller.dark()
            self.ports.close()

    # --- commands of the contract -----------------------------------------------------------------

    def answer(self, command: c.Command, origin: e.Origin, publish: Callable[[e.Event], None]) -> None:
        """`/rg/midi/…`: the list of bindings; learning is refused until it is there."""
        if not isinstance(command, c.ListMidiBindings):
            raise EngineError("not_available", NOT_YET)
        rows = [(str(binding.control), binding.address) for binding in self.map.bindings] or [("", "")]
        count = len(self.map.bindings)
        for index, (control, address) in enumerate(rows, 1):
            values = (index if count else 0, count, control, address)
            publish(e.Reply(origin, "/rg/midi/binding", values))
