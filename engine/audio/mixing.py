"""Levels: where each role sits, what pan and volume do, and how loops add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.units import db_to_gain

CEILING_DB = -1.0


@dataclass(frozen=True)
class Level:
    """What `finish` aims at: a loudness (RMS) within a peak that is never passed."""

    rms_db: float
    peak_db: float


# The four peaks add up to 0.96 of full scale: four stems at 0 dB can never clip, whatever they play.
LEVELS = {
    "drums": Level(-20.0, -8.9),
    "bass": Level(-20.5, -12.4),
    "harmony": Level(-28.0, -14.9),
    "melody": Level(-28.0, -14.9),
}
OTHER_LEVEL = Level(-28.0, -14.9)


def finish_gain(track: str, peak: float, rms: float, dynamics: float = 1.0) -> float:
    """The gain that brings a rendered track to its role's level; 0 for silence.

    `dynamics` scales the loudness aimed at (a soft score stays softer); the peak limit always holds.
    """
    if peak <= 1e-7 or rms <= 1e-9:
        return 0.0
    level = LEVELS.get(track, OTHER_LEVEL)
    return min(dynamics * db_to_gain(level.rms_db) / rms, db_to_gain(level.peak_db) / peak)


def finish(audio: NDArray[np.float32], track: str, dynamics: float = 1.0) -> NDArray[np.float32]:
    """The audio [N, C=2] at the level of its role."""
    if not audio.size:
        return audio
    peak = float(np.max(np.abs(audio)))
    rms = float(np.sqrt(np.mean(np.square(audio, dtype=np.float64))))
    return np.asarray(audio * np.float32(finish_gain(track, peak, rms, dynamics)), dtype=np.float32)


def pan_gains(volume_db: float, pan: float, audible: bool = True) -> tuple[float, float]:
    """(left, right) by the balance law: the centre leaves both sides alone, a side fades the other one.

    Exactly 1.0 at 0 dB in the centre, so that an untouched fader changes no sample. pan: -1 .. 1.
    """
    if not audible:
        return 0.0, 0.0
    gain = db_to_gain(volume_db)
    return gain * min(1.0, 1.0 - pan), gain * min(1.0, 1.0 + pan)


def mix(stems: Sequence[NDArray[np.float32]], gains: Sequence[tuple[float, float]]) -> NDArray[np.float32]:
    """The sum of loops [N_i, C=2], as long as the longest; shorter ones repeat.

    Brought down to -1 dBFS as a whole where the sum peaks above that, and never brought up.
    """
    assert len(stems) == len(gains), (len(stems), len(gains))
    length = max((len(stem) for stem in stems), default=0)
    total = np.zeros((length, 2), dtype=np.float32)
    for stem, (left, right) in zip(stems, gains, strict=True):
        if not len(stem) or left == right == 0.0:
            continue
        scaled = stem * np.array([left, right], dtype=np.float32)
        for start in range(0, length, len(stem)):
            count = min(len(stem), length - start)
            total[start : start + count] += scaled[:count]
    peak = float(np.max(np.abs(total))) if length else 0.0
    ceiling = db_to_gain(CEILING_DB)
    # A hair below: float32 rounding must not lift the peak over the ceiling.
    return total * np.float32(ceiling * (1.0 - 1e-6) / peak) if peak > ceiling else total
