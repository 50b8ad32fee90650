"""A loop as a ring: filters that have always been running, slow movements that end where they began."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.audio.biquad import THROUGH, Coefficients
from engine.units import STEM_SAMPLE_RATE

SWING_IN_SAMPLES = STEM_SAMPLE_RATE // 5  # a 12 Hz high-pass falls to 1e-5 in it
BLOCK = 16  # samples between two values of a movement; a line joins them


def filtered(audio: NDArray[np.float32], *filters: Coefficients) -> NDArray[np.float32]:
    """The loop [N, C=2] after it has been through the filters for long."""
    out = audio
    for first, second in zip(filters[::2], (*filters[1::2], THROUGH), strict=False):
        out = two_filters(out, first, second, SWING_IN_SAMPLES)
    return out


@njit(cache=True, nogil=True, fastmath=True)
def two_filters(loop: NDArray[np.float32], first: Any, second: Any, swing_in: int) -> Any:
    """The loop through two filters that have heard its last `swing_in` samples; transposed direct form II."""
    num_samples = loop.shape[0]
    out = np.empty_like(loop)
    a0, a1, a2, a3, a4 = first
    b0, b1, b2, b3, b4 = second
    l1 = l2 = r1 = r2 = m1 = m2 = s1 = s2 = 0.0
    n = (-swing_in) % num_samples
    for m in range(-swing_in, num_samples):
        x = float(loop[n, 0])
        y = a0 * x + l1
        l1 = a1 * x - a3 * y + l2
        l2 = a2 * x - a4 * y
        left = b0 * y + m1
        m1 = b1 * y - b3 * left + m2
        m2 = b2 * y - b4 * left
        x = float(loop[n, 1])
        y = a0 * x + r1
        r1 = a1 * x - a3 * y + r2
        r2 = a2 * x - a4 * y
        right = b0 * y + s1
        s1 = b1 * y - b3 * right + s2
        s2 = b2 * y - b4 * right
        if m >= 0:
            out[n, 0] = left
            out[n, 1] = right
        n += 1
        if n == num_samples:
            n = 0
    return out


@njit(cache=True, nogil=True)
def white(num_samples: int, seed: int) -> Any:
    """White noise of RMS 1 (xorshift, Marsaglia 2003): [N, C=2]."""
    out = np.empty((num_samples, 2), dtype=np.float32)
    state = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x2545F4914F6CDD1D)
    scale = np.float32(math.sqrt(3.0) / 2.0**31)
    for n in range(num_samples):
        state ^= state << np.uint64(13)
        state ^= state >> np.uint64(7)
        state ^= state << np.uint64(17)
        out[n, 0] = np.float32(np.int32(state >> np.uint64(32))) * scale
        out[n, 1] = np.float32(np.int32(state & np.uint64(0xFFFFFFFF))) * scale
    return out


def noise(num_samples: int, seed: int, *filters: Coefficients) -> NDArray[np.float32]:
    """White noise of RMS 1 through the filters, a loop itself: [N, C=2]."""
    return filtered(white(num_samples, seed), *filters)


@njit(cache=True, nogil=True)
def sums(loop: NDArray[np.float32]) -> Any:
    """Of each side, and of the squares of both."""
    left = right = power = 0.0
    for n in range(loop.shape[0]):
        x, y = float(loop[n, 0]), float(loop[n, 1])
        left += x
        right += y
        power += x * x + y * y
    return left, right, power


def whole_cycles(hz: float, num_samples: int) -> int:
    """How often about `hz` fits into the loop: at least once, and a whole number of times."""
    return max(1, round(hz * num_samples / STEM_SAMPLE_RATE))


def num_beats(num_samples: int, tempo_bpm: float) -> float:
    return num_samples * tempo_bpm / (60.0 * STEM_SAMPLE_RATE)


def slow_sine(num_samples: int, cycles: int, turn: float = 0.0) -> NDArray[np.float32]:
    """`cycles` whole sines over the loop from `turn` (0..1) on, one value a BLOCK and one to end on."""
    at = np.minimum(np.arange(0, num_samples + BLOCK, BLOCK), num_samples)
    return np.sin(2.0 * np.pi * (cycles * at / num_samples + turn)).astype(np.float32)


def rms(audio: NDArray[np.float32]) -> float:
    return math.sqrt(sums(audio)[2] / (2.0 * len(audio)))


def pitch_depth(share: float, cycles: int, num_samples: int) -> float:
    """The delay in samples by which a sine of `cycles` shifts the pitch by +-`share`."""
    return share * num_samples / (2.0 * math.pi * cycles)


@njit(cache=True, nogil=True, fastmath=True)
def read_moved(loop: NDArray[np.float32], left: NDArray[np.float32], right: NDArray[np.float32]) -> Any:
    """The loop [N, C=2] read `left` / `right` samples later (one value a BLOCK, as `slow_sine`), on the ring.

    Four points, third order (Hermite), so that a bright sound does not dull as it moves.
    """
    num_samples = loop.shape[0]
    out = np.empty_like(loop)
    for c in range(2):
        moves = left if c == 0 else right
        for block in range(len(moves) - 1):
            first = block * BLOCK
            count = min(BLOCK, num_samples - first)
            if count <= 0:
                break
            move = float(moves[block])
            slope = (float(moves[block + 1]) - move) / count
            for i in range(count):
                place = first + i + move + slope * i
                whole = math.floor(place)
                t = np.float32(place - whole)
                n = int(whole)
                while n >= num_samples:
                    n -= num_samples
                while n < 0:
                    n += num_samples
                y1 = loop[n, c]
                y0 = loop[n - 1 if n > 0 else num_samples - 1, c]
                n = n + 1 if n + 1 < num_samples else 0
                y2 = loop[n, c]
                y3 = loop[n + 1 if n + 1 < num_samples else 0, c]
                half = np.float32(0.5)
                c1 = half * (y2 - y0)
                c2 = y0 - np.float32(2.5) * y1 + np.float32(2.0) * y2 - half * y3
                c3 = half * (y3 - y0) + np.float32(1.5) * (y1 - y2)
                out[first + i, c] = ((c3 * t + c2) * t + c1) * t + y1
    return out
