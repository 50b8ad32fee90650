"""Audio as the estimators want it: mono, lower rates, loops played round."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.extras import need
from engine.units import STEM_SAMPLE_RATE

RATE = 22_050  # what librosa's and sonara's defaults were tuned at
SILENT = 1e-4  # -80 dBFS: nothing to hear


def mono(audio: NDArray[np.float32], rate: int = RATE) -> NDArray[np.float32]:
    """[N, C=2] at 44.1 kHz to [N] at `rate`."""
    from scipy.signal import resample_poly

    down = STEM_SAMPLE_RATE // rate
    assert down * rate == STEM_SAMPLE_RATE, rate
    middle = audio.mean(axis=1) if audio.ndim == 2 else audio
    return np.ascontiguousarray(resample_poly(middle, 1, down) if down > 1 else middle, dtype=np.float32)


def looped(audio: NDArray[np.float32], seconds: float, rate: int = RATE) -> NDArray[np.float32]:
    """A loop [N, ...] played round until it is at least so long: what a listener hears."""
    times = max(1, int(np.ceil(seconds * rate / max(1, len(audio)))))
    return np.concatenate([audio] * times) if times > 1 else audio


def is_silent(audio: NDArray[np.float32]) -> bool:
    return not len(audio) or float(np.max(np.abs(audio))) < SILENT


def onset_envelope(audio: NDArray[np.float32], hop: int = 512) -> NDArray[np.float32]:
    """[hop] librosa's onset strength at 22.05 kHz."""
    envelope: NDArray[np.float32] = need("librosa").onset.onset_strength(y=audio, sr=RATE, hop_length=hop)
    return envelope
