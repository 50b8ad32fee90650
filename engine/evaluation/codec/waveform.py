"""How far the decoded is from the original sample by sample, phase and all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PERFECT_DB = 100.0  # equal signals, and below zero signals with nothing in common; beyond is rounding


def si_sdr(original: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    """Scale-invariant signal to distortion, dB, of the middle of both [N, C=2]: -100 to 100.

    The decoded's share along the original against the rest of it: with a = <d, o> / |o|^2,
    10 log10(|a o|^2 / |a o - d|^2), both without their mean. Source: Le Roux et al. 2019.
    """
    return _si_sdr(original.mean(axis=1), decoded.mean(axis=1))


def si_sdr_stereo(original: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    """The same over both channels as one signal: a decoded that lost its width loses here too."""
    return _si_sdr(original.T.reshape(-1), decoded.T.reshape(-1))


def _si_sdr(original: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    o = original.astype(np.float64) - np.mean(original, dtype=np.float64)
    d = decoded.astype(np.float64) - np.mean(decoded, dtype=np.float64)
    power, power_d = float(o @ o), float(d @ d)
    if power <= 0.0:
        return float("nan")
    if power_d <= 0.0:
        return -PERFECT_DB
    along = (float(d @ o) / power) * o
    rest = along - d
    least = power_d * 10 ** (-PERFECT_DB / 10)
    return float(10 * np.log10(max(float(along @ along), least) / max(float(rest @ rest), least)))
