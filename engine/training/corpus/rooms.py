"""Rooms by lot: what a whole band is heard in."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audio.biquad import high_pass
from engine.audio.processors.ring import filtered
from engine.units import STEM_SAMPLE_RATE, ms_to_samples

SHORTEST_S, LONGEST_S = 0.15, 2.5  # to -60 dB
MOST_GAP_MS = 40.0
EARLY, EARLY_MS = (4, 16), (3.0, 60.0)
LOW_CUT_HZ = (60.0, 300.0)
TRANSFORM_SAMPLES = 1 << 18  # it stays in the second cache


@dataclass(frozen=True)
class Room:
    """spectrum: [C=2, bins] of its answer, which is `tail_samples` + 1 long; `told`: its numbers."""

    spectrum: NDArray[np.complex64]
    tail_samples: int
    told: dict[str, Any]


def random_room(rng: random.Random) -> Room:
    decay_s = SHORTEST_S * (LONGEST_S / SHORTEST_S) ** rng.random()
    told = {
        "decay_s": round(decay_s, 3), "bright_s": round(decay_s * rng.uniform(0.2, 0.9), 3),
        "gap_ms": round(MOST_GAP_MS * rng.random() ** 2, 2), "low_cut_hz": round(rng.uniform(*LOW_CUT_HZ), 1),
        "early": rng.randint(*EARLY), "early_db": round(rng.uniform(-12.0, 6.0), 2),
        "number": rng.getrandbits(31),
    }  # fmt: skip
    answer = impulse(**told)
    from scipy.fft import rfft

    size = max(TRANSFORM_SAMPLES, 1 << (2 * len(answer)).bit_length())
    return Room(np.asarray(rfft(np.ascontiguousarray(answer.T), size)), len(answer) - 1, told)


def impulse(
    decay_s: float,
    bright_s: float,
    gap_ms: float,
    low_cut_hz: float,
    early: int,
    early_db: float,
    number: int,
) -> NDArray[np.float32]:
    """The answer of room `number`: walls, then noise that falls by 60 dB in `decay_s`, its highs in
    `bright_s`; energy 1 a side: [M, C=2]."""
    rng = np.random.default_rng(number)
    gap, length = ms_to_samples(gap_ms), round(decay_s * STEM_SAMPLE_RATE)
    bright = rng.standard_normal((length, 2), dtype=np.float32)
    dark = bright.copy()
    for step in (1, 1, 2, 2, 4):
        dark[step:] = 0.5 * (dark[step:] + dark[:-step])
    time_s = np.arange(length, dtype=np.float32)[:, None] / STEM_SAMPLE_RATE
    tail = dark * 10.0 ** (-3.0 * time_s / decay_s) + (bright - dark) * 10.0 ** (-3.0 * time_s / bright_s)
    low_ms, high_ms = EARLY_MS
    at = np.sort(rng.uniform(low_ms, high_ms, early)) * STEM_SAMPLE_RATE / 1000.0
    level = 10.0 ** (early_db / 20.0) * math.sqrt(float(np.square(tail).sum()) / 2.0 / early)
    walls = np.zeros((max(length, round(high_ms * 0.001 * STEM_SAMPLE_RATE) + 1), 2), dtype=np.float32)
    walls[:length] = tail
    for side in range(2):
        moved = np.clip(at * rng.uniform(0.85, 1.0, early), 0, len(walls) - 1).astype(np.int64)
        np.add.at(walls[:, side], moved, (level * rng.choice([-1.0, 1.0], early)).astype(np.float32))
    whole = np.concatenate(
        [np.zeros((gap, 2), dtype=np.float32), walls, np.zeros((2205, 2), dtype=np.float32)]
    )
    whole = filtered(whole, high_pass(low_cut_hz))
    return np.asarray(whole / np.sqrt(np.square(whole).sum() / 2.0), dtype=np.float32)
