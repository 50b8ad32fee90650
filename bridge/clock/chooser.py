"""Which clock leads.

`auto` takes the best one of `ORDER` that is there; by hand the chosen one leads while it is there. Our own
stands in for whatever is missing. A clock that flickers does not flap: it must be there without a break for
`STEADY_S` before it takes the lead from another, and for `DOUBTFUL_S` where it was lost a moment ago.
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.clock.reading import ORDER, Reading

STEADY_S = 0.5
DOUBTFUL_S = 3.0
DOUBT_LASTS_S = 20.0  # after a clock was lost


class Chooser:
    """`choose` some 50 times a second."""

    def __init__(self) -> None:
        self.asked = "auto"
        self.active = "internal"
        self._there_since_s: dict[str, float] = {}
        self._lost_at_s: dict[str, float] = {}

    def ask(self, source: str) -> None:
        """By hand, or `auto`: what was lost before is forgiven."""
        self.asked = source
        self._lost_at_s.clear()

    def choose(self, readings: Mapping[str, Reading | None], now_s: float) -> str:
        """The name of the clock that leads from now on. `internal` is always among the readings."""
        self._note(readings, now_s)
        candidates = ORDER if self.asked == "auto" else (self.asked, "internal")
        there = [name for name in candidates if readings.get(name) is not None]
        steady = [name for name in there if name == self.active or self._is_steady(name, now_s)]
        self.active = steady[0] if steady else "internal"
        return self.active

    def _note(self, readings: Mapping[str, Reading | None], now_s: float) -> None:
        for name in ORDER:
            if readings.get(name) is not None:
                self._there_since_s.setdefault(name, now_s)
            elif self._there_since_s.pop(name, None) is not None:
                self._lost_at_s[name] = now_s

    def _is_steady(self, name: str, now_s: float) -> bool:
        """By hand nobody waits: the musician has said so."""
        if name == "internal" or self.asked == name:
            return True
        doubtful = now_s - self._lost_at_s.get(name, -DOUBT_LASTS_S) < DOUBT_LASTS_S
        return now_s - self._there_since_s[name] >= (DOUBTFUL_S if doubtful else STEADY_S)
