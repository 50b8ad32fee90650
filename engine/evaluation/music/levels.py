"""Loudness and true peak, by the book: BS.1770 in pyloudnorm, four-fold oversampling in scipy."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.extras import need
from engine.evaluation.signal import is_silent, looped
from engine.units import STEM_SAMPLE_RATE, gain_to_db

OVERSAMPLING = 4


def loudness_lufs(audio: NDArray[np.float32]) -> float:
    """Integrated loudness of a loop [N, C=2] as it goes round; NaN for silence."""
    if is_silent(audio):
        return float("nan")
    meter = need("pyloudnorm").Meter(STEM_SAMPLE_RATE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(meter.integrated_loudness(looped(audio, 3.0, STEM_SAMPLE_RATE)))


def true_peak_db(audio: NDArray[np.float32]) -> float:
    """dBTP of a loop [N, C=2] as it goes round, its seam included."""
    from scipy.signal import resample_poly

    around = np.concatenate([audio[-256:], audio, audio[:256]])
    return gain_to_db(float(np.max(np.abs(resample_poly(around, OVERSAMPLING, 1, axis=0)))))
