"""Which clock leads.

`auto` takes the best one of `ORDER` that is there; by hand the chosen one leads while it is there. Our own
stands in for whatever is missing. A clock that flickers does not flap:

    is there without a break for STEADY_S        takes the lead from another
    somebody has just started it                 at once: the music must not come in late
    broke off within the last DOUBT_LASTS_S      only after DOUBTFUL_S; one that was stopped and then fell
                                                 silent, as hosts do, has not broken off
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.clock.reading import ORDER, Reading

STEADY_S = 0.5
DOUBTFUL_S = 3.0
DOUBT_LASTS_S = 20.0


class Chooser:
    """`choose` some 60 times a second."""

    def __init__(self) -> None:
        self.asked = "auto"
        self.active = "internal"
        self._there: dict[str, Reading] = {}  # as of the last time
        self._since_s: dict[str, float] = {}
        self._broke_off_s: dict[str, float] = {}

    def ask(self, source: str) -> None:
        """By hand, or `auto`: what was before is forgiven."""
        self.asked = source
        self._broke_off_s.clear()

    def choose(self, readings: Mapping[str, Reading | None], now_s: float) -> str:
        """The name of the clock that leads from now on. `internal` is always among the readings."""
        there = {name: reading for name in ORDER if (reading := readings.get(name)) is not None}
        self._note(there, now_s)
        candidates = ORDER if self.asked == "auto" else (self.asked, "internal")
        steady = [n for n in candidates if n in there and (n == self.active or self._is_steady(n, now_s))]
        self.active = steady[0]
        return self.active

    def _note(self, there: dict[str, Reading], now_s: float) -> None:
        for name in ORDER:
            if name in there:
                self._since_s.setdefault(name, now_s)
            elif name in self._there:
                del self._since_s[name]
                if self._there[name].rolling is not False:
                    self._broke_off_s[name] = now_s
        self._there = there

    def _is_steady(self, name: str, now_s: float) -> bool:
        """By hand nobody waits: the musician has said so."""
        if name == "internal" or self.asked == name:
            return True
        there_s = now_s - self._since_s[name]
        if now_s - self._broke_off_s.get(name, float("-inf")) < DOUBT_LASTS_S:
            return there_s >= DOUBTFUL_S
        return self._there[name].certain or there_s >= STEADY_S
