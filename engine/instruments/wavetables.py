"""Band-limited single cycles, one table for every four semitones.

    band     0      1      2     ...   33
    pitch    0-3    4-7    8-11  ...   132-135
    partials many ---------------------> 1       all below 20.5 kHz, so a saw cannot alias

Read with linear interpolation; at 2,048 samples a cycle and at most 512 partials the images of the
interpolation stay 75 dB below the fundamental.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.units import pitch_to_hz

TABLE_SIZE = 2048
BAND_SEMITONES = 4
NUM_BANDS = 34
MAX_PARTIALS = 512
TOP_HZ = 20_500.0
RMS = 0.4

# Drawbars 16' 8' 5 1/3' 4' 2 2/3' 2': partials of the octave below the written note.
ORGAN_DRAWBARS = {1: 0.7, 2: 1.0, 3: 0.55, 4: 0.6, 6: 0.3, 8: 0.35, 12: 0.12, 16: 0.12}
REED_PARTIALS = {1: 1.0, 2: 0.42, 3: 0.23, 4: 0.1, 5: 0.05, 6: 0.025, 7: 0.012}


def partials(wave: str) -> NDArray[np.float64]:
    """Amplitudes of partials 1..MAX_PARTIALS (sine phases) of a named wave: [K]."""
    k = np.arange(1, MAX_PARTIALS + 1, dtype=np.float64)
    odd = (k % 2).astype(np.float64)
    match wave:
        case "sine":
            return np.where(k == 1, 1.0, 0.0)
        case "saw":
            return 1.0 / k
        case "square":
            return odd / k
        case "triangle":
            return odd * np.where(k % 4 == 1, 1.0, -1.0) / k**2
        case "pulse":  # a quarter of the cycle high
            return np.abs(np.sin(np.pi * k / 4)) / k
        case "narrow":  # an eighth
            return np.abs(np.sin(np.pi * k / 8)) / k
        case "organ":
            return np.array([ORGAN_DRAWBARS.get(int(n), 0.0) for n in k])
        case "reed":
            return np.array([REED_PARTIALS.get(int(n), 0.0) for n in k])
    raise AssertionError(wave)


WAVES = ("sine", "saw", "square", "triangle", "pulse", "narrow", "organ", "reed")


@cache
def wavetable(wave: str) -> NDArray[np.float32]:
    """The wave in every band: [NUM_BANDS, TABLE_SIZE + 1], the last sample repeating the first."""
    amplitudes = partials(wave)
    amplitudes = amplitudes * (RMS * np.sqrt(2.0) / np.sqrt(np.sum(amplitudes**2)))
    spectrum = np.zeros((NUM_BANDS, TABLE_SIZE // 2 + 1), dtype=np.complex128)
    for band in range(NUM_BANDS):
        # One semitone above the band's top: room for detune and vibrato.
        top_hz = pitch_to_hz(BAND_SEMITONES * (band + 1) + 1)
        count = min(MAX_PARTIALS, max(1, int(TOP_HZ / top_hz)))
        spectrum[band, 1 : count + 1] = -0.5j * TABLE_SIZE * amplitudes[:count]
    cycle = np.fft.irfft(spectrum, TABLE_SIZE, axis=1)
    table = np.concatenate([cycle, cycle[:, :1]], axis=1).astype(np.float32)
    table.setflags(write=False)
    return table
