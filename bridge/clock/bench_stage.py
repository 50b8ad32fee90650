"""A player, the clock that it follows and ears at its output, for `resonantgen bench clock`.

What is heard says where the music is: the loop is a cosine on the left and a sine on the right, one turn of
four bars, so that two samples are a place in it. No mark in the sound has to be waited for, and it is as
exact as the samples themselves (a hundredth of one).
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bridge.clock.bench_server import SAMPLE_RATE
from bridge.clock.clock import STEP_S, Clock
from bridge.clock.moments import look
from bridge.grid import Grid
from bridge.jack_player import JackPlayer
from bridge.jack_probe import import_jack
from engine import commands as c
from engine import events as e
from engine.config import ClockConfig
from engine.errors import EngineError
from engine.music.key import Signature
from engine.units import beats_to_samples

LOOP_BEATS = 16.0
POLL_S = 1.0
HEAR_S = 0.2  # between two looks at what is heard
WHOLE = 0.02  # so near to a circle lies every place of the loop; silence, and a block that came late, do not


@dataclass(frozen=True)
class Heard:
    """At the system time `at_s`, and the transport's frame then, this beat of the loop was heard."""

    at_s: float
    frame: int
    beat: float


class Ears:
    """A JACK client that hears the mix, five times a second."""

    def __init__(self, server: str) -> None:
        jack = import_jack()
        self._client = jack.Client("ears", no_start_server=True, servername=server)
        self._ports = [self._client.inports.register(side) for side in "LR"]
        self._looks: deque[tuple[int, float, float]] = deque(maxlen=64)
        self._next_frame = 0
        self._rolling = jack.ROLLING
        self._gone = threading.Event()
        self._client.set_shutdown_callback(lambda status, reason: self._gone.set())
        self._client.set_process_callback(self._process)
        self._client.activate()
        for side, port in zip("LR", self._ports, strict=True):
            self._client.connect(f"resonantgen:mix_{side}", port)

    def _process(self, frames: int) -> None:
        state, position = self._client.transport_query_struct()
        if state == self._rolling and abs(position.frame - self._next_frame) >= HEAR_S * SAMPLE_RATE:
            self._next_frame = position.frame
            left, right = (float(port.get_array()[0]) for port in self._ports)
            self._looks.append((position.frame, left, right))

    def heard(self) -> list[Heard]:
        """What was heard since the last time. EngineError `not_available` where the server has gone."""
        if self._gone.is_set():
            raise EngineError("not_available", "the JACK server has gone")
        now_s, frame_now = look(lambda: int(self._client.transport_frame))
        heard = []
        while self._looks:
            frame, left, right = self._looks.popleft()
            if abs(math.hypot(left, right) - 1.0) < WHOLE:
                turn = math.atan2(right, left) / (2.0 * math.pi) % 1.0
                at_s = now_s - (frame_now - frame) / SAMPLE_RATE
                heard.append(Heard(at_s, frame, turn * LOOP_BEATS))
        return heard

    def close(self) -> None:
        """A client whose server has gone is left to libjack."""
        if not self._gone.is_set():
            self._client.deactivate()
            self._client.close()


class Stage:
    """`run` plays; `tempo_bpm` is the set's to begin with."""

    def __init__(self, server: str, config: ClockConfig, tempo_bpm: float) -> None:
        self.player = JackPlayer(["drums"], server_name=server, connect=False, midi=False)
        self.clock = Clock(self.player, config, self._obey, lambda event: None)
        self.grid = Grid()
        self._obey(c.SetTempo(tempo_bpm))
        self.player.swap("drums", self.player.prepare(turning(tempo_bpm)), "now", self.grid)
        self.ears = Ears(server)

    def _obey(self, command: c.Command) -> None:
        """As the engine does: the set takes it, the player follows."""
        if isinstance(command, c.SetTempo):
            self.grid = replace(self.grid, tempo_bpm=command.tempo_bpm)
            self.clock.note(e.Tempo(command.tempo_bpm))
        elif isinstance(command, c.SetSignature):
            self.grid = replace(self.grid, signature=Signature(command.beats, command.unit))
            self.clock.note(e.SignatureChanged(command.beats, command.unit))
        self.player.set_grid(self.grid)

    async def run(self, seconds: float, hear: Any) -> None:
        """`hear` takes each Heard."""
        end_s = time.perf_counter() + seconds
        polled_s = heard_s = 0.0
        while (now_s := time.perf_counter()) < end_s:
            self.clock.step()
            if now_s - polled_s >= POLL_S:
                polled_s = now_s
                self.player.poll()
            if now_s - heard_s >= HEAR_S:
                heard_s = now_s
                for heard in self.ears.heard():
                    hear(heard)
            await asyncio.sleep(STEP_S)

    async def close(self) -> None:
        self.ears.close()
        self.player.stop()
        self.player.close()
        await self.clock.close()


def turning(tempo_bpm: float) -> np.ndarray:
    """One turn of four bars. [N, C=2]"""
    count = beats_to_samples(LOOP_BEATS, tempo_bpm)
    angle = np.arange(count) * (2.0 * np.pi / count)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


class Ticker:
    """MIDI clock in the clock's own ear, from a thread of its own: each tick in its time, stamped with
    jitter (standard deviation)."""

    def __init__(
        self, clock: Clock, loop: asyncio.AbstractEventLoop, tempo_bpm: float, jitter_s: float
    ) -> None:
        self._clock, self._loop, self._period_s, self._jitter_s = clock, loop, 2.5 / tempo_bpm, jitter_s
        self._random = np.random.default_rng(1)
        self._ends = threading.Event()
        self.begun_s = time.perf_counter() + 1.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        tick = 0
        while not self._ends.wait(max(0.0, self.begun_s + tick * self._period_s - time.perf_counter())):
            if tick == 0:
                self._say(b"\xfa", self.begun_s)
            self._say(
                b"\xf8", self.begun_s + tick * self._period_s + self._random.normal(0.0, self._jitter_s)
            )
            tick += 1

    def _say(self, message: bytes, at_s: float) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._clock.midi.hear, "bench", message, at_s)

    def beat_at(self, at_s: float) -> float:
        return (at_s - self.begun_s) / self._period_s / 24.0

    def close(self) -> None:
        self._ends.set()
        self._thread.join()
