"""Rolls: an eighth of a drum voice told as four, six or eight strokes, as trap's hats and cut-up breaks are.

closed_hat   x . x . x . x . | x . x . xxxxxx x .        six: triplets of thirty-seconds
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence

from engine.music.plan import Time
from engine.music.score import Hit

STROKES = (4, 4, 6, 6, 8)
STEPS = 2  # an eighth
CELL_BARS = 2  # rolls come again as the pattern does
Roll = tuple[int, int, float]  # step it begins on, strokes, -1 dying away .. 1 growing


def rolled(
    hits: Sequence[Hit],
    chances: Mapping[str, float],
    density: float,
    time: Time,
    rng: random.Random,
    without: Collection[int] = (),
) -> tuple[Hit, ...]:
    """The hits with the voices of `chances` (of a roll in a bar, at density 0.5) rolled in places of a cell.

    Bars of `without` have none: a build has its own.
    """
    found = list(hits)
    for voice, chance in chances.items():
        rolls = [_roll(chance * 2.0 * density, time, rng) for _ in range(CELL_BARS)]
        for bar in range(time.bars):
            roll = rolls[bar % CELL_BARS]
            if roll is not None and bar not in without:
                found = _with_roll(found, voice, bar, roll, time)
    return tuple(sorted(found, key=lambda hit: (hit.start_beats, hit.voice)))


def _roll(chance: float, time: Time, rng: random.Random) -> Roll | None:
    """Most often late in the bar, and never on its first eighth."""
    draw, place, strokes, shape = rng.random(), rng.random(), rng.choice(STROKES), rng.choice((-1.0, 1.0))
    eighths = time.grid.steps // STEPS
    if draw >= chance or eighths < 2:
        return None
    return STEPS * min(eighths - 1, 1 + int((eighths - 1) * place**0.6)), strokes, shape


def _with_roll(hits: list[Hit], voice: str, bar: int, roll: Roll, time: Time) -> list[Hit]:
    """The strokes instead of what the voice plays there; nothing where it rests."""
    step, strokes, shape = roll
    start, end = time.beat(bar, step), time.beat(bar, step + STEPS)
    inside = [hit for hit in hits if hit.voice == voice and start - 1e-6 <= hit.start_beats < end - 1e-6]
    if not inside:
        return hits
    loud, late = max(hit.velocity for hit in inside), inside[0].offset_ms
    stroke_beats = (end - start) / strokes
    made = [
        Hit(round(start + i * stroke_beats, 6), voice, _velocity(loud, shape, i / (strokes - 1)), late)
        for i in range(strokes)
    ]
    return [hit for hit in hits if hit not in inside] + made


def _velocity(loud: int, shape: float, place: float) -> int:
    rise = place if shape > 0 else 1.0 - place
    return max(1, min(127, round(loud * (0.45 + 0.55 * rise))))
