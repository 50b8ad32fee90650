r"""A look-ahead limiter for loops: it keeps the true peak below a ceiling and knows no first sample.

    peaks of blocks of 32    |  .  |  .  | |#| |  .  |  .  |
    gain that each allows    ------------\___/-------------    held from LOOK blocks before on
    smoothed                 ---------\_________/ ' ' - - -    mean over the look-ahead; slow release

All on the ring of blocks, so the end of the loop makes room for a peak at its start. Where no peak
passes the ceiling the samples are only multiplied by `gain`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.audio.true_peak import BLOCK, sample_peaks, true_peaks
from engine.units import STEM_SAMPLE_RATE

LOOK_BLOCKS = 2  # 1.5 ms
RELEASE_S = 0.04
RELEASE_A_BLOCK = 1.0 - math.exp(-BLOCK / (RELEASE_S * STEM_SAMPLE_RATE))
# The gain moves within a block and float32 rounds: that much below the ceiling is aimed at.
MARGIN = 0.985


def limit(loop: NDArray[np.float32], gain: float, ceiling: float) -> float:
    """loop [N, C=2] times `gain`, its true peak at most `ceiling`, in place.

    Returns how deep it went: the smallest gain there was as a share of `gain`.
    """
    if not len(loop) or gain <= 0.0:
        loop *= np.float32(gain)
        return 1.0
    samples = sample_peaks(loop)
    aim = MARGIN * ceiling / gain
    allowed = np.minimum(1.0, aim / np.maximum(true_peaks(loop, samples, aim), 1e-30))
    if allowed.min() >= 1.0:
        loop *= np.float32(gain)
        return 1.0
    envelope = smoothed(allowed)
    # A gain that follows the peaks of one sign makes a little DC: far less than MARGIN leaves room for.
    loop -= (apply(loop, envelope * gain, gain) / len(loop)).astype(np.float32)
    return float(envelope.min())


@njit(cache=True, nogil=True)
def smoothed(allowed: NDArray[np.float64]) -> NDArray[np.float64]:
    """The gain at each block's start, never above what the blocks on both sides of it allow."""
    num_blocks = len(allowed)
    held = np.empty(num_blocks)
    for b in range(num_blocks):
        least = 1.0
        for k in range(b - LOOK_BLOCKS - 1, b + LOOK_BLOCKS + 1):
            least = min(least, allowed[k % num_blocks])
        held[b] = least
    gain = 1.0
    for m in range(2 * num_blocks):  # once around to arrive, once to write
        b = m % num_blocks
        gain = min(held[b], gain + RELEASE_A_BLOCK * (1.0 - gain))
        if m >= num_blocks:
            held[b] = gain
    smooth = np.empty(num_blocks)
    for b in range(num_blocks):
        total = 0.0
        for k in range(b - LOOK_BLOCKS, b + LOOK_BLOCKS + 1):
            total += held[k % num_blocks]
        smooth[b] = total / (2 * LOOK_BLOCKS + 1)
    return smooth


@njit(cache=True, nogil=True, fastmath=True)
def apply(loop: NDArray[np.float32], gains: NDArray[np.float64], usual: float) -> Any:
    """Multiply in place by gains [num_blocks], straight lines from block to block.

    Returns the sums [C=2] of what that is more than the loop times `usual`.
    """
    num_samples = loop.shape[0]
    num_blocks = len(gains)
    sums = np.zeros(2)
    for b in range(num_blocks):
        first = b * BLOCK
        count = min(BLOCK, num_samples - first)
        start = np.float32(gains[b])
        slope = np.float32((gains[(b + 1) % num_blocks] - gains[b]) / count)
        for i in range(count):
            gain = start + slope * np.float32(i)
            sums[0] += loop[first + i, 0] * (gain - usual)
            sums[1] += loop[first + i, 1] * (gain - usual)
            loop[first + i, 0] *= gain
            loop[first + i, 1] *= gain
    return sums
