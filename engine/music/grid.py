"""Bars as sixteenth steps: any signature, with patterns written for 4/4.

A genre's patterns are sixteen steps long. In another signature every beat of the bar borrows the steps of
one of the four beats of the pattern, so that the bar still begins as it begins and ends on its backbeat:

    4/4   1234 1234 1234 1234      3/4   1... 3... 4...       7/8   1... 3... 4.....
          beat beat beat beat            kick  .   snare            (the last beat is three eighths long)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from engine.music.key import Signature

STEP_BEATS = 0.25
PATTERN_STEPS = 16
# How a beat of so many steps reads the four steps of a pattern's beat.
STRETCH = {1: (0,), 2: (0, 2), 3: (0, 2, 3), 4: (0, 1, 2, 3), 5: (0, 1, 2, 2, 3), 6: (0, 1, 2, 3, 2, 3)}
# Which beats of the pattern stand in for a run of 1 to 4 beats of the bar.
BORROWED = {1: (0,), 2: (0, 3), 3: (0, 2, 3), 4: (0, 1, 2, 3)}


@dataclass(frozen=True)
class Grid:
    """One bar. `source[s]` is the pattern step that step s reads, `weight[s]` its metric weight 0..1."""

    steps: int
    source: tuple[int, ...]
    weight: tuple[float, ...]
    beat_starts: tuple[int, ...]  # steps on which a felt beat begins

    @property
    def bar_beats(self) -> float:
        return self.steps * STEP_BEATS


def beat_lengths(signature: Signature) -> list[int]:
    """Steps of each felt beat: fours, sixes in compound time, the rest on the last one (2+2+3)."""
    steps = round(signature.bar_beats / STEP_BEATS)
    if signature.unit == 8 and signature.beats % 3 == 0 and signature.beats > 3:
        return [6] * (signature.beats // 3)
    whole, rest = divmod(steps, 4)
    lengths = [4] * whole
    if rest and (rest == 3 or not lengths):
        return [*lengths, rest]
    if rest:
        lengths[-1] += rest
    return lengths


def runs(beats: int) -> list[int]:
    """A bar's beats as runs of four with threes and a two where they do not divide: 5 = 3+2, 7 = 4+3."""
    tail = {0: [], 1: [3, 2], 2: [3, 3], 3: [3]}[beats % 4]
    if sum(tail) > beats:
        return [beats]
    return [4] * ((beats - sum(tail)) // 4) + tail


@lru_cache(maxsize=256)
def grid_of(signature: Signature) -> Grid:
    lengths = beat_lengths(signature)
    borrowed = [beat for run in runs(len(lengths)) for beat in BORROWED[run]]
    source: list[int] = []
    weight: list[float] = []
    starts: list[int] = []
    for index, (length, beat) in enumerate(zip(lengths, borrowed, strict=True)):
        starts.append(len(source))
        source += [beat * 4 + step for step in STRETCH[length]]
        weight += [_weight(index, beat, step) for step in range(length)]
    return Grid(len(source), tuple(source), tuple(weight), tuple(starts))


def _weight(index: int, beat: int, step: int) -> float:
    """1 the downbeat, 0.8 the half bar, 0.7 other beats, 0.4 off-beat eighths, 0.2 sixteenths."""
    if step:
        return 0.4 if step % 2 == 0 else 0.2
    return 1.0 if index == 0 else 0.8 if beat == 2 else 0.7


def swung(beat: float, bar_beats: float, swing: float, pair_beats: float) -> float:
    """`beat` (inside the bar) with the second half of every pair delayed: swing 1 = two to one.

        straight  |x     x     |x        swing 1  |x       x   |x
    A pair that the bar line cuts stays straight.
    """
    pair = int(beat / pair_beats)
    if not swing or (pair + 1) * pair_beats > bar_beats + 1e-9:
        return beat
    place = beat / pair_beats - pair
    middle = 0.5 + swing / 6.0
    bent = place * middle / 0.5 if place < 0.5 else middle + (place - 0.5) * (1.0 - middle) / 0.5
    return (pair + bent) * pair_beats
