"""Drive without folding: a soft curve, smoothed by its antiderivative, at four times the sample rate.

    loop -> x2 -> x2 -> curve -> /2 -> /2 -> loop        half-band filters of linear phase: no delay

First-order antiderivative anti-aliasing (Parker et al., DAFx 2016) is the mean of the curve between two
samples. The curve here is x / sqrt(1 + x^2), its antiderivative sqrt(1 + x^2), which makes that mean
simply (x0 + x1) / (sqrt(1 + x0^2) + sqrt(1 + x1^2)): no division by a small number, no table, no tanh.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.audio.finishing import is_wide

CHUNK = 2048
PAD = 32  # more than the filters reach to either side


def half_band(taps: int, beta: float) -> NDArray[np.float32]:
    """The odd taps of one side of a half-band low-pass (Kaiser window): [taps], their sum 1/2."""
    n = np.arange(taps) + 0.5
    window = np.i0(beta * np.sqrt(1.0 - (n / taps) ** 2)) / np.i0(beta)
    side = np.sinc(n) * window
    return (0.5 * side / side.sum()).astype(np.float32)


SHARP = half_band(24, 6.0)  # to twice the rate: 19.5 kHz passes, its image is 60 dB down
WIDE = half_band(4, 5.0)  # to four times: nothing lies between 22 and 66 kHz


@njit(cache=True, nogil=True, fastmath=True)
def between(x: NDArray[np.float32], side: NDArray[np.float32]) -> Any:
    """What lies halfway between `x` [M] and its next neighbour: [M], zero where the filter has none.

    Four taps a pass over the whole chunk, which stays in the first cache: each pass runs as vectors.
    """
    reach = len(side)
    count = len(x) - 2 * reach
    out = np.zeros(len(x), dtype=np.float32)
    inner = out[reach : reach + count]
    for k in range(0, reach, 4):
        a, b, c, d = side[k], side[k + 1], side[k + 2], side[k + 3]
        before = x[reach - k - 3 : reach - k + count]
        after = x[reach + 1 + k : reach + 4 + k + count]
        for n in range(count):
            inner[n] += (
                a * (before[n + 3] + after[n]) + b * (before[n + 2] + after[n + 1])
                + c * (before[n + 1] + after[n + 2]) + d * (before[n] + after[n + 3])
            )  # fmt: skip
    return out


@njit(cache=True, nogil=True, fastmath=True)
def twice(x: NDArray[np.float32], side: NDArray[np.float32]) -> Any:
    """`x` [M] at twice its rate: [2 M]."""
    new = between(x, side)
    out = np.empty(2 * len(x), dtype=np.float32)
    for n in range(len(x)):
        out[2 * n] = x[n]
        out[2 * n + 1] = new[n]
    return out


@njit(cache=True, nogil=True, fastmath=True)
def halved(x: NDArray[np.float32], side: NDArray[np.float32]) -> Any:
    """`x` [2 M] at half its rate: [M]."""
    count = len(x) // 2
    odd = np.zeros(count, dtype=np.float32)
    for n in range(1, count):
        odd[n] = x[2 * n - 1]
    out = between(odd, side)
    for n in range(count):
        out[n] = np.float32(0.5) * (x[2 * n] + out[n])
    return out


@njit(cache=True, nogil=True, fastmath=True)
def drive_loop(
    loop: NDArray[np.float32], gain: float, mix: float, sharp: NDArray[np.float32], wide: NDArray[np.float32]
) -> None:
    """Soft saturation of the loop [N, C=2] in place, round its seam; full scale stays full scale.

    A loop whose sides are the same, as most basses are, is bent once for both.
    """
    num_samples = loop.shape[0]
    source = loop.copy()
    one = np.float32(1.0)
    wet = np.float32(mix * math.sqrt(1.0 + gain * gain) / gain)
    dry = np.float32(1.0 - mix)
    padded = np.empty(CHUNK + 2 * PAD, dtype=np.float32)
    bent = np.zeros(4 * len(padded), dtype=np.float32)
    root = np.empty(4 * len(padded), dtype=np.float32)
    push = np.float32(gain)
    sides = 2 if is_wide(loop) else 1
    for first in range(0, num_samples, CHUNK):
        count = min(CHUNK, num_samples - first)
        for c in range(sides):
            n = (first - PAD) % num_samples
            for i in range(len(padded)):
                padded[i] = push * source[n, c]
                n += 1
                if n == num_samples:
                    n = 0
            fine = twice(twice(padded, sharp), wide)
            for i in range(len(fine)):
                root[i] = np.sqrt(one + fine[i] * fine[i])
            newer, new_root = fine[1:], root[1:]
            for i in range(len(newer)):
                bent[i] = (fine[i] + newer[i]) / (root[i] + new_root[i])
            coarse = halved(halved(bent, wide), sharp)
            for i in range(count):
                n = first + i
                loop[n, c] = dry * source[n, c] + wet * coarse[i + PAD]
    if sides == 1:
        for n in range(num_samples):
            loop[n, 1] = loop[n, 0]
