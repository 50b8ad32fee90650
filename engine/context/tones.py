"""Pitch classes heard in audio: how much of each sounds in every bar, and in its lowest voice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.context.spectra import spectra
from engine.units import STEM_SAMPLE_RATE

DECIMATION = 4  # 11 kHz holds every note that tells harmony, and makes a bin 1.3 Hz wide
RATE = STEM_SAMPLE_RATE // DECIMATION
WINDOW, HOP = 8192, 1024
LOW_HZ, HIGH_HZ = 32.0, 2000.0
MIN_SHARE = 0.05  # of a moment's loudest partial; softer peaks are the window's ripples
SILENT = 1e-5
LOWEST_SHARE = 0.25  # of a moment's loudest partial: the lowest one this strong is the lowest voice


def pitch_classes_of(
    mono: NDArray[np.float32], bars: int, lowest_only: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(weights [bar, 12] of everything, weights [bar, 12] of the lowest voice), C first.

    From spectral peaks, off-tune instruments brought to the nearest semitone as a whole. `lowest_only`
    (a bass line) takes the lowest voice for everything: its overtones are no chord.
    """
    from scipy.signal import resample_poly

    slow = resample_poly(mono, 1, DECIMATION).astype(np.float32)
    moment, pitch, level, is_lowest = (np.concatenate(parts) for parts in zip(*_partials(slow), strict=True))
    if lowest_only:
        moment, pitch, level = moment[is_lowest], pitch[is_lowest], level[is_lowest]
        is_lowest = is_lowest[is_lowest]
    classes = np.rint(pitch - _tuning(pitch, level)).astype(int) % 12
    bar = np.minimum((moment * HOP * bars) // max(len(slow), 1), bars - 1)
    every, low = np.zeros((bars, 12)), np.zeros((bars, 12))
    np.add.at(every, (bar, classes), level)
    np.add.at(low, (bar[is_lowest], classes[is_lowest]), level[is_lowest])
    return every, low


def _partials(slow: NDArray[np.float32]) -> Iterator[tuple[NDArray, NDArray, NDArray, NDArray]]:
    """Blocks of spectral peaks: (moment, MIDI pitch, level, whether it is its moment's lowest voice)."""
    low_bin, high_bin = (round(hz * WINDOW / RATE) for hz in (LOW_HZ, HIGH_HZ))
    first = 0
    for block in spectra(slow, WINDOW, HOP):  # [moment, bin]
        left, here, right = (block[:, low_bin + shift : high_bin + shift] for shift in (-1, 0, 1))
        loudest = here.max(axis=1, keepdims=True)
        is_peak = (here > left) & (here >= right) & (here >= MIN_SHARE * loudest) & (here > SILENT)
        moment, index = np.nonzero(is_peak)
        level = here[moment, index].astype(np.float64)
        # The top of a parabola through the logarithms of three bins (J. O. Smith, Spectral Audio, 2011).
        a, b, c = (np.log(np.maximum(part[moment, index], 1e-12)) for part in (left, here, right))
        top = np.clip(0.5 * (a - c) / np.minimum(a - 2 * b + c, -1e-9), -0.5, 0.5)
        pitch = 69.0 + 12.0 * np.log2((index + low_bin + top) * RATE / WINDOW / 440.0)
        yield first + moment, pitch, level, _lowest(is_peak & (here >= LOWEST_SHARE * loudest))[is_peak]
        first += len(block)


def _lowest(strong: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """[moment, bin] true at the first true bin of each moment alone."""
    return strong & (np.cumsum(strong, axis=1) == 1)


def _tuning(pitch: NDArray[np.float64], strength: NDArray[np.float64]) -> float:
    """How far all of it stands from equal temperament at 440 Hz, -0.5..0.5 semitones (circular mean)."""
    turned = np.exp(2j * np.pi * pitch) * strength
    return float(np.angle(turned.sum()) / (2 * np.pi)) if len(pitch) else 0.0
