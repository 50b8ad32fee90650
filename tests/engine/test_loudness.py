"""Laws of measuring: loudness after BS.1770-4, true peaks after its annex 2."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import freqz, resample_poly

from engine.audio.biquad import Coefficients, bell, high_pass, low_pass
from engine.audio.loudness import (
    HOP_SAMPLES,
    HOPS_A_BLOCK,
    SILENCE_LUFS,
    k_weighting,
    loudness,
    num_hops,
)
from engine.audio.processors.ring import filtered
from engine.audio.true_peak import true_peak
from engine.units import STEM_SAMPLE_RATE, db_to_gain, gain_to_db

pyloudnorm = pytest.importorskip("pyloudnorm")


def noise(seconds: float, seed: int = 0, level: float = 0.1) -> np.ndarray:
    samples = round(seconds * STEM_SAMPLE_RATE)
    return (level * np.random.default_rng(seed).standard_normal((samples, 2))).astype(np.float32)


def sine(hz: float, samples: int, phase: float = 0.0) -> np.ndarray:
    wave = np.sin(2 * np.pi * hz * np.arange(samples) / STEM_SAMPLE_RATE + phase)
    return np.stack([wave, wave], axis=1).astype(np.float32)


def reference(loop: np.ndarray) -> float:
    """By pyloudnorm: the loop read on to at least 3 s, to whole hops, and over its seam for the last ones."""
    played = loop[np.arange((num_hops(len(loop)) + HOPS_A_BLOCK - 1) * HOP_SAMPLES) % len(loop)]
    return pyloudnorm.Meter(STEM_SAMPLE_RATE).integrated_loudness(played.astype(np.float64))


def test_the_weighting_is_the_table_of_the_standard_at_48_khz():
    shelf, high = k_weighting(48_000)
    assert shelf == pytest.approx(
        (1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585)
    )
    assert high == pytest.approx((1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621))


def test_a_full_scale_sine_of_997_hz_on_both_sides_is_0_lufs():
    assert loudness(sine(997.0, 10 * STEM_SAMPLE_RATE)) == pytest.approx(0.0, abs=0.02)


def test_a_short_loop_is_heard_for_at_least_3_seconds():
    assert all(
        3.0 <= num_hops(samples) / 10 <= 3.0 + samples / 44_100 + 0.1 for samples in range(2700, 132_300, 7)
    )


@settings(max_examples=25, deadline=None)
@given(st.floats(0.06, 8.0), st.integers(0, 99), st.floats(0.01, 1.0), st.floats(0.05, 1.0))
def test_loudness_of_a_loop_is_that_of_the_loop_played_on(seconds, seed, level, sounding):
    """Noise that sounds for a share of the loop: gates and seams anywhere, loops from 60 ms on."""
    loop = noise(seconds, seed, level)
    loop[round(sounding * len(loop)) :] *= 0.01
    assert loudness(loop) == pytest.approx(reference(loop), abs=0.1)


@pytest.mark.parametrize("hz", [40.0, 100.0, 1000.0, 5000.0, 12_000.0])
def test_loudness_agrees_at_every_pitch(hz):
    loop = 0.3 * sine(hz, 4 * STEM_SAMPLE_RATE)
    assert loudness(loop) == pytest.approx(reference(loop), abs=0.1)


def test_the_gates_leave_out_silence_and_what_is_far_softer():
    loud = noise(4.0)
    silent = np.concatenate([loud, np.zeros_like(loud)])
    soft = np.concatenate([loud, noise(4.0, 1, 0.005)])
    assert loudness(silent) == pytest.approx(loudness(loud), abs=0.4)
    assert loudness(soft) == pytest.approx(loudness(loud), abs=0.4)
    for loop in (silent, soft):
        assert loudness(loop) == pytest.approx(reference(loop), abs=0.1)


def test_loudness_hardly_depends_on_where_the_loop_starts():
    loop = noise(5.3)
    loop[50_000:120_000] *= 0.1
    values = [loudness(np.roll(loop, turn, axis=0)) for turn in range(0, len(loop), 30_011)]
    assert max(values) - min(values) < 0.15  # one block of 400 ms more or less passes the gate


def test_silence_has_no_loudness():
    assert loudness(np.zeros((100_000, 2), dtype=np.float32)) == SILENCE_LUFS
    assert loudness(np.zeros((0, 2), dtype=np.float32)) == SILENCE_LUFS
    assert true_peak(np.zeros((0, 2), dtype=np.float32)) == 0.0


def test_a_sine_between_its_samples_is_seen():
    """A quarter of the sample rate, 45 degrees off: every sample is 3 dB below the crest."""
    loop = sine(STEM_SAMPLE_RATE / 4, 4000, np.pi / 4)
    assert np.abs(loop).max() == pytest.approx(0.7071, abs=1e-3)
    assert gain_to_db(true_peak(loop)) == pytest.approx(0.0, abs=0.1)


@settings(max_examples=25, deadline=None)
@given(st.integers(2700, 9000), st.integers(0, 99), st.floats(500.0, 15_000.0))
def test_true_peaks_are_those_of_the_oversampled_loop(samples, seed, hz):
    white = np.random.default_rng(seed).standard_normal((samples, 2)).astype(np.float32)
    loop = filtered(white, low_pass(hz))
    expected = np.abs(resample_poly(np.tile(loop, (3, 1)), 4, 1, axis=0)[4 * samples : 8 * samples]).max()
    assert gain_to_db(true_peak(loop)) == pytest.approx(gain_to_db(expected), abs=0.4)
    assert true_peak(loop) >= np.abs(loop).max()


def test_a_peak_on_the_seam_counts():
    loop = sine(STEM_SAMPLE_RATE / 4, 4000, np.pi / 4)
    loop[3:-3] = 0.0
    assert true_peak(loop) == pytest.approx(true_peak(np.roll(loop, 2000, axis=0)), rel=1e-6)


def gain_at(coefficients: Coefficients, hz: float) -> float:
    b0, b1, b2, a1, a2 = coefficients
    _, response = freqz((b0, b1, b2), (1.0, a1, a2), [hz], fs=STEM_SAMPLE_RATE)
    return float(abs(response[0]))


def test_filters_do_what_their_names_say():
    assert gain_at(high_pass(120.0), 120.0) == pytest.approx(db_to_gain(-3.01), rel=1e-3)
    assert gain_at(high_pass(120.0), 12.0) == pytest.approx(0.01, rel=0.01)
    assert gain_at(low_pass(1000.0), 1000.0) == pytest.approx(db_to_gain(-3.01), rel=1e-3)
    assert gain_at(bell(2600.0, -2.0, 0.8), 2600.0) == pytest.approx(db_to_gain(-2.0), rel=1e-3)
    assert gain_at(bell(2600.0, -2.0, 0.8), 60.0) == pytest.approx(1.0, abs=0.01)
