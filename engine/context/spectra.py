"""Magnitude spectra of overlapping windows, a few at a time: 20 minutes must not fill the memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

WINDOWS_AT_ONCE = 2048


def spectra(mono: NDArray[np.float32], window: int, hop: int) -> Iterator[NDArray[np.float32]]:
    """Blocks of [moment, bin]. Moment m is centred on sample m * hop; beyond both ends there is silence."""
    from scipy.fft import rfft

    moments = len(mono) // hop + 1
    shape = np.hanning(window).astype(np.float32)
    padded = np.pad(mono, (window // 2, window))
    windows = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    for first in range(0, moments, WINDOWS_AT_ONCE):
        block = windows[first : min(first + WINDOWS_AT_ONCE, moments)]
        yield np.abs(rfft(block * shape, axis=1)) * np.float32(2.0 / shape.sum())
