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


def seam_flux(audio: NDArray[np.float32]) -> float:
    """The spectral flux at the seam over the 99th percentile of the flux anywhere else. audio: [N, C=2].

    Notes start at the seam as they do elsewhere: about 1 where the strongest of them does, more for a click.
    """
    mono = audio.mean(axis=1)
    around = np.concatenate([mono[-WINDOW * 2 :], mono, mono[: WINDOW * 2]])
    frames = np.lib.stride_tricks.sliding_window_view(around, WINDOW)[::HOP] * np.hanning(WINDOW)
    level = np.log1p(10.0 * np.abs(np.fft.rfft(frames, axis=1)))
    flux = np.maximum(0.0, np.diff(level, axis=0)).sum(axis=1)
    # Frame i begins at sample HOP * i - 2 * WINDOW of the loop; those that hold the seam are at either end.
    near = 3 * WINDOW // HOP
    seam, inside = np.concatenate([flux[:near], flux[-near:]]), flux[near:-near]
    usual = float(np.quantile(inside, 0.99)) if len(inside) else 0.0
    return float(seam.max()) / usual if usual > 1e-3 else float("nan")
