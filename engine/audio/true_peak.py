"""True peaks: what a converter makes of the samples, after ITU-R BS.1770-4, annex 2 (4 x oversampled).

Only blocks that can matter are interpolated: no value between samples exceeds LARGEST_RISE times the
largest sample within the reach of the interpolator.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

BLOCK = 32
# The polyphase interpolator of the annex: [phase, tap]. Its other two phases are these backwards.
PHASES = np.array(
    [
        [0.0017089843750, 0.0109863281250, -0.0196533203125, 0.0332031250000, -0.0594482421875,
         0.1373291015625, 0.9721679687500, -0.1022949218750, 0.0476074218750, -0.0266113281250,
         0.0148925781250, -0.0083007812500],
        [-0.0291748046875, 0.0292968750000, -0.0517578125000, 0.0891113281250, -0.1665039062500,
         0.4650878906250, 0.7797851562500, -0.2003173828125, 0.1015625000000, -0.0582275390625,
         0.0330810546875, -0.0189208984375],
    ],
    dtype=np.float32,
)  # fmt: skip
PHASES = np.ascontiguousarray(np.concatenate([PHASES, PHASES[::-1, ::-1]]))  # [4, 12]
NUM_TAPS = PHASES.shape[1]
BEFORE = 5  # taps 5 and 6 stand around the gap that is interpolated
LARGEST_RISE = float(np.abs(PHASES).sum(axis=1).max())  # 2.03


def true_peak(loop: NDArray[np.float32]) -> float:
    """The largest amplitude of a loop [N, C=2] between or at its samples; it is read on over its seam."""
    if not len(loop):
        return 0.0
    samples = sample_peaks(loop)
    return float(true_peaks(loop, samples, float(samples.max())).max())


@njit(cache=True, nogil=True, fastmath=True)
def sample_peaks(loop: NDArray[np.float32]) -> NDArray[np.float32]:
    """The largest sample of each block of BLOCK; the last one may be short."""
    num_samples = loop.shape[0]
    num_blocks = -(-num_samples // BLOCK)
    peaks = np.empty(num_blocks, dtype=np.float32)
    for b in range(num_blocks):
        peak = np.float32(0.0)
        for n in range(b * BLOCK, min((b + 1) * BLOCK, num_samples)):
            peak = max(peak, abs(loop[n, 0]), abs(loop[n, 1]))
        peaks[b] = peak
    return peaks


@njit(cache=True, nogil=True, fastmath=True)
def true_peaks(loop: NDArray[np.float32], samples: NDArray[np.float32], above: float) -> Any:
    """The true peak of each block that may exceed `above`; its sample peak elsewhere."""
    num_blocks = len(samples)
    peaks = samples.copy()
    for b in range(num_blocks):
        near = max(samples[b - 1], samples[b], samples[(b + 1) % num_blocks], samples[(b + 2) % num_blocks])
        if near * LARGEST_RISE > above:
            peaks[b] = max(samples[b], _between(loop, b * BLOCK))
    return peaks


@njit(cache=True, nogil=True, fastmath=True)
def _between(loop: NDArray[np.float32], first: int) -> np.float32:
    """The largest amplitude between the samples first .. first + BLOCK."""
    num_samples = loop.shape[0]
    count = min(BLOCK, num_samples - first)
    around = np.empty(2 * (BLOCK + NUM_TAPS), dtype=np.float32)
    n = (first - BEFORE) % num_samples
    for i in range(count + NUM_TAPS):
        around[2 * i] = loop[n, 0]
        around[2 * i + 1] = loop[n, 1]
        n += 1
        if n == num_samples:
            n = 0
    peak = np.float32(0.0)
    values = np.empty(2 * BLOCK, dtype=np.float32)
    for phase in range(4):
        values[:] = np.float32(0.0)
        for tap in range(NUM_TAPS):
            weight = PHASES[phase, tap]
            for i in range(2 * count):
                values[i] += weight * around[i + 2 * tap]
        for i in range(2 * count):
            peak = max(peak, abs(values[i]))
    return peak
