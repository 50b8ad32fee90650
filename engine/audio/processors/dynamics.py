"""Compression that knows no first sample."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.audio.limiter import apply
from engine.audio.processors.registry import Processor
from engine.audio.true_peak import BLOCK
from engine.units import STEM_SAMPLE_RATE

ATTACK_MS, RELEASE_MS = 8.0, 120.0
FULL_RATIO = 6.0
HEADROOM_DB = 8.0  # so far under the loop's mean power it sets in


def compress(audio: NDArray[np.float32], amount: float, tempo_bpm: float, seed: int) -> NDArray[np.float32]:
    """What is louder than the loop's mean comes down, up to 6 to 1; what is softer comes up by comparison."""
    powers = block_powers(audio)
    mean = float(powers.mean())
    if mean <= 1e-14:
        return audio
    over_db = 10.0 * np.log10(np.maximum(powers / mean, 1e-3)) + HEADROOM_DB
    wanted_db = -np.maximum(0.0, over_db) * (1.0 - 1.0 / (1.0 + (FULL_RATIO - 1.0) * amount))
    out = audio.copy()
    apply(out, 10.0 ** (followed(wanted_db) / 20.0), 1.0)
    return out


@njit(cache=True, nogil=True, fastmath=True)
def block_powers(loop: NDArray[np.float32]) -> NDArray[np.float64]:
    """The mean square of each block of BLOCK."""
    num_samples = loop.shape[0]
    powers = np.empty(-(-num_samples // BLOCK))
    for b in range(len(powers)):
        last = min((b + 1) * BLOCK, num_samples)
        total = 0.0
        for n in range(b * BLOCK, last):
            total += loop[n, 0] * loop[n, 0] + loop[n, 1] * loop[n, 1]
        powers[b] = total / (2 * (last - b * BLOCK))
    return powers


@njit(cache=True, nogil=True)
def followed(wanted_db: NDArray[np.float64]) -> NDArray[np.float64]:
    """Down fast, up slowly; twice around, so that the end meets the start."""
    down = 1.0 - math.exp(-1000.0 * BLOCK / (ATTACK_MS * STEM_SAMPLE_RATE))
    up = 1.0 - math.exp(-1000.0 * BLOCK / (RELEASE_MS * STEM_SAMPLE_RATE))
    out = np.empty_like(wanted_db)
    at = wanted_db[-1]
    for _ in range(max(2, 4096 // len(wanted_db))):
        for b in range(len(wanted_db)):
            at += (down if wanted_db[b] < at else up) * (wanted_db[b] - at)
            out[b] = at
    return out


PROCESSORS = (Processor("compress", compress, "loud parts down, soft parts up, 8 ms and 120 ms"),)
