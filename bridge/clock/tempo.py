"""Lets the set's tempo follow a clock's, and no more often than the music needs it.

A clock's tempo is known to within an error: Link and JACK say it, MIDI clock has to be measured. Of all tempi
it could be, the roundest is taken, since that is what people set:

    121.94 ± 0.17 -> 122        121.94 ± 0.02 -> 121.95        121.9437 ± 0.005 -> 121.94

What is left between that and the truth shifts the music by bits (bridge.clock.phase): a new tempo has takes
rendered anew, for a hundredth of a bpm a shift of a fraction of a millisecond now and then is the better way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bridge.clock.reading import Reading
from engine.units import MAX_TEMPO_BPM, MIN_TEMPO_BPM

STEPS_BPM = (1.0, 0.5, 0.1, 0.05, 0.01)
EXACT_BPM = 0.005
LEFT_S = 1.0
PAUSE_S = 0.1  # between two changes: a hand on a host's tempo knob
REFUSED_S = 5.0  # what a set cannot take is not asked for with every step


def roundest(tempo_bpm: float, error_bpm: float) -> float:
    """The roundest tempo within the error; the nearest hundredth where none is."""
    for step in STEPS_BPM:
        rounded = round(round(tempo_bpm / step) * step, 2)
        if abs(rounded - tempo_bpm) <= error_bpm:
            return rounded
    return round(tempo_bpm, 2)


class TempoFollower:
    """`ask` asks the engine for a tempo."""

    def __init__(self, ask: Callable[[float], None]) -> None:
        self._ask = ask
        self._asked_at_s = float("-inf")
        self._asked = (0.0, 0.0, 0.0)  # what, and where set and music were then
        self._left_bpm, self._left_until_s = frozenset[float](), float("-inf")
        self._is_kept = False

    def leave(self, tempi_bpm: Iterable[float], now_s: float) -> None:
        """The musician has just changed the tempo: what clocks say still is old, and left for a while."""
        self._left_bpm, self._left_until_s = frozenset(tempi_bpm), now_s + LEFT_S
        self._is_kept = False

    def take_kept(self) -> bool:
        """Whether the clock was given the time to take the musician's tempo, and has not; told once."""
        is_kept, self._is_kept = self._is_kept, False
        return is_kept

    def follow(self, reading: Reading, set_bpm: float, played_bpm: float, now_s: float) -> None:
        """The clock's tempo, the set's, and the one that is heard (a prompt's comes with its takes)."""
        if now_s < self._asked_at_s + PAUSE_S:
            return
        error_bpm = max(reading.tempo_error_bpm, EXACT_BPM)
        if max(abs(reading.tempo_bpm - bpm) for bpm in (set_bpm, played_bpm)) <= error_bpm:
            self._asked = (0.0, 0.0, 0.0)
            return
        if reading.tempo_bpm in self._left_bpm:
            if now_s < self._left_until_s:
                return
            self._left_bpm, self._is_kept = frozenset(), True
        is_set = abs(reading.tempo_bpm - set_bpm) <= error_bpm
        wanted = set_bpm if is_set else roundest(reading.tempo_bpm, error_bpm)
        ask = (wanted, set_bpm, played_bpm)
        if ask == self._asked and now_s < self._asked_at_s + REFUSED_S:
            return
        if MIN_TEMPO_BPM <= wanted <= MAX_TEMPO_BPM and not wanted == set_bpm == played_bpm:
            self._asked, self._asked_at_s = ask, now_s
            self._ask(wanted)
