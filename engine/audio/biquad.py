"""Second-order filters by their coefficients.

Designs are those of R. Bristow-Johnson's Audio EQ Cookbook; a filter is (b0, b1, b2, a1, a2), a0 = 1.
"""

from __future__ import annotations

import math

from engine.units import STEM_SAMPLE_RATE, db_to_gain

Coefficients = tuple[float, float, float, float, float]
BUTTERWORTH = 0.5**0.5
THROUGH: Coefficients = (1.0, 0.0, 0.0, 0.0, 0.0)


def high_pass(hz: float, quality: float = BUTTERWORTH) -> Coefficients:
    cosine, alpha = _angle(hz, quality)
    gain = (1.0 + cosine) / 2.0
    return _scaled(gain, -2.0 * gain, gain, 1.0 + alpha, -2.0 * cosine, 1.0 - alpha)


def low_pass(hz: float, quality: float = BUTTERWORTH) -> Coefficients:
    cosine, alpha = _angle(hz, quality)
    gain = (1.0 - cosine) / 2.0
    return _scaled(gain, 2.0 * gain, gain, 1.0 + alpha, -2.0 * cosine, 1.0 - alpha)


def bell(hz: float, gain_db: float, quality: float) -> Coefficients:
    """A rise or a dip of `gain_db` around `hz`."""
    cosine, alpha = _angle(hz, quality)
    root = db_to_gain(gain_db) ** 0.5
    up, down = alpha * root, alpha / root
    return _scaled(1.0 + up, -2.0 * cosine, 1.0 - up, 1.0 + down, -2.0 * cosine, 1.0 - down)


def _angle(hz: float, quality: float) -> tuple[float, float]:
    turn = 2.0 * math.pi * hz / STEM_SAMPLE_RATE
    return math.cos(turn), math.sin(turn) / (2.0 * quality)


def _scaled(b0: float, b1: float, b2: float, a0: float, a1: float, a2: float) -> Coefficients:
    return b0 / a0, b1 / a0, b2 / a0, a1 / a0, a2 / a0
