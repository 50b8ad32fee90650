"""All measures of a decoded stem beside its original, by the names that goals.toml knows them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.codec.onsets import onset_f1, onset_f1_20ms, onset_f1_clear
from engine.evaluation.codec.perceived import visqol, visqol_side
from engine.evaluation.codec.pre_echo import pre_echo_level_db, pre_echo_median_db, pre_echo_p90_db
from engine.evaluation.codec.spectra import mel_distance, stft_distance
from engine.evaluation.codec.stereo import coherence_error, level_difference_error
from engine.evaluation.codec.waveform import si_sdr, si_sdr_stereo

Measure = Callable[[NDArray[np.float32], NDArray[np.float32]], float]

# Two seconds a stem of ten; all the others together take under one.
SLOW: Mapping[str, Measure] = {"visqol": visqol, "visqol.side": visqol_side}
FAST: Mapping[str, Measure] = {
    "onset.f1": onset_f1,
    "onset.f1_20ms": onset_f1_20ms,
    "onset.f1_clear": onset_f1_clear,
    "pre_echo.median": pre_echo_median_db,
    "pre_echo.p90": pre_echo_p90_db,
    "pre_echo.level": pre_echo_level_db,
    "si_sdr": si_sdr,
    "si_sdr.stereo": si_sdr_stereo,
    "stft": stft_distance,
    "mel": mel_distance,
    "stereo.level": level_difference_error,
    "stereo.coherence": coherence_error,
}


def measure(
    original: NDArray[np.float32], decoded: NDArray[np.float32], measures: Mapping[str, Measure]
) -> dict[str, float]:
    """name -> value, of two [N, C=2] at 44.1 kHz, equally long; NaN where a measure has nothing to say."""
    assert original.shape == decoded.shape, (original.shape, decoded.shape)
    return {name: of(original, decoded) for name, of in measures.items()}
