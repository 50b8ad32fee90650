"""Levels: where each role sits, what pan and volume do, and how loops add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.units import db_to_gain


@dataclass(frozen=True)
class Role:
    """What `finishing.finish` aims at: a loudness, a true peak that is never passed, and how many dB the
    limiter may take off the highest peak on the way there."""

    loudness_lufs: float
    true_peak_db: float
    squeeze_db: float


# The four true peaks add up to less than -1 dB: four stems at 0 dB never pass it, whatever they play.
ROLES = {
    "drums": Role(-18.5, -10.1, 9.0),
    "bass": Role(-19.0, -12.6, 9.0),
    "harmony": Role(-22.0, -15.6, 12.0),
    "melody": Role(-22.0, -15.1, 12.0),
}
OTHER_ROLE = Role(-22.0, -15.6, 12.0)


def role_of(track: str) -> Role:
    return ROLES.get(track, OTHER_ROLE)


def pan_gains(volume_db: float, pan: float, audible: bool = True) -> tuple[float, float]:
    """(left, right) by the balance law: the centre leaves both sides alone, a side fades the other one.

    Exactly 1.0 at 0 dB in the centre, so that an untouched fader changes no sample. pan: -1 .. 1.
    """
    if not audible:
        return 0.0, 0.0
    gain = db_to_gain(volume_db)
    return gain * min(1.0, 1.0 - pan), gain * min(1.0, 1.0 + pan)


def mix(stems: Sequence[NDArray[np.float32]], gains: Sequence[tuple[float, float]]) -> NDArray[np.float32]:
    """The sum of loops [N_i, C=2], as long as the longest; shorter ones repeat. What a player plays."""
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
    return total
