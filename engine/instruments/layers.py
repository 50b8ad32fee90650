"""Sources of a pitched voice. Each adds itself to `note` [M, C=2]; M = BLOCK * len(pitch)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.instruments.control import BLOCK, LN_1000
from engine.instruments.filters import svf_gains, svf_step
from engine.instruments.wavetables import BAND_SEMITONES, NUM_BANDS, TABLE_SIZE
from engine.units import STEM_SAMPLE_RATE

# What lies above folds to below 20 kHz; it may have a thousandth of the sound.
FOLD_HZ = STEM_SAMPLE_RATE - 20_000.0
LN_FOLD = math.log(1e-3)
TWO_PI = 2.0 * math.pi
# Phases are 32-bit fractions of a cycle: they wrap by themselves and drift by nothing.
CYCLE = 4294967296.0
INDEX_SHIFT = np.uint32(21)  # 32 bits - log2(TABLE_SIZE)
FRACTION_MASK = np.uint32((1 << 21) - 1)
FRACTION = np.float32(1.0 / (1 << 21))
assert TABLE_SIZE == 1 << 11


@njit(cache=True, nogil=True, fastmath=True)
def add_wave(
    note: NDArray[np.float32],
    pitch: NDArray[np.float64],
    table: NDArray[np.float32],
    semitones: NDArray[np.float64],
    gains: NDArray[np.float32],
    phases: NDArray[np.float64],
    decay_s: float,
) -> None:
    """A unison of wavetable oscillators.

    table: [NUM_BANDS, TABLE_SIZE + 1]; semitones, phases (0..1): [V voices]; gains: [V, C=2].
    """
    keep = math.exp(-LN_1000 * BLOCK / (STEM_SAMPLE_RATE * decay_s))
    envelope = 1.0
    voices = len(semitones)
    phase = np.empty(voices, dtype=np.uint32)
    ratio = np.empty(voices, dtype=np.float64)
    for v in range(voices):
        phase[v] = np.uint32(phases[v] * (CYCLE - 1.0))
        ratio[v] = 2.0 ** (semitones[v] / 12.0) * CYCLE / STEM_SAMPLE_RATE
    for block in range(len(pitch)):
        hz = 440.0 * 2.0 ** ((pitch[block] - 69.0) / 12.0)
        for v in range(voices):
            octave = int((pitch[block] + semitones[v]) / BAND_SEMITONES)
            cycle = table[min(max(octave, 0), NUM_BANDS - 1)]
            step = np.uint32(np.int64(min(hz * ratio[v], CYCLE * 0.49)))
            left = np.float32(gains[v, 0] * envelope)
            right = np.float32(gains[v, 1] * envelope)
            p = phase[v]
            for i in range(BLOCK):
                here = np.uint32(p + np.uint32(i) * step)
                index = here >> INDEX_SHIFT
                a = cycle[index]
                x = a + (cycle[index + np.uint32(1)] - a) * (np.float32(here & FRACTION_MASK) * FRACTION)
                note[block * BLOCK + i, 0] += left * x
                note[block * BLOCK + i, 1] += right * x
            phase[v] = np.uint32(p + np.uint32(BLOCK) * step)
        envelope *= keep


@njit(cache=True, nogil=True, fastmath=True)
def add_fm(
    note: NDArray[np.float32],
    pitch: NDArray[np.float64],
    sine: NDArray[np.float32],
    ratio: float,
    modulator_ratio: float,
    index: float,
    index_decay_s: float,
    index_floor: float,
    level: float,
    level_decay_s: float,
) -> None:
    """Two operators: a sine whose phase another sine moves (Chowning 1973).

    sine: one cycle, [TABLE_SIZE + 1], amplitude 1. The index falls from `index` to `index * index_floor`
    and is held where the first sideband that would fold into hearing, the n-th, would pass -60 dB: it is
    J_n(index), which for a small index is (index / 2) ** n / n!.
    """
    carrier = np.uint32(0)
    modulator = np.uint32(0)
    # Depth in 2**-24 cycles: an int32 holds it, which keeps the loop free of 64-bit conversions.
    radians_to_depth = 16777216.0 / TWO_PI
    index_keep = math.exp(-LN_1000 * BLOCK / (STEM_SAMPLE_RATE * index_decay_s))
    level_keep = math.exp(-LN_1000 * BLOCK / (STEM_SAMPLE_RATE * level_decay_s))
    envelope = 1.0
    gain = level
    depth = 0.0
    for block in range(len(pitch)):
        hz = 440.0 * 2.0 ** ((pitch[block] - 69.0) / 12.0)
        step = np.uint32(np.int64(min(hz * ratio / STEM_SAMPLE_RATE, 0.45) * CYCLE))
        modulator_hz = min(hz * modulator_ratio, 15_000.0)
        modulator_step = np.uint32(np.int64(modulator_hz / STEM_SAMPLE_RATE * CYCLE))
        first = max(1.0, math.floor((FOLD_HZ - hz * ratio) / modulator_hz) + 1.0)
        room = 2.0 * math.exp((math.lgamma(first + 1.0) + LN_FOLD) / first)
        aim = min(index * (index_floor + (1.0 - index_floor) * envelope), room) * radians_to_depth
        if block == 0:
            depth = aim
        # Both move within the block: steps of the index would be heard as a tone of 44,100 / 16 Hz.
        depth_now = np.float32(depth)
        depth_slope = np.float32((aim - depth) / BLOCK)
        depth = aim
        gain_now = np.float32(gain)
        slope = np.float32(gain * (level_keep - 1.0) / BLOCK)
        for i in range(BLOCK):
            m = np.uint32(modulator + np.uint32(i) * modulator_step)
            low = m >> INDEX_SHIFT
            y = sine[low]
            y += (sine[low + np.uint32(1)] - y) * (np.float32(m & FRACTION_MASK) * FRACTION)
            moved = np.uint32(np.int32((depth_now + depth_slope * np.float32(i)) * y))
            c = np.uint32(carrier + np.uint32(i) * step + (moved << np.uint32(8)))
            at = c >> INDEX_SHIFT
            a = sine[at]
            x = a + (sine[at + np.uint32(1)] - a) * (np.float32(c & FRACTION_MASK) * FRACTION)
            x *= gain_now + slope * np.float32(i)
            note[block * BLOCK + i, 0] += x
            note[block * BLOCK + i, 1] += x
        carrier = np.uint32(carrier + np.uint32(BLOCK) * step)
        modulator = np.uint32(modulator + np.uint32(BLOCK) * modulator_step)
        envelope *= index_keep
        gain *= level_keep


@njit(cache=True, nogil=True, fastmath=True)
def next_noise(state: np.uint32) -> Any:
    """xorshift32 (Marsaglia 2003): the next state; `noise_value` makes it a sample."""
    state ^= np.uint32(state << np.uint32(13))
    state ^= state >> np.uint32(17)
    state ^= np.uint32(state << np.uint32(5))
    return np.uint32(state)


@njit(cache=True, nogil=True, fastmath=True)
def noise_value(state: np.uint32) -> Any:
    return np.float64(np.int32(state)) / 2147483648.0


@njit(cache=True, nogil=True, fastmath=True)
def add_string(
    note: NDArray[np.float32],
    pitch: NDArray[np.float64],
    seed: int,
    brightness: float,
    decay_s: float,
    pick: float,
    left: float,
    right: float,
) -> None:
    """A plucked string after Karplus and Strong (1983), tuned by a fractional delay.

    brightness 0..1: of the pluck and of the string; decay_s: to -60 dB; pick 0..0.5: where on the string.
    """
    size = 8192
    mask = size - 1
    line = np.zeros(size, dtype=np.float64)
    hz = 440.0 * 2.0 ** ((pitch[0] - 69.0) / 12.0)
    period = max(4, int(STEM_SAMPLE_RATE / hz))
    state = np.uint32(seed)
    smooth = 0.0
    mean = 0.0
    for i in range(period):
        state = next_noise(state)
        smooth += (0.15 + 0.85 * brightness) * (noise_value(state) - smooth)
        line[i] = smooth
        mean += smooth / period
    offset = max(1, int(period * pick))
    burst = line[:period].copy()
    power = 1e-9
    for i in range(period):
        line[i] = burst[i] - burst[(i - offset) % period]
        power += line[i] * line[i] / period
    scale = 0.5 / math.sqrt(power)
    for i in range(period):
        line[i] *= scale
    damping = 0.5 * (1.0 - 0.85 * brightness)
    write = period
    previous = 0.0
    for block in range(len(pitch)):
        hz = 440.0 * 2.0 ** ((pitch[block] - 69.0) / 12.0)
        w = TWO_PI * hz / STEM_SAMPLE_RATE
        # The damping filter itself delays the fundamental by this much.
        lag = math.atan2(damping * math.sin(w), 1.0 - damping + damping * math.cos(w)) / w
        delay = min(max(STEM_SAMPLE_RATE / hz - lag, 2.0), size - 3.0)
        whole = int(delay)
        fraction = delay - whole
        loss = math.exp(-LN_1000 / (hz * decay_s))
        for i in range(BLOCK):
            at = write - whole
            x = line[at & mask] * (1.0 - fraction) + line[(at - 1) & mask] * fraction
            y = loss * ((1.0 - damping) * x + damping * previous)
            previous = x
            line[write & mask] = y
            write += 1
            note[block * BLOCK + i, 0] += left * x
            note[block * BLOCK + i, 1] += right * x


@njit(cache=True, nogil=True, fastmath=True)
def add_breath(
    note: NDArray[np.float32],
    pitch: NDArray[np.float64],
    seed: int,
    ratio: float,
    damping: float,
    level: float,
    decay_s: float,
    floor: float,
) -> None:
    """Noise around `ratio` times the pitch: breath, bow, hammer; it falls to `floor` of its level."""
    state = np.uint32(seed)
    s1 = s2 = 0.0
    keep = math.exp(-LN_1000 * BLOCK / (STEM_SAMPLE_RATE * decay_s))
    envelope = 1.0
    for block in range(len(pitch)):
        hz = 440.0 * 2.0 ** ((pitch[block] - 69.0) / 12.0)
        a1, a2, a3 = svf_gains(min(hz * ratio, 14_000.0), damping)
        gain = level * damping * (floor + (1.0 - floor) * envelope)
        for i in range(BLOCK):
            state = next_noise(state)
            band, _, s1, s2 = svf_step(noise_value(state), s1, s2, a1, a2, a3)
            note[block * BLOCK + i, 0] += gain * band
            note[block * BLOCK + i, 1] += gain * band
        envelope *= keep
