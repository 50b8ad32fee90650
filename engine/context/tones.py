"""Pitch classes heard in audio: how much of each sounds in every slot (half a bar), and in its lowest voice.

Spectral peaks are first explained as notes with falling overtones (non-negative least squares, as in
M. Mauch and S. Dixon, "Approximate note transcription for the improved identification of difficult
chords", ISMIR 2010): the fifth and the third that ring in every bass note are no chord. Drums are masked
before: a note is a line along time in the spectrum, a stroke one along frequency (D. FitzGerald, "Harmonic/
percussive separation using median filtering", DAFx 2010).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.context.spectra import spectra
from engine.units import STEM_SAMPLE_RATE

DECIMATION = 4  # 11 kHz holds every note that tells harmony
RATE = STEM_SAMPLE_RATE // DECIMATION
WINDOW, HOP = 2048, 512  # 0.19 s: twice as long mixes the notes of a bass line, half as long blurs pitch
LOW_HZ, HIGH_HZ = 32.0, 2000.0
MIN_SHARE = 0.05  # of a moment's loudest partial; softer peaks are the window's ripples
SILENT = 1e-5
SLICES_A_SLOT = 4
LOW_PITCH, HIGH_PITCH = 24, 100
OVERTONES, OVERTONE_DECAY = 12, 0.7
LOWEST_SHARE = 0.25  # of a slice's loudest note: the lowest one this strong is the lowest voice
TUNING_FROM_PITCH = 52  # below, a peak's place is too rough to tell cents by
LINE_MOMENTS, STROKE_BINS = 9, 17  # 0.42 s, 92 Hz: the medians that tell notes from strokes
CLEAR_TUNING = 0.2  # how much of the sound must agree on it
# Between flat by 65 and sharp by 35 cents: a filter that closes over a short bass note flattens it by half
# a semitone (its phase falls behind); nothing sharpens notes as much.
SHARPEST_TUNING = 0.35


def pitch_classes_of(
    mono: NDArray[np.float32], slots: int, lowest_only: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(weights [slot, 12] of everything, weights [slot, 12] of the lowest voice), C first.

    Off-tune instruments are brought to the nearest semitone as a whole. `lowest_only` (a bass line)
    takes the lowest voice for everything.
    """
    from scipy.optimize import nnls

    slices = _semitones(mono, slots * SLICES_A_SLOT)
    every, lowest = np.zeros((slots, 12)), np.zeros((slots, 12))
    for index, heard in enumerate(slices):
        if heard.max() <= SILENT:
            continue
        notes, _ = nnls(_overtones(), heard)
        first = int(np.argmax(notes >= LOWEST_SHARE * notes.max()))
        slot = index // SLICES_A_SLOT
        lowest[slot, (LOW_PITCH + first) % 12] += notes[first]
        np.add.at(every[slot], (LOW_PITCH + np.arange(len(notes))) % 12, notes)
    return (lowest, lowest) if lowest_only else (every, lowest)


def note_levels(mono: NDArray[np.float32], slices: int) -> NDArray[np.float64]:
    """[slice, MIDI pitch 0..127] how loud each note sounds in each of equal slices."""
    from scipy.optimize import nnls

    found = np.zeros((slices, 128))
    for index, heard in enumerate(_semitones(mono, slices)):
        if heard.max() > SILENT:
            found[index, LOW_PITCH:HIGH_PITCH] = nnls(_overtones(), heard)[0]
    return found


def _semitones(mono: NDArray[np.float32], slices: int) -> NDArray[np.float64]:
    """[slice, semitone] levels of the peaks, from LOW_PITCH up."""
    from scipy.signal import resample_poly

    slow = resample_poly(mono, 1, DECIMATION).astype(np.float32)
    moment, pitch, level = (np.concatenate(parts) for parts in zip(*_peaks(slow), strict=True))
    semitone = np.rint(pitch - _tuning(pitch, level)).astype(int) - LOW_PITCH
    inside = (semitone >= 0) & (semitone < HIGH_PITCH - LOW_PITCH)
    place = np.minimum(moment * HOP * slices // max(len(slow), 1), slices - 1)
    width = HIGH_PITCH - LOW_PITCH
    cell = place[inside] * width + semitone[inside]
    return np.bincount(cell, level[inside], slices * width).reshape(slices, width).astype(np.float64)


def _peaks(slow: NDArray[np.float32]) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    """Blocks of spectral peaks: (moment, MIDI pitch, level)."""
    low_bin, high_bin = (round(hz * WINDOW / RATE) for hz in (LOW_HZ, HIGH_HZ))
    first = 0
    for whole in spectra(slow, WINDOW, HOP):  # [moment, bin]
        block = _sustained(whole[:, : high_bin + 2])
        left, here, right = (block[:, low_bin + shift : high_bin + shift] for shift in (-1, 0, 1))
        loudest = here.max(axis=1, keepdims=True)
        is_peak = (here > left) & (here >= right) & (here >= MIN_SHARE * loudest) & (here > SILENT)
        moment, index = np.nonzero(is_peak)
        level = here[moment, index].astype(np.float64)
        # The top of a parabola through the logarithms of three bins (J. O. Smith, Spectral Audio, 2011).
        a, b, c = (np.log(np.maximum(part[moment, index], 1e-12)) for part in (left, here, right))
        top = np.clip(0.5 * (a - c) / np.minimum(a - 2 * b + c, -1e-9), -0.5, 0.5)
        pitch = 69.0 + 12.0 * np.log2((index + low_bin + top) * RATE / WINDOW / 440.0)
        yield first + moment, pitch, level
        first += len(block)


def _sustained(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """[moment, bin] with strokes masked, softly (Wiener's mask)."""
    from scipy.ndimage import median_filter

    line = median_filter(block, (LINE_MOMENTS, 1), mode="nearest") ** 2
    stroke = median_filter(block, (1, STROKE_BINS), mode="nearest") ** 2
    return block * (line / np.maximum(line + stroke, 1e-20))


@cache
def _overtones() -> NDArray[np.float64]:
    """[heard semitone, note]: what a note puts where."""
    count = HIGH_PITCH - LOW_PITCH
    found = np.zeros((count, count))
    for number in range(1, OVERTONES + 1):
        rise = round(12 * np.log2(number))
        notes = np.arange(count - rise)
        found[notes + rise, notes] += OVERTONE_DECAY ** (number - 1)
    return found


def _tuning(pitch: NDArray[np.float64], level: NDArray[np.float64]) -> float:
    """How far all of it stands from equal temperament at 440 Hz, -0.65..0.35 semitones (circular mean)."""
    clear = pitch > TUNING_FROM_PITCH
    total = level[clear].sum()
    mean = (np.exp(2j * np.pi * pitch[clear]) * level[clear]).sum()
    if abs(mean) <= CLEAR_TUNING * total:
        return 0.0
    shift = float(np.angle(mean) / (2 * np.pi))
    return shift if shift <= SHARPEST_TUNING else shift - 1.0
