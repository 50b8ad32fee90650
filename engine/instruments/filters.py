"""The zero-delay state variable filter, for notes and for whole loops.

Topology-preserving form after A. Simper, "Solving the continuous SVF equations using trapezoidal
integration and equivalent currents" (Cytomic, 2013): stable under any modulation of its cutoff.

numba's cache knows the date of a kernel's own file only: after a change here, kernels of other files
that call `svf_*` are compiled afresh only once their caches (`__pycache__/*.nbi`) are deleted.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.instruments.control import BLOCK
from engine.units import STEM_SAMPLE_RATE

LOW, BAND, HIGH = 0, 1, 2
SECOND_DAMPING = 1.4  # of a four-pole filter's second stage, which does not resonate
MODES = {"low": LOW, "band": BAND, "high": HIGH}


@njit(cache=True, nogil=True, fastmath=True)
def svf_gains(cutoff_hz: float, damping: float) -> Any:
    """a1, a2, a3 of the filter; damping 2 = no resonance, 0 = oscillation."""
    g = math.tan(math.pi * min(cutoff_hz, 20_000.0) / STEM_SAMPLE_RATE)
    a1 = 1.0 / (1.0 + g * (g + damping))
    return a1, g * a1, g * g * a1


@njit(cache=True, nogil=True, fastmath=True)
def svf_step(x: float, s1: float, s2: float, a1: float, a2: float, a3: float) -> Any:
    """One sample: (band, low, s1, s2). high = x - damping * band - low."""
    v3 = x - s2
    band = a1 * s1 + a2 * v3
    low = s2 + a2 * s1 + a3 * v3
    return band, low, 2.0 * band - s1, 2.0 * low - s2


@njit(cache=True, nogil=True, fastmath=True)
def add_filtered(
    loop: NDArray[np.float32],
    note: NDArray[np.float32],
    start: int,
    cutoff: NDArray[np.float64],
    level: NDArray[np.float64],
    damping: float,
    four_pole: bool,
) -> None:
    """Low-pass `note` [M, C=2], shape its level, and add it to `loop` [N, C=2] from `start` on, wrapping.

    M = BLOCK * len(cutoff); level: [len(cutoff) + 1], interpolated within a block.
    """
    num_samples = loop.shape[0]
    l1 = l2 = r1 = r2 = 0.0
    m1 = m2 = t1 = t2 = 0.0
    n = start % num_samples
    for block in range(len(cutoff)):
        a1, a2, a3 = svf_gains(cutoff[block], damping)
        b1, b2, b3 = svf_gains(cutoff[block], SECOND_DAMPING)
        gain = level[block]
        slope = (level[block + 1] - gain) / BLOCK
        for i in range(block * BLOCK, (block + 1) * BLOCK):
            _, left, l1, l2 = svf_step(note[i, 0], l1, l2, a1, a2, a3)
            _, right, r1, r2 = svf_step(note[i, 1], r1, r2, a1, a2, a3)
            if four_pole:
                _, left, m1, m2 = svf_step(left, m1, m2, b1, b2, b3)
                _, right, t1, t2 = svf_step(right, t1, t2, b1, b2, b3)
            loop[n, 0] += left * gain
            loop[n, 1] += right * gain
            gain += slope
            n += 1
            if n == num_samples:
                n = 0


@njit(cache=True, nogil=True, fastmath=True)
def low_pass_loop(loop: NDArray[np.float32], cutoff: NDArray[np.float64], preroll: int) -> Any:
    """The loop through a Butterworth low-pass that follows `cutoff` (one value a block): [N, C=2].

    The filter runs over the loop's last `preroll` samples first, so its state closes over the seam.
    """
    num_samples = loop.shape[0]
    out = np.empty_like(loop)
    l1 = l2 = r1 = r2 = 0.0
    a1 = a2 = a3 = 0.0
    last = -1
    for n in range(-preroll, num_samples):
        at = n % num_samples
        block = at // BLOCK
        if block != last:
            a1, a2, a3 = svf_gains(cutoff[block], 1.4142)
            last = block
        _, left, l1, l2 = svf_step(loop[at, 0], l1, l2, a1, a2, a3)
        _, right, r1, r2 = svf_step(loop[at, 1], r1, r2, a1, a2, a3)
        if n >= 0:
            out[n, 0] = left
            out[n, 1] = right
    return out
