"""One drum hit: swept sines, noise through a filter, and the six squares of a drum machine's cymbal."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.instruments.control import LN_1000
from engine.instruments.filters import BAND, HIGH, svf_gains, svf_step
from engine.instruments.layers import CYCLE, INDEX_SHIFT, next_noise, noise_value
from engine.instruments.wavetables import BAND_SEMITONES, NUM_BANDS
from engine.units import STEM_SAMPLE_RATE

# The oscillators of the TR-808's cymbal circuit and, second row, of its cowbell, over their first.
METAL_RATIOS = np.array(
    [[1.0, 1.4827, 1.8003, 2.5459, 2.6303, 3.8967], [1.0, 1.4815, 0.0, 0.0, 0.0, 0.0]], dtype=np.float64
)
FADE_SAMPLES = 256
SAMPLE_SECONDS = 1.0 / STEM_SAMPLE_RATE


@njit(cache=True, nogil=True, fastmath=True)
def pick(x: float, band: float, low: float, damping: float, mode: float) -> Any:
    """The output of the filter that `mode` names."""
    if mode == HIGH:
        return x - damping * band - low
    return damping * band if mode == BAND else low


@njit(cache=True, nogil=True, fastmath=True)
def add_tone(
    out: NDArray[np.float64], hz: float, sweep: float, sweep_s: float, decay_s: float, level: float
) -> None:
    """A sine from hz * (1 + sweep) down to hz."""
    phase = 0.0
    bend = sweep
    bend_keep = math.exp(-LN_1000 * SAMPLE_SECONDS / sweep_s)
    gain = level
    keep = math.exp(-LN_1000 * SAMPLE_SECONDS / decay_s)
    for n in range(len(out)):
        out[n] += gain * math.sin(phase)
        phase += 2.0 * math.pi * SAMPLE_SECONDS * hz * (1.0 + bend)
        bend *= bend_keep
        gain *= keep


@njit(cache=True, nogil=True, fastmath=True)
def add_noise(out: NDArray[np.float64], row: NDArray[np.float64], state: np.uint32) -> Any:
    """Filtered noise, in `bursts` short ones before the long one (hands do not clap together)."""
    attack_s, decay_s, hz, damping, mode, bursts, gap_s, level = row
    a1, a2, a3 = svf_gains(hz, damping)
    s1 = s2 = 0.0
    keep = math.exp(-LN_1000 * SAMPLE_SECONDS / decay_s)
    burst_keep = math.exp(-LN_1000 * SAMPLE_SECONDS / (1.5 * gap_s))
    gap = int(gap_s * STEM_SAMPLE_RATE)
    last_burst = int(bursts - 1.0) * gap
    rise = 1.0 / max(1.0, attack_s * STEM_SAMPLE_RATE)
    gain = 0.0
    attack = 0.0
    for n in range(len(out)):
        if n <= last_burst and n % gap == 0:
            gain = level
        elif n < last_burst:
            gain *= burst_keep
        else:
            gain *= keep
        attack = min(1.0, attack + rise)
        state = next_noise(state)
        x = noise_value(state)
        band, low, s1, s2 = svf_step(x, s1, s2, a1, a2, a3)
        out[n] += gain * attack * pick(x, band, low, damping, mode)
    return state


@njit(cache=True, nogil=True, fastmath=True)
def add_metal(
    out: NDArray[np.float64], row: NDArray[np.float64], square: NDArray[np.float32], seed: int
) -> None:
    """A bank of inharmonic squares through one filter."""
    hz, bank, decay_s, filter_hz, damping, mode, level = row
    squares = np.zeros(len(out), dtype=np.float32)
    for k in range(METAL_RATIOS.shape[1]):
        partial_hz = hz * METAL_RATIOS[int(bank), k]
        if partial_hz <= 0.0:
            continue
        pitch = 69.0 + 12.0 * math.log2(partial_hz / 440.0)
        cycle = square[min(max(int(pitch / BAND_SEMITONES), 0), NUM_BANDS - 1)]
        step = np.uint32(np.int64(partial_hz * SAMPLE_SECONDS * CYCLE))
        start = np.uint32(seed) * np.uint32(k * 2 + 1)
        for n in range(len(out)):
            squares[n] += cycle[np.uint32(start + np.uint32(n) * step) >> INDEX_SHIFT]
    a1, a2, a3 = svf_gains(filter_hz, damping)
    s1 = s2 = 0.0
    gain = level
    keep = math.exp(-LN_1000 * SAMPLE_SECONDS / decay_s)
    for n in range(len(out)):
        band, low, s1, s2 = svf_step(squares[n], s1, s2, a1, a2, a3)
        out[n] += gain * pick(squares[n], band, low, damping, mode)
        gain *= keep


@njit(cache=True, nogil=True, fastmath=True)
def drum_shot(
    num_samples: int,
    tones: NDArray[np.float64],
    noises: NDArray[np.float64],
    metals: NDArray[np.float64],
    square: NDArray[np.float32],
    width: float,
    seed: int,
) -> Any:
    """The hit: [num_samples, C=2]. Decays are to -60 dB.

    Two microphones hear the same skin and different air: `width` 0..1 is how much of the noise is a
    side signal, which leaves the mono sum as it is.

    tones: [n, 5] hz, sweep, sweep_s, decay_s, level
    noises: [n, 8] attack_s, decay_s, hz, damping, mode (LOW, BAND, HIGH), bursts, gap_s, level
    metals: [n, 7] hz, row of METAL_RATIOS, decay_s, filter hz, damping, mode, level
    square: a wavetable of every band.
    """
    out = np.zeros(num_samples, dtype=np.float64)
    for row in range(tones.shape[0]):
        hz, sweep, sweep_s, decay_s, level = tones[row]
        add_tone(out, hz, sweep, sweep_s, decay_s, level)
    state = np.uint32(seed)
    for row in range(noises.shape[0]):
        state = add_noise(out, noises[row], state)
    for row in range(metals.shape[0]):
        add_metal(out, metals[row], square, seed)
    side = np.zeros(num_samples, dtype=np.float64)
    if width > 0.0:
        for row in range(noises.shape[0]):
            state = add_noise(side, noises[row], state)
        for row in range(metals.shape[0]):
            add_metal(side, metals[row], square, seed ^ 0x5BD1)
    fade = min(FADE_SAMPLES, num_samples)
    shot = np.empty((num_samples, 2), dtype=np.float32)
    for n in range(num_samples):
        gain = min(1.0, (num_samples - 1 - n) / fade)
        shot[n, 0] = gain * (out[n] + width * side[n])
        shot[n, 1] = gain * (out[n] - width * side[n])
    return shot


@njit(cache=True, nogil=True, fastmath=True)
def add_shot(
    loop: NDArray[np.float32],
    shot: NDArray[np.float32],
    start: int,
    left: float,
    right: float,
    length: int,
) -> None:
    """Add `shot` [M, C=2] to `loop` [N, C=2] from `start` on, wrapping.

    It is faded out where `length` cuts it short.
    """
    num_samples = loop.shape[0]
    count = min(length, shot.shape[0])
    fade = min(FADE_SAMPLES, count) if count < shot.shape[0] else 0
    n = start % num_samples
    for i in range(count):
        gain = (count - i) / fade if i >= count - fade else 1.0
        loop[n, 0] += left * gain * shot[i, 0]
        loop[n, 1] += right * gain * shot[i, 1]
        n += 1
        if n == num_samples:
            n = 0
