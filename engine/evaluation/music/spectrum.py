"""How much two roles want the same frequencies, and how a take sounds as numbers."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.extras import need
from engine.evaluation.signal import RATE, onset_envelope

MELS = 64
HOP = 512


def spectrogram(audio: NDArray[np.float32]) -> NDArray[np.float64]:
    """[mel band 64, hop] energy, sum 1. audio: [N] at 22.05 kHz."""
    power = need("librosa").feature.melspectrogram(y=audio, sr=RATE, n_mels=MELS, hop_length=HOP)
    return np.asarray(power, np.float64) / max(1e-12, float(power.sum()))


def overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The Bhattacharyya coefficient of two spectrograms: 0 where they never meet, 1 the same.

    In time and frequency: a bass that leaves the kick its moment does not overlap it.
    """
    return float(np.sqrt(one * other).sum())


def features_of(audio: NDArray[np.float32]) -> NDArray[np.float64]:
    """How a mix sounds and moves, as 90 or so librosa features. audio: [N] at 22.05 kHz."""
    librosa = need("librosa")
    power = np.abs(librosa.stft(audio, n_fft=2048, hop_length=HOP)) ** 2
    mel = librosa.power_to_db(librosa.feature.melspectrogram(S=power, sr=RATE, n_mels=MELS), ref=np.max)
    mfcc = librosa.feature.mfcc(S=mel, n_mfcc=20)[1:]  # the first is loudness
    magnitude = np.sqrt(power)
    contrast = librosa.feature.spectral_contrast(S=magnitude, sr=RATE)
    centroid = librosa.feature.spectral_centroid(S=magnitude, sr=RATE)
    flatness = librosa.feature.spectral_flatness(S=magnitude)
    rows = np.concatenate([mfcc, contrast, centroid / 1000.0, flatness])
    sound = np.concatenate([rows.mean(axis=1), rows.std(axis=1)])
    return np.concatenate([sound, rhythm_of(audio)]).astype(np.float64)


def rhythm_of(audio: NDArray[np.float32]) -> NDArray[np.float64]:
    """[20] how onsets repeat (autocorrelation by bands of lags of 0.1 .. 2 s), and how dense they are."""
    envelope = onset_envelope(audio)
    centred = envelope - envelope.mean()
    size = 1 << (2 * len(centred) - 1).bit_length()
    correlation = np.fft.irfft(np.abs(np.fft.rfft(centred, size)) ** 2)[: len(centred)]
    correlation = correlation / max(1e-9, float(correlation[0]))
    edges = np.geomspace(0.1, 2.0, 18) * RATE / HOP
    peaks = [
        correlation[int(low) : max(int(low) + 1, int(high))].max(initial=-1.0)
        for low, high in itertools.pairwise(edges)
    ]
    onsets = need("librosa").onset.onset_detect(onset_envelope=envelope, sr=RATE, hop_length=HOP)
    density = len(onsets) * RATE / max(1, len(audio))
    return np.array([*peaks, density, float(envelope.mean()), float(envelope.std())])
