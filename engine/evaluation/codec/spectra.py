"""Distances between the spectra of the decoded and of the original, at many resolutions; 0 is equal."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.extras import need
from engine.units import STEM_SAMPLE_RATE

STFT_WINDOWS = (512, 1024, 2048)
# Kumar et al. 2023 (DAC): window -> mel bands.
MEL_SCALES = {32: 5, 64: 10, 128: 20, 256: 40, 512: 80, 1024: 160, 2048: 320}
FLOOR = 1e-5  # of a magnitude whose full-scale sine is window / 2: DAC's
LONGEST = 30 * STEM_SAMPLE_RATE


def stft_distance(original: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    """Multi-resolution STFT distance of [N, C=2]: over windows and channels, the mean of
    spectral convergence | |O| - |D| | / |O| (Frobenius) plus the mean of |ln |O| - ln |D||.

    Source: Yamamoto et al. 2020 (Parallel WaveGAN), with windows 512, 1024, 2048, hops of a quarter.
    """
    found = []
    for window in STFT_WINDOWS:
        for o, d in _channels(original, decoded):
            a, b = magnitudes(o, window), magnitudes(d, window)
            norm = float(np.linalg.norm(a))
            if norm > 0.0:
                logs = np.abs(np.log(np.maximum(a, FLOOR)) - np.log(np.maximum(b, FLOOR)))
                found.append(float(np.linalg.norm(a - b)) / norm + float(logs.mean()))
    return float(np.mean(found)) if found else float("nan")


def mel_distance(original: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    """Mean of |log10 mel(O) - log10 mel(D)| over bands, time, channels and seven scales of [N, C=2].

    Source: Kumar et al. 2023 (DAC), its training loss over 7 so that a value speaks of one scale.
    """
    found = []
    for window, bands in MEL_SCALES.items():
        for o, d in _channels(original, decoded):
            a, b = (np.log10(np.maximum(mels(x, window, bands), FLOOR)) for x in (o, d))
            found.append(float(np.abs(a - b).mean()))
    return float(np.mean(found))


def magnitudes(audio: NDArray[np.float32], window: int, hop: int | None = None) -> NDArray[np.float32]:
    """[N] -> |STFT| [frames, bins] under a Hann window; the ends are silence."""
    return np.abs(spectrum_of(audio, window, hop))


def spectrum_of(audio: NDArray[np.float32], window: int, hop: int | None = None) -> NDArray[np.complex64]:
    """[N] -> STFT [frames, bins], frames centred on multiples of the hop."""
    from scipy.fft import rfft
    from scipy.signal.windows import hann

    padded = np.pad(np.asarray(audio, np.float32), window // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[:: hop or window // 4]
    return np.asarray(rfft(frames * hann(window, sym=False).astype(np.float32), axis=1))


def mels(audio: NDArray[np.float32], window: int, bands: int, hop: int | None = None) -> NDArray[np.float32]:
    """[N] -> mel magnitudes [frames, bands]."""
    return magnitudes(audio, window, hop) @ _filters(window, bands).T


def fractions_of_octaves(
    audio: NDArray[np.float32], window: int, bands_an_octave: int, hop: int
) -> NDArray[np.float32]:
    """[N] -> magnitudes [frames, bands] of bands that overlap by half; a full-scale sine's own bin is 1."""
    bands = octave_bands(STEM_SAMPLE_RATE, window, bands_an_octave)
    return magnitudes(audio, window, hop) @ (bands * np.float32(4.0 / window))


@cache
def octave_bands(sample_rate: int, window: int, bands_an_octave: int) -> NDArray[np.float32]:
    """[bins, bands], triangles of peak 1 from 27.5 Hz to 16 kHz whose corners are bins.

    Those narrower than a bin are one bin. Source: Böck & Widmer 2013.
    """
    octaves = np.log2(min(16_000.0, sample_rate / 2) / 27.5)
    corners_hz = 27.5 * 2.0 ** (np.arange(int(octaves * bands_an_octave) + 1) / bands_an_octave)
    corners = np.unique(np.round(corners_hz * window / sample_rate))
    bins = np.arange(window // 2 + 1)[:, None]
    rising = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    return np.clip(np.minimum(rising, falling), 0.0, 1.0).astype(np.float32)


@cache
def _filters(window: int, bands: int) -> NDArray[np.float32]:
    """[bands, bins]; narrow bands of which no bin is the middle are left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of those bands
        filters = need("librosa").filters.mel(sr=STEM_SAMPLE_RATE, n_fft=window, n_mels=bands)
    return np.asarray(filters[filters.sum(axis=1) > 0.0])


def _channels(
    original: NDArray[np.float32], decoded: NDArray[np.float32]
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    assert original.shape == decoded.shape, (original.shape, decoded.shape)
    for channel in range(original.shape[1]):
        yield original[:LONGEST, channel], decoded[:LONGEST, channel]
