"""Cutting up in time with the beat: gate, stutter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.audio.limiter import apply
from engine.audio.processors.registry import Processor
from engine.audio.processors.ring import num_beats
from engine.audio.true_peak import BLOCK
from engine.units import ms_to_samples

EDGE_MS = 3.0
EDGE_BLOCKS = 4  # of 32 samples: 2.9 ms
GATES = ("x.xx.x.x", "xx.x", "x.x.xx.x", "x.xx.xx.")  # sixteenths
REPEATS_FROM = 4  # of every so many beats, the last one may stutter


def edges(num_samples: int, steps: int) -> NDArray[np.int64]:
    """Where each of `steps` equal steps begins, and the end: [steps + 1]."""
    return np.arange(steps + 1) * num_samples // steps


def gate(audio: NDArray[np.float32], amount: float, tempo_bpm: float, seed: int) -> NDArray[np.float32]:
    """Open and shut in sixteenths, after one of GATES; edges of EDGE_BLOCKS."""
    steps = max(1, round(4.0 * num_beats(len(audio), tempo_bpm)))
    pattern = GATES[seed % len(GATES)]
    at = np.arange(0, len(audio), BLOCK) * steps // len(audio)
    is_open = np.frombuffer(pattern.encode(), dtype=np.uint8)[at % len(pattern)] == ord("x")
    gains = np.mean([np.roll(is_open, turn) for turn in range(EDGE_BLOCKS)], axis=0)
    out = audio.copy()
    apply(out, 1.0 - amount * (1.0 - gains), 1.0)
    return out


def stutter(audio: NDArray[np.float32], amount: float, tempo_bpm: float, seed: int) -> NDArray[np.float32]:
    """The last beat of some bars becomes its own first part, over and over; more bars, shorter parts."""
    beats = max(1, round(num_beats(len(audio), tempo_bpm)))
    starts = edges(len(audio), beats)
    rng = np.random.default_rng(seed)
    out = audio.copy()
    for beat in range(beats - 1, -1, -REPEATS_FROM):
        parts = int(rng.choice([2, 3, 4, 8], p=[0.3, 0.2, 0.3, 0.2]))
        # The last bar always stutters, so that asking for it is heard in the shortest loop.
        if beat != beats - 1 and rng.random() > amount:
            continue
        _repeat(out[starts[beat] : starts[beat + 1]], parts, amount)
        # It ends in silence, so what follows has to rise from it, over the seam as well.
        after = starts[beat + 1] % len(out)
        fade = min(ms_to_samples(EDGE_MS) // 3, len(out) - after)
        out[after : after + fade] *= np.linspace(0.0, 1.0, fade, dtype=np.float32)[:, None]
    return out


def _repeat(beat: NDArray[np.float32], parts: int, amount: float) -> None:
    """Fill a beat [M, C=2] with its first part. Each copy fades out, and in where it follows another."""
    length = len(beat) // parts
    fade = min(ms_to_samples(EDGE_MS), length // 2)
    rise = np.linspace(0.0, 1.0, fade, dtype=np.float32)[:, None]
    part = beat[:length].copy()
    part[length - fade :] *= rise[::-1]
    for number in range(parts):
        copy = part * np.float32(1.0 - 0.3 * amount * number / parts)
        if number:
            copy[:fade] *= rise
        beat[number * length : (number + 1) * length] = copy
    beat[parts * length :] = 0.0


PROCESSORS = (
    Processor("gate", gate, "a rhythm of sixteenths cut out of it"),
    Processor("stutter", stutter, "last beats that repeat their first part"),
)
