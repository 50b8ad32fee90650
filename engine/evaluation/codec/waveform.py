"""How far the decoded is from the original sample by sample, phase and all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PERFECT_DB = 100.0  # equal signals; beyond it there is only rounding


def si_sdr(original: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    """Scale-invariant signal to distortion, dB, of the middle of both [N, C=2]; 100 for equal ones.

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
    power = float(o @ o)
    if power <= 0.0:
        return float("nan")
    along = (float(d @ o) / power) * o
    rest = along - d
    least = 10 ** (-PERFECT_DB / 10)
    kept = max(float(along @ along), least * power)
    return float(10 * np.log10(kept / max(float(rest @ rest), least * kept)))
