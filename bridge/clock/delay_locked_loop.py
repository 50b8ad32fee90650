"""A delay-locked loop: the true times of events that should be regular, out of times with jitter.

Fons Adriaensen, "Using a DLL to filter time", Linux Audio Conference 2005: of second order, so that a steady
period is followed without an error. With the error e of an event against the time that was foretold:

    foretold time += a * e + period        period += b * e

    locked:    a = sqrt(2) * w, b = w^2, w = 2 pi * BANDWIDTH_HZ * period    (the paper's)
    learning:  a = 2 (2n - 1) / (n (n + 1)), b = 6 / (n (n + 1))             (least squares over n events)

It learns from each event as a straight line through all of them would, until that is less than the locked
loop does: two events give a period, and in the end 1 ms of jitter leaves 0.1 ms. Errors that go one way for a
while mean that the period itself has changed: then it knows no more than `RELEARN` events, or only `ANEW`
where it is far off, would tell.
"""

from __future__ import annotations

import math

BANDWIDTH_HZ = 0.1
RELEARN, ANEW = 6, 3
MISSING = 0.7  # of a period; half of one may be a tempo that doubles
SHORTEST_S = 0.004  # a period; two events may come at once, handed over with the same block of audio
BIAS_SHARE, SPREAD_SHARE = 1 / 8, 1 / 96  # of a new error in the running means
# By chance alone a bias over so many events is a quarter of the spread; this is no chance.
BIASED, FAR_OFF = 1.5, 4.0
LEAST_BIAS_S = 0.0005


class DelayLockedLoop:
    """`start` with the first event, `hear` each one after it."""

    def __init__(self) -> None:
        self.at_s = 0.0  # of the latest event, filtered
        self.period_s = 0.0
        self.events = 0
        self._bias_s = self._spread_s = 0.0
        self._learned = self._in_row = 0  # events that the period, and the place, are known by

    def start(self, at_s: float, period_s: float) -> None:
        """The first event; `period_s` is a guess that the second one replaces."""
        self.at_s, self.period_s, self.events = at_s, period_s, 1
        self._learned, self._in_row, self._bias_s, self._spread_s = 1, 1, 0.0, 0.0

    def shift(self, at_s: float) -> None:
        """An event that may begin a new row: where it is more than jitter away from the one that was
        foretold, it does; the period still holds."""
        if abs(at_s - self.at_s - self.period_s) <= 4.0 * self._spread_s:
            self.hear(at_s)
        else:
            self.at_s, self.events = at_s, self.events + 1
            self._in_row, self._bias_s = 1, 0.0

    def relearn(self, at_s: float, period_s: float) -> None:
        """The period has changed altogether."""
        self.at_s, self.period_s, self.events = at_s, max(SHORTEST_S, period_s), self.events + 1
        self._learned, self._in_row, self._bias_s, self._spread_s = 2, 1, 0.0, 0.0

    def missing(self, at_s: float, since_s: float) -> int:
        """How many events are missing before this one; -1: it comes a whole period early. 0 while the
        jitter or the tempo leaves it open. `since_s` is the time since the event before, unfiltered."""
        if self._learned < 2 * RELEARN:
            return 0
        lateness_s = at_s - self.at_s - self.period_s
        least_s = MISSING * self.period_s
        if min(abs(lateness_s) - 4.0 * self._spread_s, abs(since_s - self.period_s)) < least_s:
            return 0
        return max(-1, round(lateness_s / self.period_s))

    def hear(self, at_s: float, periods: int = 1) -> None:
        """An event so many periods after the one before."""
        foretold_s = self.at_s + periods * self.period_s
        error_s = at_s - foretold_s
        self.events += 1
        self._learned += 1
        self._in_row += 1
        self._watch(error_s)
        a, b = self._gains()
        self.at_s = foretold_s + a * error_s
        self.period_s = max(SHORTEST_S, self.period_s + b * error_s / periods)

    @property
    def learned(self) -> int:
        """How many events the period is known by."""
        return self._learned

    @property
    def period_error_s(self) -> float:
        """Standard deviation of the period: that of a line through so many events with such jitter. (A mean
        deviation times 1.25 is the standard one.)"""
        n = max(2.0, min(self._learned, 4.0 / self._locked_gain()))
        return 1.25 * self._spread_s * math.sqrt(12.0 / n**3)

    def _locked_gain(self) -> float:
        return math.sqrt(2.0) * 2.0 * math.pi * BANDWIDTH_HZ * self.period_s

    def _gains(self) -> tuple[float, float]:
        n, locked = self._learned, self._locked_gain()
        place = max(2 * (2 * n - 1) / (n * (n + 1)), 1 / self._in_row, locked)
        return place, max(6 / (n * (n + 1)), locked * locked / 2.0)

    def _watch(self, error_s: float) -> None:
        """Whether the period has changed: the errors go one way."""
        if self._learned <= 2 * RELEARN:
            self._spread_s += (abs(error_s) - self._spread_s) / max(1, self._learned - 2)
            return
        self._bias_s += BIAS_SHARE * (error_s - self._bias_s)
        self._spread_s += SPREAD_SHARE * (abs(error_s) - self._spread_s)
        bias_s = abs(self._bias_s)
        if bias_s > max(BIASED * self._spread_s, LEAST_BIAS_S):
            self._learned = ANEW if bias_s > max(FAR_OFF * self._spread_s, LEAST_BIAS_S) else RELEARN
            self._bias_s = 0.0
