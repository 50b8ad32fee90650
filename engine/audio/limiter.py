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

from engine.audio.true_peak import BLOCK, block_peaks, true_peaks
from engine.units import STEM_SAMPLE_RATE

LOOK_BLOCKS = 2  # 1.5 ms
RELEASE_S = 0.04
RELEASE_A_BLOCK = 1.0 - math.exp(-BLOCK / (RELEASE_S * STEM_SAMPLE_RATE))
# The gain moves within a block and float32 rounds: that much below the ceiling is aimed at.
MARGIN = 0.985
SLACK = 0.03  # a peak may be taken for so much higher where that saves its interpolation


def limit(loop: NDArray[np.float32], gain: float, ceiling: float) -> float:
    """loop [N, C=2] times `gain`, its true peak at most `ceiling`, in place.

    Returns how deep it went: the smallest gain there was as a share of `gain`.
    """
    if not len(loop) or gain <= 0.0:
        loop *= np.float32(gain)
        return 1.0
    samples, bends = block_peaks(loop)
    aim = MARGIN * ceiling / gain
    peaks = true_peaks(loop, samples, bends, aim, SLACK)
    allowed = np.minimum(1.0, aim / np.maximum(peaks, 1e-30))
    if allowed.min() >= 1.0:
        loop *= np.float32(gain)
        return 1.0
    envelope = smoothed(allowed)
    # A gain that follows the peaks of one sign makes a little DC: far less than MARGIN leaves room for.
    shift(loop, apply(loop, envelope * gain, gain) / -len(loop))
    return float(envelope.min())


@njit(cache=True, nogil=True)
def smoothed(allowed: NDArray[np.float64]) -> NDArray[np.float64]:
    """The gain at each block's start, never above what the blocks on both sides of it allow."""
    num_blocks = len(allowed)
    span = 2 * LOOK_BLOCKS + 1
    ring = np.empty(num_blocks + span)
    for k in range(len(ring)):
        ring[k] = allowed[(k - LOOK_BLOCKS - 1) % num_blocks]
    held = np.empty(num_blocks)
    for b in range(num_blocks):
        least = ring[b]
        for k in range(b + 1, b + span + 1):
            least = min(least, ring[k])
        held[b] = least
    gain = 1.0
    for _ in range(2):  # once around to arrive, once to write: what is written first is the same again
        for b in range(num_blocks):
            gain = min(held[b], gain + RELEASE_A_BLOCK * (1.0 - gain))
            held[b] = gain
    for k in range(num_blocks + span - 1):
        ring[k] = held[(k - LOOK_BLOCKS) % num_blocks]
    for b in range(num_blocks):
        total = ring[b]
        for k in range(b + 1, b + span):
            total += ring[k]
        held[b] = total / span
    return held


@njit(cache=True, nogil=True, fastmath=True)
def apply(loop: NDArray[np.float32], gains: NDArray[np.float64], usual: float) -> Any:
    """Multiply in place by gains [num_blocks], straight lines from block to block.

    Returns the sums [C=2] of what that is more than the loop times `usual`.
    """
    num_samples = loop.shape[0]
    num_blocks = len(gains)
    sums = np.zeros(2)
    base = np.float32(usual)
    for b in range(num_blocks):
        first = b * BLOCK
        count = min(BLOCK, num_samples - first)
        start = np.float32(gains[b])
        slope = np.float32((gains[(b + 1) % num_blocks] - gains[b]) / count)
        left = right = np.float32(0.0)
        for i in range(count):
            gain = start + slope * np.float32(i)
            x, y = loop[first + i, 0], loop[first + i, 1]
            left += x * (gain - base)
            right += y * (gain - base)
            loop[first + i, 0] = x * gain
            loop[first + i, 1] = y * gain
        sums[0] += left
        sums[1] += right
    return sums


@njit(cache=True, nogil=True, fastmath=True)
def shift(loop: NDArray[np.float32], by: NDArray[np.float64]) -> None:
    """Add a constant to each side, in place."""
    left, right = np.float32(by[0]), np.float32(by[1])
    for n in range(loop.shape[0]):
        loop[n, 0] += left
        loop[n, 1] += right
