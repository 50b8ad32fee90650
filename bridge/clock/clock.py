"""The clock as a whole: every source, which of them leads, and the player that follows. Control thread.

JACK, Link, MIDI, OSC, our own --Reading--> Chooser -> Conductor -> Player, and tempi asked of the engine
what the musician changes here --told-----> Link
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from bridge.clock.chooser import Chooser
from bridge.clock.conductor import Conductor, SetFrame
from bridge.clock.internal import InternalClock
from bridge.clock.jack import JackClock
from bridge.clock.link import LinkClock
from bridge.clock.midi import MidiClock
from bridge.clock.moments import look
from bridge.clock.osc import OscClock
from bridge.clock.reading import Reading, Source
from bridge.clock.sender import ClockSender
from bridge.player import Player, Transport
from engine import commands as c
from engine import events as e
from engine.config import ClockConfig
from engine.errors import EngineError
from engine.music.key import Signature
from engine.units import MAX_TEMPO_BPM, MIN_TEMPO_BPM, seconds_to_beats

STEP_S = 0.015
LOOK_AROUND_S = 1.0
INSTEAD = "change it there, or take the clock by /rg/clock/source internal"
NAMES = {"jack": "another program on JACK", "midi": "MIDI clock", "osc": "the host over OSC"}


class Clock:
    """`step` some 60 times a second; `note` every event of the engine. `ask` takes a command for it."""

    def __init__(
        self, player: Player, config: ClockConfig, ask: Callable[[c.Command], None],
        publish: Callable[[e.Event], None], now: Callable[[], float] = time.perf_counter,
        later: Callable[[float, Callable[[], None]], object] | None = None,
    ) -> None:  # fmt: skip
        """`later` runs a call after so many seconds; the running event loop's, where none is given."""
        self._player, self._config, self._ask, self._publish, self._now = player, config, ask, publish, now
        self._chooser = Chooser()
        self.midi, self.osc = MidiClock(), OscClock()
        self.link = LinkClock(config.start_stop_sync)
        self.sources: dict[str, Source] = {
            "jack": JackClock(player, lambda: self._chooser.asked == "jack"),
            "link": self.link,
            "midi": self.midi,
            "osc": self.osc,
            "internal": InternalClock(player.transport),
        }  # fmt: skip
        self._latency_s = 0.0  # of the player, as of the last look
        self.conductor = Conductor(player, self._ask_tempo, self._ask_signature, later or call_later)
        self._frame = SetFrame(120.0, Signature())
        self._is_asking = False
        self._looked_around_s = float("-inf")
        self._leaving: object = None  # a session of Link, which takes a moment
        self._readings: dict[str, Reading | None] = {}
        self._reading: Reading | None = None  # of the one that leads
        self.sender: ClockSender | None = None  # of MIDI clock
        self.active = e.ClockActive("internal", "our own tempo and position")

    # --- the musician's hand ----------------------------------------------------------------------

    def choose(self, source: str) -> None:
        """By hand, or `auto`; EngineError `not_available` where that clock is not to be had."""
        if source != "auto":
            self.sources[source].check()
        self._chooser.ask(source)
        self.osc.forgive()
        self._player.follow(source in ("auto", "jack"))
        self._join_or_leave()

    def _join_or_leave(self) -> None:
        wanted = self._chooser.asked == "link" or (self._config.link and self.link.is_installed)
        if wanted and not self.link.is_joined:
            self.link.set_quantum(self._quantum_beats())
            self.link.join(self._frame.tempo_bpm)
        elif not wanted and self.link.is_joined:
            self._leaving = asyncio.ensure_future(self.link.leave())

    def check(self, command: c.Command) -> None:
        """EngineError `locked` for what the clock that leads would undo at once."""
        reading, leader = self._reading, self.active.source
        if reading is None or leader not in NAMES or (leader == "jack" and not self._is_led):
            return
        if isinstance(command, c.SetTempo) and leader != "osc":
            if abs(command.tempo_bpm - self._frame.tempo_bpm) > 0.005:
                tempo = f"{self._frame.tempo_bpm:g} bpm are {NAMES[leader]}'s"
                raise EngineError("locked", f"the {tempo}; {INSTEAD}")
        elif isinstance(command, c.Locate) and leader != "jack" and reading.rolling and self._is_rolling:
            raise EngineError("locked", f"the position is {NAMES[leader]}'s while it rolls; {INSTEAD}")

    @property
    def _is_rolling(self) -> bool:
        return self._player.transport().rolling

    @property
    def _is_led(self) -> bool:
        """By another program's bar and beat on JACK."""
        return self._player.transport().following

    def play(self) -> None:
        """At once; with Link at the next bar, as everybody does there."""
        self.conductor.play(self._reading if self.active.source != "internal" else None)
        self.link.tell_playing(True)
        self._send(self._now())

    def stop(self) -> None:
        self.conductor.stop()
        self.link.tell_playing(False)
        self._send(self._now())

    def hear_midi(self, port: object, message: bytes, at_s: float) -> None:
        """A message of MIDI clock. A start is followed at once, not with the next step."""
        was_rolling = self.midi.is_rolling
        self.midi.hear(port, message, at_s)
        if self.midi.is_rolling and not was_rolling:
            self.step()

    def told(self, command: c.ReportPosition, host: str) -> None:
        """A host has told its position. A start, a stop and another tempo are followed at once: what the
        musician asks for next is meant to come after it."""
        before = self.osc.told
        self.osc.tell(host, command.beat, command.tempo_bpm, command.rolling, self._now())
        if self.osc.told != before:
            self.step()

    # --- the engine -------------------------------------------------------------------------------

    def note(self, event: e.Event) -> None:
        """An event of the engine: a tempo that did not come from a clock is the musician's."""
        if isinstance(event, e.Tempo):
            is_ours = self._is_asking or event.tempo_bpm == self._frame.tempo_bpm
            self._frame = replace(self._frame, tempo_bpm=event.tempo_bpm)
            if not is_ours:
                self._leave_tempi()
                self.link.tell_tempo(event.tempo_bpm)
        elif isinstance(event, e.SignatureChanged):
            self._frame = replace(self._frame, signature=Signature(event.beats, event.unit))
            self.link.set_quantum(self._quantum_beats())

    @property
    def tempo_leader(self) -> str:
        """Who leads the tempo and takes none of ours; "" where nobody does."""
        leader = self.active.source
        keeps = {"midi": True, "jack": self._is_led, "osc": self.osc.keeps_tempo}
        return NAMES[leader] if keeps.get(leader, False) else ""

    def _leave_tempi(self) -> None:
        """Give hosts and sessions the time to take the musician's tempo over; also one that is about to lead.
        Who cannot leads on with its own; a host tells the tempo before the place, and so is waited for."""
        if self.tempo_leader and self.active.source != "osc":
            return
        tempi = [r.tempo_bpm for name, r in self._readings.items() if r is not None and name != "internal"]
        self.conductor.tempo.leave(tempi, self._now())

    def _quantum_beats(self) -> float:
        return self._config.link_quantum_beats or self._frame.signature.bar_beats

    def _ask_tempo(self, tempo_bpm: float) -> None:
        self._ask_ourselves(c.SetTempo(tempo_bpm))

    def _ask_signature(self, signature: Signature) -> None:
        self._ask_ourselves(c.SetSignature(signature.beats, signature.unit))

    def _ask_ourselves(self, command: c.Command) -> None:
        self._is_asking = True
        try:
            self._ask(command)
        finally:
            self._is_asking = False

    # --- the clocks -------------------------------------------------------------------------------

    async def close(self) -> None:
        await self.link.leave()

    def step(self) -> None:
        """Look at every clock, and let the player follow the one that leads."""
        now_s = self._now()
        readings = self._readings = {name: source.read(now_s) for name, source in self.sources.items()}
        leader = self._chooser.choose(self._fit(readings), now_s)
        reading = self._reading = readings[leader]
        assert reading is not None, leader
        if leader != self.active.source:
            self.conductor.lead()
        self._tell(leader, reading)
        if leader == "jack":
            self.conductor.follow_frame(reading, self._frame, reading.tempo_bpm, now_s)
        elif leader != "internal":
            # Player and clock as of one moment: a thread that was held up in between would see a drift.
            at_s, here = look(self._player.transport, self._now)
            reading = self.sources[leader].read(at_s) or reading
            self.conductor.follow(self._for_player(reading), here, self._frame, at_s)
        if leader == "osc" and self.conductor.tempo.take_kept() and self.osc.note_kept():
            told = f"{NAMES['osc']} keeps {reading.tempo_bpm:g} bpm"
            self._publish(e.Log("warning", f"{told}: {INSTEAD}"))
        if now_s - self._looked_around_s >= LOOK_AROUND_S:
            self._look_around(now_s)
        self._send(now_s)

    def _fit(self, readings: dict[str, Reading | None]) -> dict[str, Reading | None]:
        """Those that may lead: a clock at rest does not take over from music that rolls by itself, and one
        that no set can keep up with does not at all."""
        unfit = {name for name, reading in readings.items() if reading is not None and is_beyond(reading)}
        if self._chooser.asked == "auto" and self._is_rolling:
            at_rest = {n for n, r in readings.items() if r is not None and r.rolling is False}
            unfit |= at_rest - {self.active.source}
        return readings | dict.fromkeys(unfit - {"internal"})

    def _for_player(self, reading: Reading) -> Reading:
        """What the player has to write now, to be heard in time."""
        offset_s = self._config.offset_ms / 1000.0 + self._latency_s
        if reading.rolling is False or not offset_s:
            return reading
        return replace(reading, beat=reading.beat + seconds_to_beats(offset_s, reading.tempo_bpm))

    def _look_around(self, now_s: float) -> None:
        """Once a second: what takes the sound to the speakers, and a session of Link that is all ours."""
        self._looked_around_s = now_s
        status = self._player.status()
        self._latency_s = status.latency_s
        if self.link.may_come_back(now_s):
            self._join_or_leave()
        self.conductor.expect(status.block_size / status.sample_rate)
        heard = self._heard()
        if self.link.is_joined and heard.rolling:
            self.link.keep_in_step(heard.beat, now_s)

    def _send(self, now_s: float) -> None:
        if self.sender is not None:
            self.sender.step(self._heard(), now_s)

    def _heard(self) -> Transport:
        """Where the music is at the speakers."""
        here = self._player.transport()
        late_beats = seconds_to_beats(self._latency_s, here.tempo_bpm)
        return replace(here, beat=here.beat - late_beats) if here.rolling else here

    def _tell(self, leader: str, reading: Reading) -> None:
        active = e.ClockActive(leader, self._detail(leader, reading))
        if active != self.active:
            self.active = active
            self._publish(active)

    @property
    def text(self) -> str:
        """Who leads, and how far the music is off: for /rg/status."""
        error_s = self.conductor.phase.error_s if self.active.source != "internal" else None
        off = "" if error_s is None else f", {error_s * 1000.0:+.2f} ms"
        return f"clock {self.active.source} ({self.active.detail}{off})"

    def _detail(self, leader: str, reading: Reading) -> str:
        asked = self._chooser.asked
        beyond = [n for n, r in self._readings.items() if r is not None and is_beyond(r)]
        if leader == "internal" and beyond:
            return f"{beyond[0]} is outside {MIN_TEMPO_BPM:g} to {MAX_TEMPO_BPM:g} bpm: our own tempo"
        if leader == "internal" and asked not in ("auto", "internal"):
            return f"{asked} was chosen and is not there yet: our own tempo and position"
        return reading.detail


def is_beyond(reading: Reading) -> bool:
    """Whether its tempo is none that a set can have."""
    is_known = reading.settled and reading.rolling is not False
    return is_known and not MIN_TEMPO_BPM <= reading.tempo_bpm <= MAX_TEMPO_BPM


def call_later(delay_s: float, call: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(delay_s, call)
