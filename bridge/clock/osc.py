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
from dataclasses import dataclass, replace

from bridge.clock.reading import Reading
from engine.units import seconds_to_beats

FRESH_S = 2.0
WINDOW_S = 3.0
JUMP_BEATS = 0.25  # further off than a sixteenth is no delay: the host has jumped
BEND_BPM = 2.0  # from one position to the next: in their 0.2 s that moves no beat by more than 3 ms
BENDS_KEEP = 0.8
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
        self._keepers: set[object] = set()

    def tell(self, host: object, beat: float, tempo_bpm: float, rolling: bool, now_s: float) -> None:
        """A position of a host has arrived."""
        new = Position(beat, tempo_bpm, rolling, now_s)
        if host != self._host:
            if self._positions and not self._gives_way(new):
                return
            self._host = host
            self._positions.clear()
        if self._positions:
            self._go_on(new)
        self._positions.append(new)
        while now_s - self._positions[0].at_s > WINDOW_S:
            self._positions.popleft()

    @property
    def told(self) -> tuple[bool, float]:
        """Whether it rolls, and its tempo, as they were told last."""
        last = self._positions[-1] if self._positions else None
        return (last.rolling, last.tempo_bpm) if last is not None else (False, 0.0)

    @property
    def keeps_tempo(self) -> bool:
        """Whether the host that leads takes no tempo of ours, as has shown."""
        return self._host in self._keepers

    def note_kept(self) -> bool:
        """The host has kept its tempo though it was told another; whether that is news."""
        is_news = not self.keeps_tempo
        self._keepers.add(self._host)
        return is_news

    def forgive(self) -> None:
        """It may be different now."""
        self._keepers.clear()

    def _go_on(self, new: Position) -> None:
        """What the positions so far tell of this one. In a ramp the line bends a little at each of them."""
        last = self._positions[-1]
        if not _is_next(last, new):
            self._positions.clear()
        elif new.tempo_bpm != last.tempo_bpm:
            # Not all of it: in a ramp down the lines before all lead a little too far.
            late_beats = max(0.0, self._beat_at(new.at_s) - new.beat)
            here = replace(new, beat=new.beat + BENDS_KEEP * late_beats)
            self._positions.clear()
            self._positions.append(here)

    def _beat_at(self, now_s: float) -> float:
        return max(position.beat_at(now_s) for position in self._positions)

    def _gives_way(self, new: Position) -> bool:
        last = self._positions[-1]
        return new.at_s - last.at_s > FRESH_S or (new.rolling and not last.rolling)

    def read(self, now_s: float) -> Reading | None:
        if not self._positions:
            return None
        last = self._positions[-1]
        if now_s - last.at_s > FRESH_S:
            return None
        beat = self._beat_at(now_s)
        detail = "a host over OSC" if last.rolling else "a host over OSC, at rest"
        return Reading(
            last.rolling, beat, last.tempo_bpm, certain=last.rolling, precision_s=PRECISION_S, detail=detail
        )

    def check(self) -> None:
        """Always there to be told."""


def _is_next(last: Position, new: Position) -> bool:
    """Whether the host simply went on: where that leads to, at a tempo that is much the same."""
    if not (last.rolling and new.rolling):
        return last.rolling == new.rolling and last.beat == new.beat
    is_near = abs(new.beat - last.beat_at(new.at_s)) <= JUMP_BEATS
    return is_near and abs(new.tempo_bpm - last.tempo_bpm) <= BEND_BPM
