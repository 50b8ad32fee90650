"""The guide's oscillators: tables of waves that end below 1.3 kHz, and the kernel that plays a gesture.

Waves are complex: the imaginary part is the wave as engine/instruments starts it (all overtones as sines),
the real part the same with every overtone a quarter of its cycle on.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.instruments.control import BLOCK, LN_1000
from engine.instruments.palette import Instrument, Layer
from engine.instruments.pitched import start_phases, unison
from engine.instruments.wavetables import RMS, partials
from engine.units import STEM_SAMPLE_RATE

TOP_HZ = 1300.0
MOST_HARMONICS = 63
TABLE_SIZE = 2048  # the nearest entry is 56 dB right
SINE, SAW = 0, 1  # of `Waves.tables`
MOST_PALETTES = 128
OCTAVE_BELOW = (Layer(wave="sine", semitones=-12.0),)


@dataclass(frozen=True, eq=False)
class Waves:
    """tables: [W, MOST_HARMONICS + 1, TABLE_SIZE]: sine, saw, then the palette's. The palette's oscillators:
    `which` table, `ratio` to the pitch, `gain` in the middle of the stereo image, `keep` a block; all [V]."""

    tables: NDArray[np.complex64]
    which: NDArray[np.int64]
    ratio: NDArray[np.float64]
    gain: NDArray[np.float64]
    keep: NDArray[np.float64]
    layers: tuple[tuple[int, int], ...]  # (number in the palette, voices) of each layer with waves
    seed: int

    def phases(self, gesture: int) -> NDArray[np.float64]:
        """Where the palette's oscillators start in that gesture, 0..1: [V] (`pitched.Voice.play`)."""
        seeds = [(self.seed + 7919 * gesture + 104729 * number) % 2**32 for number, _ in self.layers]
        starts = [start_phases(voices, seed) for seed, (_, voices) in zip(seeds, self.layers, strict=True)]
        return np.concatenate(starts)


@lru_cache(maxsize=MOST_PALETTES)
def waves_of(instrument: Instrument, track: str) -> Waves:
    """The waves of an instrument, or an octave below the pitch where it has none."""
    own = tuple((i, layer) for i, layer in enumerate(instrument.layers) if layer.source == "wave")
    numbered = own or tuple(enumerate(OCTAVE_BELOW))
    rows = [row for i, (_, layer) in enumerate(numbered) for row in _oscillators(layer, 2 + i)]
    which, ratio, gain, keep = (np.array(column) for column in zip(*rows, strict=True))
    tables = np.stack([_table("sine"), _saw(), *(_table(layer.wave) for _, layer in numbered)])
    layers = tuple((number, layer.voices) for number, layer in numbered)
    seed = zlib.crc32(f"{track}/{instrument.name}".encode())
    return Waves(tables, which, ratio, gain, keep, layers, seed)


def _oscillators(layer: Layer, table: int) -> Sequence[tuple[int, float, float, float]]:
    semitones, gains = unison(layer)
    keep = math.exp(-LN_1000 * BLOCK / (STEM_SAMPLE_RATE * layer.decay_s))
    middle = gains.sum(axis=1) * math.sqrt(0.5)
    return [
        (table, 2.0 ** (steps / 12.0), float(gain), keep)
        for steps, gain in zip(semitones, middle, strict=True)
    ]


@cache
def _table(wave: str) -> NDArray[np.complex64]:
    """A wave of the palettes, as loud as `wavetables.wavetable` has it; a sine has amplitude 1."""
    amplitudes = partials(wave)
    loudness = 1.0 if wave == "sine" else RMS * math.sqrt(2.0) / math.sqrt(float(np.sum(amplitudes**2)))
    return _sums(amplitudes[:MOST_HARMONICS] * loudness)


@cache
def _saw() -> NDArray[np.complex64]:
    """Harmonics 1 / k."""
    return _sums(1.0 / np.arange(1, MOST_HARMONICS + 1))


def _sums(amplitudes: NDArray[np.float64]) -> NDArray[np.complex64]:
    """A cycle of the first k partials, for every k from 0 on: [MOST_HARMONICS + 1, TABLE_SIZE]."""
    k = np.arange(1, MOST_HARMONICS + 1)[:, None]
    cycles = amplitudes[:, None] * np.exp(2j * np.pi / TABLE_SIZE * (k * np.arange(TABLE_SIZE) % TABLE_SIZE))
    return np.concatenate([np.zeros((1, TABLE_SIZE)), np.cumsum(cycles, axis=0)]).astype(np.complex64)


def add_gesture(
    sound: NDArray[np.float32],
    pitch: NDArray[np.float64],
    level: NDArray[np.float64],
    ahead: int,
    thin: int,
    waves: Waves,
    phases: NDArray[np.float64],
) -> None:
    """A gesture added to `sound` [points, 6], whose point 0 lies `ahead` samples after the onset (or before).

    pitch: [num_blocks] semitones; level: [num_blocks + 1]; phases: [V].
    """
    _add(
        sound,
        pitch,
        level,
        ahead,
        thin,
        waves.tables,
        waves.which,
        waves.ratio,
        waves.gain,
        waves.keep,
        phases,
    )


@njit(cache=True, nogil=True)
def _harmonics(hz: float) -> int:
    return int(min(TOP_HZ / hz, MOST_HARMONICS))


@njit(cache=True, nogil=True)
def _entry(cycles: float) -> int:
    return int(cycles * TABLE_SIZE + 0.5) & (TABLE_SIZE - 1)


@njit(cache=True, nogil=True)
def _add(
    sound: NDArray[np.float32],
    pitch: NDArray[np.float64],
    level: NDArray[np.float64],
    ahead: int,
    thin: int,
    tables: NDArray[np.complex64],
    which: NDArray[np.int64],
    ratio: NDArray[np.float64],
    gain: NDArray[np.float64],
    keep: NDArray[np.float64],
    phases: NDArray[np.float64],
) -> None:
    loud = gain.copy()
    cycles = 0.0  # since the onset, at the block's start
    point = -(ahead // thin)  # the first at the onset or after it
    for block in range(len(pitch)):
        hz = 440.0 * 2.0 ** ((pitch[block] - 69.0) / 12.0)
        count = _harmonics(hz)
        start, rise = level[block], (level[block + 1] - level[block]) / BLOCK
        while ahead + point * thin < (block + 1) * BLOCK:
            if 0 <= point < len(sound):
                inside = ahead + point * thin - block * BLOCK
                here = cycles + inside * hz / STEM_SAMPLE_RATE
                strength = start + rise * inside
                sine = strength * tables[SINE, count, _entry(here)]
                saw = strength * tables[SAW, count, _entry(here)]
                own = 0.0j
                for v in range(len(which)):
                    entry = _entry(here * ratio[v] + phases[v])
                    own += loud[v] * tables[which[v], _harmonics(hz * ratio[v]), entry]
                own *= strength
                sound[point, 0] += sine.imag
                sound[point, 1] += sine.real
                sound[point, 2] += saw.imag
                sound[point, 3] += saw.real
                sound[point, 4] += own.imag
                sound[point, 5] += own.real
            point += 1
        cycles += hz * BLOCK / STEM_SAMPLE_RATE
        loud *= keep
        if point >= len(sound):
            return
