"""A sender of MIDI clock, in simulated time: ticks where a song's tempo puts them, and jitter on top."""

import random

from bridge.clock.midi import CONTINUE, SONG_POSITION, START, STOP, TICK, MidiClock

LATENCY_S = 0.003


class Sender:
    """`run` sends ticks for a while; what it sends in between comes with the time of the last tick."""

    def __init__(self, clock: MidiClock, tempo_bpm: float = 120.0, jitter_s: float = 0.001, seed: int = 1):
        self.clock, self.tempo_bpm, self.jitter_s = clock, tempo_bpm, jitter_s
        self.random = random.Random(seed)
        self.now_s = 100.0
        self.tick = 0  # that comes next
        self.lost = self.late = 0  # ticks that do not arrive, or only with the one after them
        self.waiting = []

    @property
    def period_s(self) -> float:
        return 60.0 / (24 * self.tempo_bpm)

    @property
    def beat(self) -> float:
        """Where the song is at `now_s`, the moment of the latest tick."""
        return (self.tick - 1) / 24

    def run(self, seconds: float, look=None, tempo_of=None) -> None:
        """`look(now_s, beat)` is called with every tick; `tempo_of(seconds since)` is a tempo curve."""
        end_s = self.now_s + seconds
        begun_s = self.now_s
        while self.now_s + self.period_s <= end_s + 1e-9:
            if tempo_of is not None:
                self.tempo_bpm = tempo_of(self.now_s - begun_s)
            self.now_s += self.period_s
            self.tick += 1
            self._deliver()
            if look is not None:
                look(self.now_s, self.beat)

    def _deliver(self) -> None:
        if self.lost:
            self.lost -= 1
            return
        if self.late:
            self.late -= 1
            self.waiting.append(self.now_s)
            return
        for _ in [*self.waiting, self.now_s]:
            self.clock.hear("port", bytes([TICK]), self.now_s + self.random.gauss(0, self.jitter_s))
        self.waiting.clear()

    def start(self) -> None:
        self.tick = 0
        self._say(START)

    def stop(self) -> None:
        self._say(STOP)

    def go_on(self) -> None:
        self._say(CONTINUE)

    def locate(self, sixteenth: int) -> None:
        self.tick = sixteenth * 6
        self._say(SONG_POSITION, sixteenth & 127, sixteenth >> 7)

    def _say(self, *message: int) -> None:
        self.clock.hear("port", bytes(message), self.now_s)
