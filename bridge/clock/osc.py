"""A host that tells its position over OSC (`/rg/clock/position`), some 5 to 10 times a second.

What arrives has been under way for anything from nothing to tens of milliseconds: a host's timer, its
script, the network. It is never early, so of the last seconds' positions the one that is furthest ahead
was the quickest, and it alone counts (the clock filter of NTP, RFC 5905, section 10, one way):

    beat - tempo * time
        |  x        x          <- the quickest: this line is the host's clock
        |     x        x
        |           x     x    late
        +------------------> time
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from bridge.clock.reading import Reading
from engine.units import seconds_to_beats

FRESH_S = 2.0
WINDOW_S = 3.0
JUMP_BEATS = 0.25  # further off than a sixteenth is no delay: the host has jumped
PRECISION_S = 0.003


@dataclass(frozen=True)
class Position:
    beat: float
    tempo_bpm: float
    rolling: bool
    at_s: float

    def beat_at(self, now_s: float) -> float:
        return self.beat + (seconds_to_beats(now_s - self.at_s, self.tempo_bpm) if self.rolling else 0.0)


class OscClock:
    """See `Source`. One host leads: the first that tells, until it rests and another rolls,
    or it falls silent."""

    def __init__(self) -> None:
        self._host: object = None
        self._positions: deque[Position] = deque()

    def tell(self, host: object, beat: float, tempo_bpm: float, rolling: bool, now_s: float) -> None:
        """A position of a host has arrived."""
        new = Position(beat, tempo_bpm, rolling, now_s)
        if host != self._host:
            if self._positions and not self._gives_way(new):
                return
            self._host = host
            self._positions.clear()
        if self._positions and not _goes_on(self._positions[-1], new):
            self._positions.clear()
        self._positions.append(new)
        while now_s - self._positions[0].at_s > WINDOW_S:
            self._positions.popleft()

    def _gives_way(self, new: Position) -> bool:
        last = self._positions[-1]
        return new.at_s - last.at_s > FRESH_S or (new.rolling and not last.rolling)

    def read(self, now_s: float) -> Reading | None:
        if not self._positions:
            return None
        last = self._positions[-1]
        if now_s - last.at_s > FRESH_S:
            return None
        beat = max(position.beat_at(now_s) for position in self._positions)
        detail = "a host over OSC" if last.rolling else "a host over OSC, at rest"
        return Reading(
            last.rolling, beat, last.tempo_bpm, certain=last.rolling, precision_s=PRECISION_S, detail=detail
        )

    def check(self) -> None:
        """Always there to be told."""


def _goes_on(last: Position, new: Position) -> bool:
    """Whether the host simply went on: same tempo, same state, and where that leads to."""
    return (
        (new.rolling, new.tempo_bpm) == (last.rolling, last.tempo_bpm)
        and abs(new.beat - last.beat_at(new.at_s)) <= JUMP_BEATS
    )  # fmt: skip
