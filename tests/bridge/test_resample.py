"""Loops at the server's rate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.grid import rendered_frames
from bridge.resample import render_loop


def turning(length: int, cycles: int, rate: int = 44_100) -> NDArray[np.float32]:
    """[N, C=2]: a loop of whole cycles, cosine left and sine right, at the times of `rate`."""
    frames = rendered_frames(length, rate)
    phase = 2 * np.pi * cycles * np.arange(frames) * 44_100 / rate / length
    return np.stack([np.cos(phase), np.sin(phase)], axis=1).astype(np.float32)


def test_at_the_stems_rate_every_bit_stays() -> None:
    audio = np.random.default_rng(1).standard_normal((1001, 2)).astype(np.float32)
    rendered = render_loop(audio, 44_100)
    assert np.array_equal(rendered, audio.T) and rendered.flags.c_contiguous
    assert not np.shares_memory(rendered, audio)


@pytest.mark.parametrize("rate", [22_050, 32_000, 48_000, 88_200, 96_000, 192_000])
@pytest.mark.parametrize("pitch_hz", [50, 1000, 8000])
def test_a_tone_stays_the_same_tone_from_the_first_frame_to_the_last(rate: int, pitch_hz: int) -> None:
    length = 12_345
    cycles = round(pitch_hz * length / 44_100)
    error = render_loop(turning(length, cycles), rate) - turning(length, cycles, rate).T
    assert np.abs(error).max() < 1e-4  # -80 dBFS, the loop's ends included


@pytest.mark.parametrize("rate", [48_000, 96_000])
def test_what_cannot_be_heard_at_the_lower_rate_does_not_come_back_mirrored(rate: int) -> None:
    """A tone of 19 kHz keeps its level, and nothing appears beside it."""
    length = 44_100
    rendered = render_loop(turning(length, 19_000), rate)
    spectrum = np.abs(np.fft.rfft(rendered[0])) / len(rendered[0]) * 2
    assert spectrum[19_000] == pytest.approx(1.0, abs=1e-3)
    spectrum[19_000] = 0.0
    assert spectrum.max() < 10 ** (-80 / 20)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3000), st.sampled_from([22_050, 44_100, 48_000, 96_000]))
def test_any_length_holds_its_longest_turn(length: int, rate: int) -> None:
    rendered = render_loop(np.ones((length, 2), np.float32), rate)
    assert rendered.shape == (2, rendered_frames(length, rate)) and rendered.dtype == np.float32
    assert np.abs(rendered - 1.0).max() < 1e-3  # a constant has no seam
