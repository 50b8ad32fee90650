"""Counts MIDI clock's ticks where some are lost or late, and filters their times.

one tick is missing          it was lost on its way: counted all the same
one comes in its place       it was only late: not counted again
twice in a row either way    neither: the tempo has changed by more than half, and what was made up for
                             is taken back
"""

from __future__ import annotations

from bridge.clock.delay_locked_loop import DelayLockedLoop

TICKS_PER_BEAT = 24
GUESS_S = 60.0 / (120.0 * TICKS_PER_BEAT)
SETTLED_TICKS = 24  # a beat: with 1 ms of jitter the tempo is known to a few in a thousand
AGAIN_TICKS = 3
LEAST_ERROR_BPM = 0.03


class Ticks:
    """`begin` with the first tick, `count` every other."""

    def __init__(self) -> None:
        self.loop = DelayLockedLoop()
        self._heard_s = 0.0
        self._made_up = 0  # ticks counted that have not come; -1: one that came and was not counted
        self._regular = 0  # ticks since the last that was missing or too many

    @property
    def tempo_bpm(self) -> float:
        return 60.0 / (self.loop.period_s * TICKS_PER_BEAT)

    @property
    def tempo_error_bpm(self) -> float:
        """Four standard deviations, so that a set is not asked for a hundredth more by chance."""
        return max(LEAST_ERROR_BPM, self.tempo_bpm * 4.0 * self.loop.period_error_s / self.loop.period_s)

    @property
    def is_settled(self) -> bool:
        return self.loop.learned >= SETTLED_TICKS

    def begin(self, at_s: float) -> None:
        """After a silence: the tempo of before is the best guess."""
        self.loop.start(at_s, self.loop.period_s or GUESS_S)
        self._heard_s, self._made_up, self._regular = at_s, 0, 0

    def shift(self, at_s: float) -> None:
        """A sender that starts may begin its ticks anew."""
        self.loop.shift(at_s)
        self._heard_s, self._made_up, self._regular = at_s, 0, 0

    def count(self, at_s: float) -> int:
        """How many ticks further the sender is with this one."""
        since_s, self._heard_s = at_s - self._heard_s, at_s
        missing = self.loop.missing(at_s, since_s)
        if missing < 0 < self._made_up:
            self._made_up -= 1
            return 0
        if missing == 0:
            self._regular += 1
            self.loop.hear(at_s)
            return 1
        if self._regular < AGAIN_TICKS and self._made_up:
            made_up, self._made_up = self._made_up, 0
            self.loop.relearn(at_s, since_s)
            return 1 - made_up
        self._made_up, self._regular = missing, 0
        if missing > 0:
            self.loop.hear(at_s, 1 + missing)
        return 1 + missing

    def since(self, now_s: float) -> float:
        """Ticks since the latest one, as they would go on."""
        return max(0.0, now_s - self.loop.at_s) / self.loop.period_s
