"""A motif and what can be made of it: sequence, inversion, retrograde, fragment, augmentation, displacement.

motif         x . x x . x        rungs 0 1 2 0
sequence      the same, a rung or two higher or lower
fragment      its head alone, the last note held; the rest is silence for somebody else to answer
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.music.played import next_step

LOWEST, HIGHEST = -5, 6  # rungs around the anchor
CONTOURS = (
    (0, 2, 1, -1), (0, -1, -2, 0), (0, 1, 3, 2), (2, 1, 0, -2), (0, 2, 0, 3), (0, 0, 2, -1), (0, 3, 2, 0),
    (-2, 0, 2, 1),
)  # fmt: skip
LEAPS = (-4, -3, 3, 4)


@dataclass(frozen=True)
class MotifNote:
    """A note of the motif: bar and step inside the unit, length in steps, rungs above the anchor."""

    bar: int
    step: int
    steps: int
    rungs: int
    level: float


Motif = tuple[MotifNote, ...]


def line_over(
    rhythm: list[tuple[int, int, int, float, bool]], total_steps: int, steps_a_bar: int, leap: float,
    rng: random.Random,
) -> Motif:  # fmt: skip
    """A rhythm (bar, step, steps, level, strong) sung along a contour: of the next steps that melodies
    take, the one of two that goes where the contour does; now and then a leap."""
    contour = rng.choice(CONTOURS)
    found: list[MotifNote] = []
    rungs, before = contour[0], 0
    for bar, step, steps, level, strong in rhythm:
        target = contour[min(3, 4 * (bar * steps_a_bar + step) // total_steps)]
        if found:
            before = _next(before, rungs, target, strong, leap, rng)
            rungs = max(LOWEST, min(HIGHEST, rungs + before))
        found.append(MotifNote(bar, step, steps, rungs, level))
    return tuple(found)


def _next(before: int, rungs: int, target: int, strong: bool, leap: float, rng: random.Random) -> int:
    if rng.random() < 0.5 * leap:
        return rng.choice(LEAPS)
    offers = [next_step(before, strong, rng) for _ in range(2)]
    return min(offers, key=lambda step: abs(rungs + step - target))


# --- development ------------------------------------------------------------------------------------


def sequence(motif: Motif, rng: random.Random, steps: int) -> Motif:
    shift = rng.choice((-2, -1, 1, 2))
    return tuple(replace(note, rungs=note.rungs + shift) for note in motif)


def inversion(motif: Motif, rng: random.Random, steps: int) -> Motif:
    """Turned over around its first note."""
    first = motif[0].rungs if motif else 0
    return tuple(replace(note, rungs=2 * first - note.rungs) for note in motif)


def retrograde(motif: Motif, rng: random.Random, steps: int) -> Motif:
    """The pitches backwards in the same rhythm."""
    return tuple(replace(note, rungs=other.rungs) for note, other in zip(motif, reversed(motif), strict=True))


def fragment(motif: Motif, rng: random.Random, steps: int) -> Motif:
    """The first half of the motif, its last note held."""
    half = motif[: max(1, (len(motif) + 1) // 2)]
    if not half:
        return half
    last = half[-1]
    return (*half[:-1], replace(last, steps=min(steps - last.step, last.steps + 4)))


def augmentation(motif: Motif, rng: random.Random, steps: int) -> Motif:
    """The head of the motif at half the speed."""
    bars = 1 + max((note.bar for note in motif), default=0)
    found = []
    for note in motif:
        place = 2 * (note.bar * steps + note.step)
        if place < bars * steps:
            bar, step = divmod(place, steps)
            found.append(replace(note, bar=bar, step=step, steps=min(2 * note.steps, steps - step)))
    return tuple(found)


def displacement(motif: Motif, rng: random.Random, steps: int) -> Motif:
    """An eighth later; what falls past the unit's end is left out."""
    bars = 1 + max((note.bar for note in motif), default=0)
    found = []
    for note in motif:
        bar, step = divmod(note.bar * steps + note.step + 2, steps)
        if bar < bars:
            found.append(replace(note, bar=bar, step=step, steps=min(note.steps, steps - step)))
    return tuple(found)


def other_ending(motif: Motif, rng: random.Random, steps: int) -> Motif:
    """The same beginning; the last third of the notes goes elsewhere."""
    turn = len(motif) - max(1, len(motif) // 3)
    shift = rng.choice((-2, -1, 1, 2))
    return (*motif[:turn], *(replace(note, rungs=note.rungs + shift) for note in motif[turn:]))


Development = Callable[[Motif, random.Random, int], Motif]
DEVELOPMENTS: tuple[Development, ...] = (
    sequence, sequence, inversion, retrograde, fragment, augmentation, displacement,
)  # fmt: skip


def developed(motif: Motif, rng: random.Random, steps: int) -> Motif:
    """One of the ways to go on; the motif itself where a way leaves nothing."""
    return rng.choice(DEVELOPMENTS)(motif, rng, steps) or motif
