"""Makes the player follow the clock that leads: start and stop, place, tempo.

what the clock did                      what the player does
starts, stops                           the same, when it happens: a musician who starts or stops against
                                        the clock is let
jumps (further off than a sixteenth)    locates
changes tempo                           the set's tempo changes with it
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.clock.reading import Reading
from bridge.player import Player, Transport
from engine.errors import EngineError
from engine.units import MAX_TEMPO_BPM, MIN_TEMPO_BPM

JUMP_BEATS = 0.25
LOCATE_SETTLES_S = 0.25  # a JACK transport takes some blocks to arrive


class Conductor:
    """`lead` when another clock takes over, then `follow` some 50 times a second."""

    def __init__(self, player: Player, set_tempo: Callable[[float], None]) -> None:
        self._player = player
        self._set_tempo = set_tempo
        self._was_rolling: bool | None = None
        self._tempo_bpm = 0.0
        self._located_at_s = float("-inf")

    def lead(self) -> None:
        """Another clock leads: nothing is known of it yet."""
        self._was_rolling = None
        self._tempo_bpm = 0.0

    def follow(self, reading: Reading, now_s: float) -> None:
        here = self._player.transport()
        self._follow_tempo(reading.tempo_bpm)
        # Before its beat 0 a host counts in: we come in with the first beat.
        rolling = None if reading.rolling is None else reading.rolling and reading.beat >= 0.0
        if rolling is not None and rolling != self._was_rolling:
            self._start_or_stop(reading, rolling, here, now_s)
        elif (rolling is not False and here.rolling) or (not here.rolling and rolling is False):
            self._follow_place(reading, here, now_s)
        self._was_rolling = rolling

    def _follow_tempo(self, tempo_bpm: float) -> None:
        if tempo_bpm != self._tempo_bpm and MIN_TEMPO_BPM <= tempo_bpm <= MAX_TEMPO_BPM:
            self._tempo_bpm = tempo_bpm
            self._set_tempo(tempo_bpm)

    def _start_or_stop(self, reading: Reading, rolling: bool, here: Transport, now_s: float) -> None:
        if not rolling:
            if here.rolling and self._was_rolling:  # a clock that comes at rest stops nobody
                self._player.stop()
            return
        if not here.rolling:
            self._locate(reading.beat, now_s)
            self._player.play()

    def _follow_place(self, reading: Reading, here: Transport, now_s: float) -> None:
        if abs(reading.beat - here.beat) > JUMP_BEATS and now_s - self._located_at_s > LOCATE_SETTLES_S:
            self._locate(reading.beat, now_s)

    def _locate(self, beat: float, now_s: float) -> None:
        self._located_at_s = now_s
        try:
            self._player.locate(max(0.0, beat))
        except EngineError:  # beyond what a transport can count: stay where we are
            return
