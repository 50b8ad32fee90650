"""What is heard where a loop starts again, against what happens inside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WINDOW = 1024
HOP = 256
QUANTILE = 0.999


def seam_jump(audio: NDArray[np.float32]) -> float:
    """The step from the last sample to the first over the 99.9th percentile of all steps. audio: [N, C=2].

    Up to 1 the seam is a step like others; a click is many times that.
    """
    steps = np.abs(np.diff(audio, axis=0)).max(axis=1)
    usual = float(np.quantile(steps, QUANTILE))
    seam = float(np.abs(audio[0] - audio[-1]).max())
    return seam / usual if usual > 1e-6 else 0.0 if seam < 1e-6 else float("inf")


def seam_flux(audio: NDArray[np.float32], bar_samples: float) -> float:
    """Spectral flux around the seam over the median of that at the loop's other bar lines.

    Notes start at bar lines, so bar lines are what a seam is like: 1 where nobody could tell.
    """
    mono = audio.mean(axis=1)
    count = max(1, round(len(mono) / bar_samples))
    flux = [_flux(mono, round(bar * bar_samples)) for bar in range(count)]
    usual = float(np.median(flux[1:])) if count > 1 else 0.0
    return flux[0] / usual if usual > 1e-3 else float("nan")


def _flux(mono: NDArray[np.float32], centre: int) -> float:
    """The largest rise of the log spectrum within 30 ms of a sample; the loop goes round."""
    places = centre + np.arange(-WINDOW - 5 * HOP, WINDOW + 5 * HOP)
    piece = np.take(mono, places, mode="wrap")
    frames = np.lib.stride_tricks.sliding_window_view(piece, WINDOW)[::HOP] * np.hanning(WINDOW)
    level = np.log1p(10.0 * np.abs(np.fft.rfft(frames, axis=1)))
    return float(np.maximum(0.0, np.diff(level, axis=0)).sum(axis=1).max())
