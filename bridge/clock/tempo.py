"""Lets the set's tempo follow a clock's, and no more often than the music needs it.

A clock's tempo is known to within an error: Link and JACK say it, MIDI clock has to be measured. Of all tempi
it could be, the roundest is taken, since that is what people set:

    121.94 ± 0.17 -> 122        121.94 ± 0.02 -> 121.95        121.9437 ± 0.005 -> 121.94

What is left between that and the truth shifts the music by bits (bridge.clock.phase): a new tempo has takes
rendered anew, for a hundredth of a bpm a shift of a fraction of a millisecond now and then is the better way.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.units import MAX_TEMPO_BPM, MIN_TEMPO_BPM

STEPS_BPM = (1.0, 0.5, 0.1, 0.05, 0.01)
EXACT_BPM = 0.005
LEFT_S = 1.0
PAUSE_S = 0.1  # between two changes: a hand on a host's tempo knob


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
        self._left_until_s = float("-inf")

    def leave(self, now_s: float) -> None:
        """The musician has just changed the tempo: what a clock says is old for a while."""
        self._left_until_s = now_s + LEFT_S

    def follow(self, tempo_bpm: float, error_bpm: float, set_bpm: float, now_s: float) -> None:
        """The clock's tempo, and the set's as it is."""
        error_bpm = max(error_bpm, EXACT_BPM)
        pauses = now_s < max(self._left_until_s, self._asked_at_s + PAUSE_S)
        if pauses or abs(tempo_bpm - set_bpm) <= error_bpm:
            return
        wanted = roundest(tempo_bpm, error_bpm)
        if wanted != set_bpm and MIN_TEMPO_BPM <= wanted <= MAX_TEMPO_BPM:
            self._asked_at_s = now_s
            self._ask(wanted)
