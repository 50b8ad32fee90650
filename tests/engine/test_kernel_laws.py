"""Kernels that take a short way give what the long way gives, within what float32 can tell."""

import numpy as np
import pytest

from engine.audio.processors import space
from engine.instruments import effects, saturation
from engine.instruments.filters import svf_gains, svf_step
from engine.instruments.formants import add_formants, formants_of
from engine.units import STEM_SAMPLE_RATE

TOLERANCE = 1e-6


def noise(num_samples: int) -> np.ndarray:
    """Bursts and near silence in turn: [N, C=2]."""
    sound = np.random.default_rng(1).standard_normal((num_samples, 2)).astype(np.float32)
    swell = (np.arange(num_samples) // 700 % 3)[:, None] / 4 + 0.01
    return (sound * swell).astype(np.float32)


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_squeezing_takes_a_share_of_the_decibels_over_the_threshold(share):
    loop = noise(9_000)
    squeezed, follow, gain = loop.copy(), 0.0, 1.0
    for n in range(-len(loop), len(loop)):
        ahead = loop[(n + effects.SQUEEZE_AHEAD) % len(loop)]
        follow = max(follow * np.exp(-1.0 / (effects.SQUEEZE_S * STEM_SAMPLE_RATE)), float(abs(ahead).max()))
        aim = (0.3 / follow) ** share if follow > 0.3 else 1.0
        gain += 3.0 / effects.SQUEEZE_AHEAD * (aim - gain)
        squeezed[n] = loop[n] * np.float32(gain)
    given = loop.copy()
    effects.squeeze_loop(given, 0.3, share)
    assert np.abs(given - squeezed).max() < TOLERANCE
    assert np.abs(given).max() < 0.9 * np.abs(loop).max()


def test_formants_are_state_variable_filters_side_by_side():
    source, rows = noise(1_600), formants_of("a")
    note = np.zeros_like(source)
    add_formants(note, source, rows, rows, 0.2, 0.3)
    summed = 0.3 * source.astype(np.float64)
    for hz, width, level in rows:
        gains = svf_gains(hz, width / hz)
        for c in range(2):
            s1 = s2 = 0.0
            for n in range(len(source)):
                band, _, s1, s2 = svf_step(float(source[n, c]), s1, s2, *gains)
                summed[n, c] += 1.6 * level * np.sqrt(width / hz) * band
    assert np.abs(note - summed).max() < TOLERANCE * np.abs(summed).max()


def test_a_mono_loop_is_driven_as_each_side_of_a_wide_one():
    wide = noise(5_000)
    mono = np.ascontiguousarray(wide[:, [0, 0]])
    for loop in (wide, mono):
        saturation.drive_loop(loop, 3.0, 0.7, saturation.SHARP, saturation.WIDE)
    assert np.array_equal(mono, wide[:, [0, 0]])


@pytest.mark.parametrize("num_samples", [3_000, 200_001])
def test_a_room_part_by_part_is_the_whole_room_round_the_loop(num_samples):
    """Longer and shorter than the room rings: each sample with what the ring brings back to it."""
    loop = noise(num_samples)
    answer = space.impulse(0.5, 4.0, 0.22)
    folded = np.zeros((-(-len(answer) // num_samples) * num_samples, 2))
    folded[: len(answer)] = answer
    folded = folded.reshape(-1, num_samples, 2).sum(axis=0)
    ring = np.fft.irfft(np.fft.rfft(loop, axis=0) * np.fft.rfft(folded, axis=0), num_samples, axis=0)
    made = space.convolved(loop, *space.transfer(0.5, 4.0, 0.22))
    assert np.abs(made - ring).max() < TOLERANCE * np.abs(ring).max() * 2.0
