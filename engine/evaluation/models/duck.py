r"""How deep a track gives way to the kick: its level at kicks against that between them.

gain       --\      __/--\      __/--     of the reference, known from how it was made
              \____/      \____/
at kicks       ^^^^        ^^^^           where it is at its lowest
between    ^^            ^^         ^^    where it is at its highest

What the notes do at those moments is taken out by the reference without its ducking.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.models.material import Audio

SHARE = 0.2  # of the samples, where nothing is near enough to the lowest or to the highest
NEAR_DB = 1.0
LEAST_DB = 3.0  # a shallower one is none to be measured
SOFTEST = 1e-3  # -30 dB: where the notes leave so little at the kicks, there is nothing to hear


def duck_depth_db(reference: Audio, performed: Audio, gain: NDArray[np.float32]) -> float:
    """dB by which the performed is softer at the kicks than between them, notes apart; NaN where none sounds.

    `gain` [N] of the reference, both audios [N, C=2]; what the reference itself has is `duck_depth_db` of it.
    """
    level_db = 20.0 * np.log10(np.maximum(gain, 1e-6))
    low, high = float(level_db.min()), float(level_db.max())
    if high - low < LEAST_DB:
        return float("nan")
    at_kicks, between = _within(level_db, low), _within(level_db, high)
    power = (performed.astype(np.float64) ** 2).sum(axis=1)
    unducked = (reference.astype(np.float64) ** 2).sum(axis=1) / np.maximum(gain, 1e-6) ** 2
    if unducked[at_kicks].mean() < SOFTEST * unducked.mean() or not unducked[between].sum():
        return float("nan")
    return _db(power[between], unducked[between]) - _db(power[at_kicks], unducked[at_kicks])


def duck_error_db(reference: Audio, performed: Audio, gain: NDArray[np.float32]) -> float:
    """How far apart both depths are, dB."""
    return abs(duck_depth_db(reference, performed, gain) - duck_depth_db(reference, reference, gain))


def _within(level_db: NDArray[np.float64], of_db: float) -> NDArray[np.bool_]:
    """Samples within a decibel of it, or a fifth of all where there are fewer than one in fifty."""
    apart = np.abs(level_db - of_db)
    near = apart <= NEAR_DB
    return near if near.mean() > 0.02 else apart <= np.quantile(apart, SHARE)


def _db(power: NDArray[np.float64], of: NDArray[np.float64]) -> float:
    return float(10.0 * np.log10(max(float(power.sum()), 1e-12) / float(of.sum())))
