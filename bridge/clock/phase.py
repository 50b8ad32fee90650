"""Keeps the music on a clock's beat by small shifts.

    error = clock - music, looked at some 60 times a second; what counts is the median of the last `LOOKS`

    |error| <= tolerance   nothing: a look is no more exact than that
    |error| >  tolerance   shifted by it, smoothly (`Player.slew`), and looked at again when that has arrived

So a drift of 50 ppm, as two sound cards have, is taken back every few seconds within 100 ms, and the rest of
the time the music is sample for sample what it is. A loop that corrects all the time would leave less error
and never an exact sample.
"""

from __future__ import annotations

import statistics

from bridge.player import Player

LOOKS = 13  # a fifth of a second
TOLERANCE_S = 0.00025
SETTLES_S = 0.05  # after a shift has arrived


class PhaseFollower:
    """`look` at every step while the music rolls with the clock."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._looks: list[float] = []
        self.not_before_s = 0.0  # what moves until then is not looked at
        self.error_s: float | None = None  # as of the last `LOOKS`

    def forget(self, not_before_s: float = 0.0) -> None:
        """What was seen holds no more: another clock, a jump."""
        self._looks.clear()
        self.not_before_s = not_before_s
        self.error_s = None

    def look(self, error_s: float, now_s: float) -> float | None:
        """`error_s`: how far the music is behind the clock. With every last of `LOOKS`, what it really is."""
        if now_s < self.not_before_s:
            return None
        self._looks.append(error_s)
        if len(self._looks) < LOOKS:
            return None
        self.error_s = statistics.median(self._looks)
        self._looks.clear()
        return self.error_s

    def shift(self, error_s: float, precision_s: float, sample_rate: int, now_s: float) -> None:
        """Take an error back, where it is worth it; `precision_s` is the clock's own."""
        if abs(error_s) <= max(TOLERANCE_S, precision_s):
            return
        here = self._player.transport().frame
        arrives = self._player.slew(error_s * sample_rate)
        self.not_before_s = now_s + (arrives - here) / sample_rate + SETTLES_S
