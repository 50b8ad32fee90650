"""Loudness of a loop after ITU-R BS.1770-4: K-weighting, 400 ms blocks every 100 ms, two gates.

A loop has no end: it is read on over its seam to at least 3 s and to a whole number of hops, and the
weighting filters are already swung in when the first sample counts. So the loudness of a loop is that
of the loop played for ever, wherever it starts.

Compiled, without the interpreter, because every stem goes through it before anybody hears it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.audio.biquad import Coefficients
from engine.units import STEM_SAMPLE_RATE

SILENCE_LUFS = -120.0
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
OFFSET_LU = -0.691  # of the standard: a 997 Hz sine at full scale on one side is -3.01 LUFS
HOPS_A_BLOCK = 4
SHORTEST_SECONDS = 3.0
SWING_IN_SAMPLES = STEM_SAMPLE_RATE // 10  # the 38 Hz high-pass falls to 1e-10 in it


def k_weighting(sample_rate: int = STEM_SAMPLE_RATE) -> tuple[Coefficients, Coefficients]:
    """The shelf and the high-pass of the standard at any rate; at 48 kHz these are its own tables.

    The analogue prototypes behind those tables after Brecht De Man, "Evaluation of implementations of
    the EBU R128 loudness measurement" (AES 145, 2018).
    """
    k = math.tan(math.pi * 1681.974450955533 / sample_rate)
    high = 10.0 ** (3.999843853973347 / 20.0)
    band = high**0.4996667741545416
    q = 0.7071752369554196
    a0 = 1.0 + k / q + k * k
    shelf = (
        (high + band * k / q + k * k) / a0, 2.0 * (k * k - high) / a0, (high - band * k / q + k * k) / a0,
        2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0,
    )  # fmt: skip
    k = math.tan(math.pi * 38.13547087602444 / sample_rate)
    q = 0.5003270373238773
    a0 = 1.0 + k / q + k * k
    return shelf, (1.0, -2.0, 1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0)


K_WEIGHTING = k_weighting()
HOP_SAMPLES = STEM_SAMPLE_RATE // 10


def loudness(loop: NDArray[np.float32]) -> float:
    """Integrated loudness in LUFS of a loop [N, C=2] at 44.1 kHz; SILENCE_LUFS where all is gated."""
    if not len(loop):
        return SILENCE_LUFS
    return float(gated(hop_powers(loop, *K_WEIGHTING)))


@njit(cache=True, nogil=True)
def num_hops(num_samples: int) -> int:
    """Hops that cover the loop as often as it takes to reach SHORTEST_SECONDS."""
    shortest = int(SHORTEST_SECONDS * STEM_SAMPLE_RATE)
    rounds = 1 if num_samples >= shortest else -(-shortest // num_samples)
    return -(-rounds * num_samples // HOP_SAMPLES)


@njit(cache=True, nogil=True, fastmath=True)
def hop_powers(loop: NDArray[np.float32], shelf: Any, high: Any) -> NDArray[np.float64]:
    """The K-weighted mean square of each hop, both sides together; the last blocks wrap, so 3 hops more."""
    b0, b1, b2, a1, a2 = shelf
    _, _, _, c1, c2 = high
    num_samples = loop.shape[0]
    powers = np.zeros(num_hops(num_samples) + HOPS_A_BLOCK - 1)
    l1 = l2 = r1 = r2 = 0.0
    m1 = m2 = s1 = s2 = 0.0
    n = (-SWING_IN_SAMPLES) % num_samples
    first = -(SWING_IN_SAMPLES // HOP_SAMPLES)
    for hop in range(first, len(powers)):
        total = 0.0
        for _ in range(HOP_SAMPLES):
            left = float(loop[n, 0])
            right = float(loop[n, 1])
            y = b0 * left + l1
            l1 = b1 * left - a1 * y + l2
            l2 = b2 * left - a2 * y
            z = b0 * right + r1
            r1 = b1 * right - a1 * z + r2
            r2 = b2 * right - a2 * z
            v = y + m1
            m1 = -2.0 * y - c1 * v + m2
            m2 = y - c2 * v
            w = z + s1
            s1 = -2.0 * z - c1 * w + s2
            s2 = z - c2 * w
            total += v * v + w * w
            n += 1
            if n == num_samples:
                n = 0
        if hop >= 0:
            powers[hop] = total / HOP_SAMPLES
    return powers


@njit(cache=True, nogil=True)
def gated(powers: NDArray[np.float64]) -> float:
    """LUFS of the blocks that pass both gates."""
    num_blocks = len(powers) - HOPS_A_BLOCK + 1
    blocks = np.empty(num_blocks)
    for b in range(num_blocks):
        blocks[b] = powers[b : b + HOPS_A_BLOCK].mean()
    gate = 10.0 ** ((ABSOLUTE_GATE_LUFS - OFFSET_LU) / 10.0)
    for relative in (True, False):
        total = 0.0
        count = 0
        for power in blocks:
            if power > gate:
                total += power
                count += 1
        if count == 0:
            return SILENCE_LUFS
        if relative:
            gate = max(gate, total / count * 10.0 ** (RELATIVE_GATE_LU / 10.0))
    return OFFSET_LU + 10.0 * math.log10(total / count)
