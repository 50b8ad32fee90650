"""The clock as a whole: the sources, who of them leads, and the player that follows. Control thread."""

from __future__ import annotations

import time
from collections.abc import Callable

from bridge.clock.chooser import Chooser
from bridge.clock.conductor import Conductor
from bridge.clock.internal import InternalClock
from bridge.clock.midi import MidiClock
from bridge.clock.osc import OscClock
from bridge.clock.reading import Reading, Source
from bridge.player import Player
from engine import commands as c
from engine import events as e
from engine.errors import EngineError

STEP_S = 0.015


class Clock:
    """`step` some 50 times a second. `set_tempo` asks the engine for a tempo, `publish` takes the news."""

    def __init__(
        self, player: Player, set_tempo: Callable[[float], None], publish: Callable[[e.Event], None],
        now: Callable[[], float] = time.perf_counter,
    ) -> None:  # fmt: skip
        self._player, self._publish, self._now = player, publish, now
        self.midi, self.osc = MidiClock(), OscClock()
        self.sources: dict[str, Source] = {
            "midi": self.midi, "osc": self.osc, "internal": InternalClock(player.transport),
        }  # fmt: skip
        self._chooser = Chooser()
        self._conductor = Conductor(player, set_tempo)
        self.active = e.ClockActive("internal", "our own tempo and position")

    def choose(self, source: str) -> None:
        """By hand, or `auto`; EngineError `not_available` where that clock is not to be had."""
        if source in self.sources:
            self.sources[source].check()
        elif source != "auto":
            raise EngineError(
                "not_available", f"{source} is not there; allowed: auto, {', '.join(self.sources)}"
            )
        self._chooser.ask(source)

    def told(self, command: c.ReportPosition) -> None:
        """A host has told its position."""
        self.osc.tell(command.beat, command.tempo_bpm, command.rolling, self._now())

    def step(self) -> None:
        """Look at every clock, and let the player follow the one that leads."""
        now_s = self._now()
        readings = {name: source.read(now_s) for name, source in self.sources.items()}
        leader = self._chooser.choose(readings, now_s)
        reading = readings[leader]
        assert reading is not None, leader
        if leader != self.active.source:
            self._conductor.lead()
        self._tell(leader, reading)
        if leader != "internal":
            self._conductor.follow(reading, now_s)

    def _tell(self, leader: str, reading: Reading) -> None:
        active = e.ClockActive(leader, reading.detail)
        if active != self.active:
            self.active = active
            self._publish(active)
