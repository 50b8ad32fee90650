"""Whether chords have the same pitch classes, moment by moment."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.extras import need
from engine.evaluation.models.material import Audio
from engine.evaluation.signal import RATE, mono

WINDOW, HOP = 4096, 1024  # at 22.05 kHz: 5.4 Hz a bin, a moment every 46 ms
SOFTEST = 1e-4  # -40 dB of power beside the reference's loudest moment: below it, nothing sounds


def chroma_likeness(reference: Audio, performed: Audio) -> float:
    """Mean cosine of both's pitch classes over the moments at which the reference sounds; NaN where never."""
    wanted, given = chroma_of(reference), chroma_of(performed)
    level = wanted.sum(axis=0)
    counted = level > SOFTEST * level.max(initial=0.0)
    if not counted.any():
        return float("nan")
    return float(_cosine(wanted[:, counted], given[:, counted]).mean())


def chroma_of(audio: Audio) -> NDArray[np.float64]:
    """[12, moment] power by pitch class of [N, C=2]."""
    found = need("librosa").feature.chroma_stft(
        y=mono(audio), sr=RATE, n_fft=WINDOW, hop_length=HOP, norm=None, tuning=0.0
    )
    return np.asarray(found, np.float64)


def _cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(one, axis=0) * np.linalg.norm(other, axis=0)
    return np.asarray((one * other).sum(axis=0) / np.maximum(lengths, 1e-12))
