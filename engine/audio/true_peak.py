"""True peaks: what a converter makes of the samples, after ITU-R BS.1770-4, annex 2 (4 x oversampled).

Only blocks that can matter are interpolated. A phase of the interpolator is a straight line between two
samples times the sum of its taps, and a weighted sum of second differences: what lies between samples
cannot exceed RISES of the largest sample and BENDS of the largest second difference within reach.
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
RISES = (1.0016, 0.9731)  # of the outer phases, of the inner ones
BENDS = (0.1642, 0.5698)


def true_peak(loop: NDArray[np.float32]) -> float:
    """The largest amplitude of a loop [N, C=2] between or at its samples; it is read on over its seam."""
    if not len(loop):
        return 0.0
    samples, bends = block_peaks(loop)
    return float(true_peaks(loop, samples, bends, float(samples.max()), 0.0).max())


@njit(cache=True, nogil=True, fastmath=True)
def block_peaks(loop: NDArray[np.float32]) -> Any:
    """The largest sample and the largest second difference of each block of BLOCK; the last may be short."""
    num_samples = loop.shape[0]
    num_blocks = -(-num_samples // BLOCK)
    samples = np.empty(num_blocks, dtype=np.float32)
    bends = np.empty(num_blocks, dtype=np.float32)
    flat = loop.reshape(-1)  # both sides beside each other: plain slices become vector code
    for b in range(num_blocks):
        first = b * BLOCK
        last = min(first + BLOCK, num_samples)
        here = flat[2 * first : 2 * last]
        peak = np.float32(0.0)
        for i in range(len(here)):
            peak = max(peak, abs(here[i]))
        first, last = max(first, 1), min(last, num_samples - 1)
        here = flat[2 * first : 2 * last]
        left, right = flat[2 * first - 2 : 2 * last - 2], flat[2 * first + 2 : 2 * last + 2]
        bend = np.float32(0.0)
        for i in range(len(here)):
            bend = max(bend, abs(left[i] + right[i] - here[i] - here[i]))
        samples[b] = peak
        bends[b] = bend
    for c in range(2):  # the two that reach over the seam
        for n in (0, num_samples - 1):
            bend = abs(loop[n - 1, c] + loop[(n + 1) % num_samples, c] - loop[n, c] - loop[n, c])
            bends[n // BLOCK] = max(bends[n // BLOCK], bend)
    return samples, bends


@njit(cache=True, nogil=True, fastmath=True)
def true_peaks(
    loop: NDArray[np.float32],
    samples: NDArray[np.float32],
    bends: NDArray[np.float32],
    above: float,
    slack: float,
) -> NDArray[np.float32]:
    """The true peak of each block that may pass `above` (or at most `slack` of it more), else its samples."""
    num_blocks = len(samples)
    peaks = samples.copy()
    around = np.empty(2 * (BLOCK + NUM_TAPS), dtype=np.float32)
    values = np.empty(2 * BLOCK, dtype=np.float32)
    for b in range(num_blocks):
        after, later = (b + 1) % num_blocks, (b + 2) % num_blocks  # the block after may be a short one
        near = max(samples[b - 1], samples[b], samples[after], samples[later])
        bend = max(bends[b - 1], bends[b], bends[after], bends[later])
        bound = max(RISES[0] * near + BENDS[0] * bend, RISES[1] * near + BENDS[1] * bend)
        if bound > above:
            if bound <= samples[b] * (1.0 + slack):
                peaks[b] = bound
            else:
                peaks[b] = max(samples[b], _between(loop, b * BLOCK, around, values))
    return peaks


@njit(cache=True, nogil=True, fastmath=True)
def _between(
    loop: NDArray[np.float32], first: int, around: NDArray[np.float32], values: NDArray[np.float32]
) -> np.float32:
    """The largest amplitude between the samples first .. first + BLOCK. Scratch: `around`, `values`."""
    num_samples = loop.shape[0]
    count = min(BLOCK, num_samples - first) + NUM_TAPS
    around[2 * count :] = np.float32(0.0)
    n = (first - BEFORE) % num_samples
    for i in range(count):
        around[2 * i] = loop[n, 0]
        around[2 * i + 1] = loop[n, 1]
        n += 1
        if n == num_samples:
            n = 0
    return max(
        _phase_peak(around, PHASES[0], values), _phase_peak(around, PHASES[1], values),
        _phase_peak(around, PHASES[2], values), _phase_peak(around, PHASES[3], values),
    )  # fmt: skip


@njit(cache=True, nogil=True, fastmath=True)
def _phase_peak(x: NDArray[np.float32], h: NDArray[np.float32], values: NDArray[np.float32]) -> np.float32:
    """The largest of one phase, both sides beside each other in `x`; unrolled, so that it is vector code."""
    for i in range(2 * BLOCK):
        values[i] = (
            h[0] * x[i] + h[1] * x[i + 2] + h[2] * x[i + 4] + h[3] * x[i + 6]
            + h[4] * x[i + 8] + h[5] * x[i + 10] + h[6] * x[i + 12] + h[7] * x[i + 14]
            + h[8] * x[i + 16] + h[9] * x[i + 18] + h[10] * x[i + 20] + h[11] * x[i + 22]
        )  # fmt: skip
    peak = np.float32(0.0)
    for i in range(2 * BLOCK):
        peak = max(peak, abs(values[i]))
    return peak
