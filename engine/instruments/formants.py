"""The resonances of a body on top of a source: vowels, the wood of a guitar, the tube of a reed.

source --+--> dry ------------+
         +--> F1 --> gain ----+--> note        one resonance a formant, side by side (Klatt 1980)
         +--> F2 --> gain ----+

Formants do not move with the pitch: that is what makes a voice a voice.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.instruments.control import BLOCK, BLOCK_SECONDS
from engine.instruments.filters import svf_gains

# hz, bandwidth in hz, level: a tenor's and an alto's vowels between them (after Sundberg 1987), bodies.
FORMANTS = {
    "a": ((700, 90, 1.0), (1150, 110, 0.6), (2700, 150, 0.28), (3500, 200, 0.2)),
    "e": ((450, 80, 1.0), (1850, 120, 0.4), (2600, 150, 0.28), (3500, 200, 0.16)),
    "i": ((320, 70, 1.0), (2100, 130, 0.3), (2900, 160, 0.22), (3600, 200, 0.14)),
    "o": ((430, 80, 1.0), (850, 100, 0.5), (2600, 150, 0.12), (3400, 200, 0.08)),
    "u": ((340, 70, 1.0), (650, 90, 0.3), (2500, 150, 0.06), (3400, 200, 0.04)),
    "violin": ((280, 90, 0.7), (480, 110, 1.0), (1100, 250, 0.6), (2600, 700, 0.8)),
    "guitar": ((105, 40, 0.5), (205, 60, 0.8), (410, 120, 0.4), (2400, 1400, 0.5)),
    "bass_body": ((75, 40, 0.6), (150, 70, 0.9), (320, 140, 0.5), (900, 500, 0.5)),
    "trumpet": ((1200, 500, 1.0), (2100, 900, 0.7), (3300, 1300, 0.4), (5200, 2200, 0.2)),
    "brass": ((550, 300, 1.0), (1100, 600, 0.7), (2000, 1000, 0.4), (3200, 1600, 0.2)),
    "sax": ((520, 160, 1.0), (1350, 260, 0.75), (2400, 420, 0.4), (3700, 700, 0.3)),
    "clav": ((900, 350, 0.8), (1900, 500, 1.0), (3400, 900, 0.7), (5500, 1800, 0.3)),
}


def formants_of(name: str) -> NDArray[np.float64]:
    """hz, bandwidth in hz, level of each formant: [4, 3]."""
    return np.array(FORMANTS[name], dtype=np.float64)


NUM_FORMANTS = 4


@njit(cache=True, nogil=True, fastmath=True)
def add_formants(
    note: NDArray[np.float32],
    source: NDArray[np.float32],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    morph_s: float,
    dry: float,
) -> None:
    """`source` through its formants added to `note`, both [M, C=2]; they move from `start` to `end`."""
    rows = np.empty((NUM_FORMANTS, 5))
    state = np.zeros((NUM_FORMANTS, 4))
    moves = True
    for first in range(0, note.shape[0], BLOCK):
        if moves:
            share = min(1.0, first / BLOCK * BLOCK_SECONDS / morph_s)
            moves = share < 1.0
            # Cosine: it leaves the first vowel slowly and arrives softly.
            _tune(rows, start, end, 0.5 - 0.5 * math.cos(math.pi * share))
        # Two formants of both sides at a time: four filters that do not wait for each other.
        for k in range(0, NUM_FORMANTS, 2):
            a, b = rows[k], rows[k + 1]
            a0, a1, a2, a3, a4 = a[0], a[1], a[2], a[3], a[4]
            b0, b1, b2, b3, b4 = b[0], b[1], b[2], b[3], b[4]
            through = dry if k == 0 else 0.0
            l1, l2, r1, r2 = state[k, 0], state[k, 1], state[k, 2], state[k, 3]
            m1, m2, t1, t2 = state[k + 1, 0], state[k + 1, 1], state[k + 1, 2], state[k + 1, 3]
            for i in range(first, first + BLOCK):
                x, y = source[i, 0], source[i, 1]
                left, l1, l2 = _band(x, l1, l2, a0, a1, a2, a3, a4)
                right, r1, r2 = _band(y, r1, r2, a0, a1, a2, a3, a4)
                more_left, m1, m2 = _band(x, m1, m2, b0, b1, b2, b3, b4)
                more_right, t1, t2 = _band(y, t1, t2, b0, b1, b2, b3, b4)
                note[i, 0] += np.float32(through * x + left + more_left)
                note[i, 1] += np.float32(through * y + right + more_right)
            state[k, 0], state[k, 1], state[k, 2], state[k, 3] = l1, l2, r1, r2
            state[k + 1, 0], state[k + 1, 1], state[k + 1, 2], state[k + 1, 3] = m1, m2, t1, t2


@njit(cache=True, nogil=True, fastmath=True)
def _tune(
    rows: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64], share: float
) -> None:
    """What `_band` multiplies by, `share` of the way from `start` to `end`: [4, 5]."""
    for k in range(NUM_FORMANTS):
        hz = start[k, 0] + share * (end[k, 0] - start[k, 0])
        damping = (start[k, 1] + share * (end[k, 1] - start[k, 1])) / hz
        level = start[k, 2] + share * (end[k, 2] - start[k, 2])
        a1, a2, a3 = svf_gains(hz, damping)
        rows[k, 0], rows[k, 1], rows[k, 2], rows[k, 3] = 2.0 * a1 - 1.0, 2.0 * a2, 2.0 * a2, 2.0 * a3
        # At its peak the band output is 1 / damping; the root keeps narrow formants from ringing out.
        rows[k, 4] = 0.8 * level * math.sqrt(damping)


@njit(cache=True, nogil=True, fastmath=True)
def _band(x: float, s1: float, s2: float, c0: float, c1: float, c2: float, c3: float, c4: float) -> Any:
    """One sample of a band-pass: (band, s1, s2). `svf_step` with fewer products: its band output is the
    mean of the old and the new first state."""
    apart = x - s2
    new = c0 * s1 + c1 * apart
    return c4 * (s1 + new), new, s2 + c2 * s1 + c3 * apart
