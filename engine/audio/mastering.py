"""The exported mix as a record: at a loudness, its true peak below a ceiling."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.audio.limiter import limit
from engine.audio.loudness import SILENCE_LUFS, loudness
from engine.units import db_to_gain, gain_to_db

MIX_LUFS = -14.0  # what streaming services play at
TRUE_PEAK_DB = -1.0
METER_DB = 0.3  # finer meters than that of the standard read up to so much more
SQUEEZE_DB = 14.0  # a lone hit in a silent loop is no record to be pressed to one level
ROUNDS = 3  # the limiter takes some loudness away: measured again, asked for again


def mastered(
    mix: NDArray[np.float32], loudness_lufs: float = MIX_LUFS, true_peak_db: float = TRUE_PEAK_DB
) -> NDArray[np.float32]:
    """The mix [N, C=2] at `loudness_lufs` with no true peak above `true_peak_db`; silence stays silent.

    A loop stays a loop: the limiter works over its seam.
    """
    measured, peak = loudness(mix), float(np.abs(mix).max(initial=0.0))
    if peak == 0.0:
        return mix
    if measured <= SILENCE_LUFS:  # nothing that can be heard, and no reason to pass the ceiling
        return mix * np.float32(min(1.0, db_to_gain(true_peak_db - METER_DB) / peak))
    most_db = true_peak_db + SQUEEZE_DB - gain_to_db(peak)
    gain_db = min(loudness_lufs - measured, most_db)
    for _ in range(ROUNDS):
        record = mix.copy()
        if limit(record, db_to_gain(gain_db), db_to_gain(true_peak_db - METER_DB)) >= 1.0:
            break
        gain_db = min(gain_db + loudness_lufs - loudness(record), most_db)
    return record
