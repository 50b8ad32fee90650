"""The last stage of every stem: its place in the spectrum, its loudness, its true peak.

    loop -> filters of its role, on mid and side -> gain to the role's loudness -> limiter

A stem is heard as it is: live, four of them are simply added. So the room for the sum is in the stems
(`ROLES`), and the filters run in the same pass that measures the loudness of what they let through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.audio.biquad import THROUGH, Coefficients, bell, high_pass
from engine.audio.limiter import limit
from engine.audio.loudness import (
    HOP_SAMPLES,
    HOPS_A_BLOCK,
    K_WEIGHTING,
    SILENCE_LUFS,
    gated,
    num_hops,
)
from engine.audio.mixing import role_of
from engine.units import STEM_SAMPLE_RATE, db_to_gain, gain_to_db

SWING_IN_SAMPLES = STEM_SAMPLE_RATE // 10 * 2


@dataclass(frozen=True)
class Shape:
    """Two filters for what both sides share and two for what they do not."""

    mid: tuple[Coefficients, Coefficients]
    side: tuple[Coefficients, Coefficients]


def both(first: Coefficients, second: Coefficients = THROUGH) -> Shape:
    return Shape((first, second), (first, second))


# The bass has the lowest two octaves, in the middle; harmony makes room for it and for the melody's
# presence; drums lose only what no loudspeaker plays. The first filter of each also takes out DC.
SHAPES = {
    "drums": Shape((high_pass(24.0), THROUGH), (high_pass(90.0), THROUGH)),
    "bass": Shape((high_pass(26.0), bell(280.0, -2.0, 0.9)), (high_pass(120.0), THROUGH)),
    "harmony": both(high_pass(120.0), bell(2600.0, -2.0, 0.8)),
    "melody": both(high_pass(160.0)),
}
OTHER_SHAPE = both(high_pass(24.0))


def finish(loop: NDArray[np.float32], track: str, dynamics: float = 1.0) -> None:
    """The loop [N, C=2] filtered, at its role's loudness and below its true peak, in place.

    `dynamics` scales the loudness aimed at: a soft score stays softer. What would have to be limited by
    more than the role's `squeeze_db` stays softer too.
    """
    if not len(loop):
        return
    role, own = role_of(track), SHAPES.get(track, OTHER_SHAPE)
    peak, powers = shaped(loop, *own.mid, *own.side, *K_WEIGHTING)
    lufs = gated(powers)
    if lufs <= SILENCE_LUFS or peak <= 1e-7:
        # Too soft or too short for the gates: its peak is all there is to go by.
        limit(loop, 0.0 if peak <= 1e-7 else 0.5 * db_to_gain(role.true_peak_db) / peak, 1.0)
        return
    wanted_db = role.loudness_lufs + gain_to_db(dynamics) - lufs
    most_db = role.true_peak_db + role.squeeze_db - gain_to_db(peak)
    limit(loop, db_to_gain(min(wanted_db, most_db)), db_to_gain(role.true_peak_db))


def shape(loop: NDArray[np.float32], track: str) -> None:
    """The filters of its role alone, over the loop [N, C=2] in place."""
    if len(loop):
        own = SHAPES.get(track, OTHER_SHAPE)
        shaped(loop, *own.mid, *own.side, *K_WEIGHTING)


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _step(x: float, s1: float, s2: float, c: Any) -> Any:
    """One sample through a filter, transposed direct form II: (y, s1, s2)."""
    y = c[0] * x + s1
    return y, c[1] * x - c[3] * y + s2, c[2] * x - c[4] * y


@njit(cache=True, nogil=True, fastmath=True)
def shaped(
    loop: NDArray[np.float32], mid1: Any, mid2: Any, side1: Any, side2: Any, shelf: Any, high: Any
) -> Any:
    """Filter in place; (sample peak, K-weighted powers of the result as `loudness.hop_powers` has them).

    A sum of squares over left and right is twice that over mid and side, so mid and side are weighed; the
    side of a mono loop, and second filters that do nothing, are left out.
    """
    num_samples = loop.shape[0]
    twice_mid, twice_side = not _is_through(mid2), not _is_through(side2)
    wide = is_wide(loop)
    powers = np.zeros(num_hops(num_samples) + HOPS_A_BLOCK - 1)
    a1 = a2 = b1 = b2 = c1 = c2 = d1 = d2 = 0.0
    e1 = e2 = f1 = f2 = g1 = g2 = h1 = h2 = 0.0
    peak = 0.0
    m = -SWING_IN_SAMPLES
    n = m % num_samples
    for hop in range(-(SWING_IN_SAMPLES // HOP_SAMPLES), len(powers)):
        total = 0.0
        for _ in range(HOP_SAMPLES):
            mid = 0.5 * (loop[n, 0] + loop[n, 1])
            side = 0.5 * (loop[n, 0] - loop[n, 1])
            if m < num_samples:
                mid, a1, a2 = _step(mid, a1, a2, mid1)
                if twice_mid:
                    mid, b1, b2 = _step(mid, b1, b2, mid2)
                if wide:
                    side, c1, c2 = _step(side, c1, c2, side1)
                    if twice_side:
                        side, d1, d2 = _step(side, d1, d2, side2)
                if m >= 0:
                    left = mid + side
                    right = mid - side
                    loop[n, 0] = left
                    loop[n, 1] = right
                    peak = max(peak, abs(left), abs(right))
            mid, e1, e2 = _step(mid, e1, e2, shelf)
            mid, f1, f2 = _step(mid, f1, f2, high)
            total += mid * mid
            if wide:
                side, g1, g2 = _step(side, g1, g2, shelf)
                side, h1, h2 = _step(side, h1, h2, high)
                total += side * side
            m += 1
            n += 1
            if n == num_samples:
                n = 0
        if hop >= 0:
            powers[hop] = 2.0 * total / HOP_SAMPLES
    return peak, powers


@njit(cache=True, nogil=True)
def is_wide(loop: NDArray[np.float32]) -> bool:
    """Whether the sides [N, C=2] differ anywhere."""
    n = 0
    while n < loop.shape[0] and loop[n, 0] == loop[n, 1]:
        n += 1
    return n < loop.shape[0]


@njit(cache=True, nogil=True)
def _is_through(c: Any) -> bool:
    return c[0] == 1.0 and c[1] == c[2] == c[3] == c[4] == 0.0
