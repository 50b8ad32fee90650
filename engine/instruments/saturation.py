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
def twice(x: NDArray[np.float32], side: NDArray[np.float32]) -> Any:
    """`x` [M] at twice its rate: [2 M]; the ends, where the filter has no neighbours, are zero."""
    reach = len(side)
    out = np.zeros(2 * len(x), dtype=np.float32)
    for n in range(reach, len(x) - reach):
        total = np.float32(0.0)
        for k in range(reach):
            total += side[k] * (x[n - k] + x[n + 1 + k])
        out[2 * n] = x[n]
        out[2 * n + 1] = total
    return out


@njit(cache=True, nogil=True, fastmath=True)
def halved(x: NDArray[np.float32], side: NDArray[np.float32]) -> Any:
    """`x` [2 M] at half its rate: [M]."""
    reach = len(side)
    out = np.zeros(len(x) // 2, dtype=np.float32)
    for n in range(reach, len(out) - reach):
        total = x[2 * n]
        for k in range(reach):
            total += side[k] * (x[2 * n - 1 - 2 * k] + x[2 * n + 1 + 2 * k])
        out[n] = np.float32(0.5) * total
    return out


@njit(cache=True, nogil=True, fastmath=True)
def drive_loop(
    loop: NDArray[np.float32], gain: float, mix: float, sharp: NDArray[np.float32], wide: NDArray[np.float32]
) -> None:
    """Soft saturation of the loop [N, C=2] in place, round its seam; full scale stays full scale."""
    num_samples = loop.shape[0]
    source = loop.copy()
    one = np.float32(1.0)
    wet = np.float32(mix * math.sqrt(1.0 + gain * gain) / gain)
    dry = np.float32(1.0 - mix)
    padded = np.empty(CHUNK + 2 * PAD, dtype=np.float32)
    bent = np.empty(4 * len(padded), dtype=np.float32)
    for first in range(0, num_samples, CHUNK):
        count = min(CHUNK, num_samples - first)
        for c in range(2):
            for i in range(len(padded)):
                padded[i] = np.float32(gain) * source[(first + i - PAD) % num_samples, c]
            fine = twice(twice(padded, sharp), wide)
            bent[0] = 0.0
            for i in range(1, len(fine)):
                a, b = fine[i - 1], fine[i]
                bent[i] = (a + b) / (np.sqrt(one + a * a) + np.sqrt(one + b * b))
            coarse = halved(halved(bent, wide), sharp)
            for i in range(count):
                n = first + i
                loop[n, c] = dry * source[n, c] + wet * coarse[i + PAD]
