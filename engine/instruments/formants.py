"""The resonances of a body on top of a source: vowels, the wood of a guitar, the tube of a reed.

source --+--> dry ------------+
         +--> F1 --> gain ----+--> note        one resonance a formant, side by side (Klatt 1980)
         +--> F2 --> gain ----+

Formants do not move with the pitch: that is what makes a voice a voice.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.instruments.control import BLOCK, BLOCK_SECONDS
from engine.instruments.filters import svf_gains, svf_step

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
    count = start.shape[0]
    state = np.zeros((count, 4), dtype=np.float64)
    for first in range(0, note.shape[0], BLOCK):
        share = min(1.0, first / BLOCK * BLOCK_SECONDS / morph_s)
        # Cosine: it leaves the first vowel slowly and arrives softly.
        share = 0.5 - 0.5 * math.cos(math.pi * share)
        for i in range(first, first + BLOCK):
            note[i, 0] += np.float32(dry * source[i, 0])
            note[i, 1] += np.float32(dry * source[i, 1])
        for k in range(count):
            hz = start[k, 0] + share * (end[k, 0] - start[k, 0])
            width = start[k, 1] + share * (end[k, 1] - start[k, 1])
            gain = start[k, 2] + share * (end[k, 2] - start[k, 2])
            damping = width / hz
            a1, a2, a3 = svf_gains(hz, damping)
            # At its peak the band output is 1 / damping; the root keeps narrow formants from ringing out.
            gain *= 1.6 * math.sqrt(damping)
            l1, l2, r1, r2 = state[k, 0], state[k, 1], state[k, 2], state[k, 3]
            for i in range(first, first + BLOCK):
                left, _, l1, l2 = svf_step(source[i, 0], l1, l2, a1, a2, a3)
                right, _, r1, r2 = svf_step(source[i, 1], r1, r2, a1, a2, a3)
                note[i, 0] += np.float32(gain * left)
                note[i, 1] += np.float32(gain * right)
            state[k, 0], state[k, 1], state[k, 2], state[k, 3] = l1, l2, r1, r2
