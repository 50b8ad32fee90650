"""What the score's settings and curves do to a palette."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.instruments.control import BLOCK
from engine.instruments.palette import SETTINGS
from engine.music.score import Score
from engine.units import samples_to_beats

NEUTRAL = 0.5


def settings_of(score: Score) -> dict[str, float]:
    """Every setting, 0.5 (the palette as it is) where the score says nothing."""
    return {name: min(1.0, max(0.0, float(score.settings.get(name, NEUTRAL)))) for name in SETTINGS}


def lean(base: float, setting: float) -> float:
    """`base` (0..1) at 0.5, 0 at 0, 1 at 1: a knob that keeps the palette's own value in its middle."""
    return base * 2.0 * setting if setting <= 0.5 else base + (1.0 - base) * (2.0 * setting - 1.0)


def octaves_of(setting: float, span: float) -> float:
    """-span/2 .. span/2 octaves around the middle."""
    return (setting - NEUTRAL) * span


def curve_blocks(score: Score, name: str) -> NDArray[np.float64] | None:
    """The score's curve, one value a block over the whole loop, or None where it has none."""
    points = next((curve.points for curve in score.curves if curve.name == name), None)
    if not points:
        return None
    num_blocks = -(-score.length_samples // BLOCK)
    beats = np.arange(num_blocks) * samples_to_beats(BLOCK, score.tempo_bpm)
    return np.interp(beats, [beat for beat, _ in points], [value for _, value in points])
