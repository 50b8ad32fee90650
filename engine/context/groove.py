"""The groove of a track: how late each sixteenth of the bar falls, and how much it swings.

straight grid   |0   1   2   3   |        swing moves every second step of a pair,
swung grid      |0     1 2     3 |        late_ms is what is left after it, step by step
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.music.grid import STEP_BEATS, grid_of, swung
from engine.music.key import Signature

SWINGS = np.linspace(0.0, 1.2, 25)  # 1 is two to one; some drummers go beyond
SWING_UNITS = (8, 16)
MIN_ONSETS = 4
FAR_MS = 40.0  # an onset this far from every step belongs to none, and says nothing of the groove
STRAIGHT_MARGIN_MS = 1.5  # swing is believed only where it explains this much more than a straight grid
MAX_LATE_MS = 45.0


@dataclass(frozen=True)
class Groove:
    """`late_ms[step]`: how late that sixteenth of the bar is against the swung grid; 0 where none sounds.

    `swing` 0 straight .. 1 two to one, of pairs of eighths (`swing_unit` 8) or of sixteenths (16).
    """

    late_ms: tuple[float, ...]
    swing: float = 0.0
    swing_unit: int = 16

    def place(self, step: int, bar_beats: float) -> float:
        """The swung beat of a step inside its bar, without its lateness."""
        return swung(step * STEP_BEATS, bar_beats, self.swing, 8.0 / self.swing_unit)

    def lateness_ms(self, step: int, bar_beats: float, tempo_bpm: float) -> float:
        """How late a step is against the straight grid: swing and micro-timing together."""
        bent = self.place(step, bar_beats) - step * STEP_BEATS
        return bent * 60_000.0 / tempo_bpm + self.late_ms[step % len(self.late_ms)]


def groove_of(
    beats: Sequence[float], strengths: Sequence[float], tempo_bpm: float, signature: Signature
) -> Groove | None:
    """The groove of onsets at these beats, or None where there are too few to tell."""
    if len(beats) < MIN_ONSETS:
        return None
    steps, bar_beats = grid_of(signature).steps, signature.bar_beats
    places = np.mod(np.asarray(beats, float), bar_beats)
    weights = np.asarray(strengths, float) + 0.1
    ms = 60_000.0 / tempo_bpm
    found = [(0.0, 16, *_distance(places, weights, _grid(steps, bar_beats, 0.0, 16), bar_beats, ms))]
    for unit in SWING_UNITS:
        for swing in SWINGS[1:]:
            grid = _grid(steps, bar_beats, float(swing), unit)
            found.append((float(swing), unit, *_distance(places, weights, grid, bar_beats, ms)))
    swing, unit, cost, step, late = min(found, key=lambda one: one[2])
    if found[0][2] - cost < STRAIGHT_MARGIN_MS:
        swing, unit, cost, step, late = found[0]
    near = np.abs(late) < FAR_MS
    lateness = [_median(late[near & (step == index)]) for index in range(steps)]
    return Groove(tuple(lateness), round(swing, 3), unit)


@lru_cache(maxsize=1024)
def _grid(steps: int, bar_beats: float, swing: float, unit: int) -> np.ndarray:
    """[step] swung places, and the bar line; not to be written to: every groove is held against it."""
    places = [swung(step * STEP_BEATS, bar_beats, swing, 8.0 / unit) for step in range(steps)]
    grid = np.array([*places, bar_beats])
    grid.setflags(write=False)
    return grid


def _distance(
    places: np.ndarray, weights: np.ndarray, grid: np.ndarray, bar_beats: float, ms: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """(mean distance in ms, nearest step of each onset, how late it is there)."""
    apart = places[:, None] - grid[None]
    nearest = np.abs(apart).argmin(axis=1)
    late = apart[np.arange(len(places)), nearest] * ms
    cost = float((weights * np.minimum(np.abs(late), FAR_MS)).sum() / weights.sum())
    return cost, nearest % (len(grid) - 1), late


def _median(late: np.ndarray) -> float:
    return round(float(np.clip(np.median(late), -MAX_LATE_MS, MAX_LATE_MS)), 1) if len(late) else 0.0
