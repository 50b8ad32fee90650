"""MIDI clock out: ticks, start, continue, stop and song position of the music, for whoever follows us.

    rolls from beat 0          start, and the tick of beat 0
    rolls from anywhere else   song position of the next sixteenth at once, continue with the tick of that
    jumps                      stop, then as above
    at rest                    ticks go on at the tempo (lights blink by them, followers know the tempo)

Ticks are put off to their time, two steps ahead at most, so that a shift of the music moves them too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from bridge.clock.midi import CONTINUE, SONG_POSITION, START, STOP, TICK, TICKS_PER_POSITION
from bridge.clock.ticks import TICKS_PER_BEAT
from bridge.player import Transport
from engine.units import beats_to_seconds, seconds_to_beats

AHEAD_S = 0.03
JUMP_BEATS = 0.25
LATE_S = 0.06  # a start that is noticed so late is still one from beat 0
LAST_POSITION = 2**14 - 1  # sixteenths: 14 bits


class ClockSender:
    """`step` some 60 times a second. `send` takes a message; `later` runs a call in so many seconds."""

    def __init__(
        self, send: Callable[[bytes], None], later: Callable[[float, Callable[[], None]], object]
    ) -> None:
        self._send, self._later = send, later
        self._rolls = False
        self._course = 0  # counts stops and jumps: what was put off before them is not sent
        self._tick = 0  # the next one to put off, counted from beat 0, while it rolls
        self._rest_s = 0.0  # when the next one is due, at rest
        self._beat, self._at_s = 0.0, 0.0  # as of the last step

    def step(self, here: Transport, now_s: float) -> None:
        if self._rolls and (not here.rolling or self._has_jumped(here, now_s)):
            self._stop(now_s)
            self._beat = here.beat
        if here.rolling and not self._rolls:
            self._begin(here)
        elif not here.rolling and here.beat != self._beat:
            self._put(math.floor(here.beat * TICKS_PER_BEAT / TICKS_PER_POSITION))
        if here.rolling:
            self._put_off_ticks(here)
        else:
            self._rest(here, now_s)
        self._beat, self._at_s = here.beat, now_s

    def _has_jumped(self, here: Transport, now_s: float) -> bool:
        expected = self._beat + seconds_to_beats(now_s - self._at_s, here.tempo_bpm)
        return abs(here.beat - expected) > JUMP_BEATS

    def _stop(self, now_s: float) -> None:
        self._rolls, self._course, self._rest_s = False, self._course + 1, now_s
        self._send(bytes([STOP]))

    def _begin(self, here: Transport) -> None:
        self._rolls, self._course = True, self._course + 1
        if beats_to_seconds(here.beat, here.tempo_bpm) <= LATE_S:
            self._tick = 0
            self._send(bytes([START]))
            return
        sixteenth = math.ceil(here.beat * TICKS_PER_BEAT / TICKS_PER_POSITION)
        self._tick = sixteenth * TICKS_PER_POSITION
        self._put(sixteenth)
        self._put_off(self._tick, here, bytes([CONTINUE]))

    def _put(self, sixteenth: int) -> None:
        """The song position, as far as it can be told."""
        if 0 <= sixteenth <= LAST_POSITION:
            self._send(bytes([SONG_POSITION, sixteenth & 0x7F, sixteenth >> 7]))

    def _put_off_ticks(self, here: Transport) -> None:
        last = (here.beat + seconds_to_beats(AHEAD_S, here.tempo_bpm)) * TICKS_PER_BEAT
        while self._tick <= last:
            self._put_off(self._tick, here, bytes([TICK]))
            self._tick += 1

    def _put_off(self, tick: int, here: Transport, message: bytes) -> None:
        delay_s = beats_to_seconds(tick / TICKS_PER_BEAT - here.beat, here.tempo_bpm)
        self._later(max(0.0, delay_s), partial(self._send_in_course, self._course, message))

    def _send_in_course(self, course: int, message: bytes) -> None:
        if course == self._course:
            self._send(message)

    def _rest(self, here: Transport, now_s: float) -> None:
        period_s = beats_to_seconds(1 / TICKS_PER_BEAT, here.tempo_bpm)
        if self._rest_s < now_s - period_s:
            self._rest_s = now_s
        while self._rest_s <= now_s + AHEAD_S:
            delay_s = max(0.0, self._rest_s - now_s)
            self._later(delay_s, partial(self._send_in_course, self._course, bytes([TICK])))
            self._rest_s += period_s
