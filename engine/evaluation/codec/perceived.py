"""ViSQOL: what listeners would say of the decoded beside the original, from 1 (bad) to 5 (excellent).

Audio ("music") mode at 48 kHz, with its support vector regression; equal signals get 4.732, not 5.
Source: Chinen et al. 2020 (ViSQOL v3). It compares spectra alone and forgives phase: never judge by it only.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.extras import need
from engine.evaluation.signal import is_silent

RATE = 48_000
WORST = 1.0
QUIET = 1e-3  # a side of less than -60 dBFS is no width to judge


def visqol(original: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    """Of the middle of both [N, C=2]: 1 to 4.73. NaN for a silent original, 1 for a silent decoded."""
    return _visqol(original.mean(axis=1), decoded.mean(axis=1))


def visqol_side(original: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    """The same of half the difference of the sides; NaN where the original has (nearly) none."""
    side = (original[:, 0] - original[:, 1]) / 2
    if float(np.max(np.abs(side))) < QUIET:
        return float("nan")
    return _visqol(side, (decoded[:, 0] - decoded[:, 1]) / 2)


def _visqol(original: NDArray[Any], decoded: NDArray[Any]) -> float:
    if is_silent(original):
        return float("nan")
    if is_silent(decoded):
        return WORST
    return float(_judge().measure_from_arrays(_at_48k(original), _at_48k(decoded), RATE).moslqo)


@cache
def _judge() -> Any:
    judge = need("visqol").VisqolApi()
    judge.create(mode="audio")
    return judge


def _at_48k(audio: NDArray[Any]) -> NDArray[np.float64]:
    """[N] from 44.1 kHz."""
    from scipy.signal import resample_poly

    return np.asarray(resample_poly(audio.astype(np.float64), 160, 147))
