"""A value that follows another one, fast down and slowly up, on a ring."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def followed(wanted: NDArray[np.float64], down_steps: float, up_steps: float) -> NDArray[np.float64]:
    """One pole on the way to `wanted`, so many steps to 63 per cent; twice around, to meet its start."""
    down, up = 1.0 - math.exp(-1.0 / down_steps), 1.0 - math.exp(-1.0 / up_steps)
    out = np.empty_like(wanted)
    at = wanted[-1]
    for _ in range(2):
        for n in range(len(wanted)):
            at += (down if wanted[n] < at else up) * (wanted[n] - at)
            out[n] = at
    return out
