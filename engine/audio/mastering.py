"""The exported mix as a record: at a loudness, its true peak below a ceiling."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.audio.limiter import limit
from engine.audio.loudness import SILENCE_LUFS, loudness
from engine.units import db_to_gain

MIX_LUFS = -14.0  # what streaming services play at
TRUE_PEAK_DB = -1.0
METER_DB = 0.3  # finer meters than that of the standard read up to so much more
ROUNDS = 3  # the limiter takes some loudness away: measured again, asked for again


def mastered(
    mix: NDArray[np.float32], loudness_lufs: float = MIX_LUFS, true_peak_db: float = TRUE_PEAK_DB
) -> NDArray[np.float32]:
    """The mix [N, C=2] at `loudness_lufs` with no true peak above `true_peak_db`; silence stays silent.

    A loop stays a loop: the limiter works over its seam.
    """
    measured = loudness(mix)
    if measured <= SILENCE_LUFS:
        return mix
    gain_db = loudness_lufs - measured
    for _ in range(ROUNDS):
        record = mix.copy()
        if limit(record, db_to_gain(gain_db), db_to_gain(true_peak_db - METER_DB)) >= 1.0:
            break
        gain_db += loudness_lufs - loudness(record)
    return record
