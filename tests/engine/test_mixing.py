"""Laws of levels and sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.audio.mixing import mix, pan_gains
from engine.units import db_to_gain


def noise(length: int, level: float = 0.1, seed: int = 0) -> np.ndarray:
    return (level * np.random.default_rng(seed).uniform(-1, 1, (length, 2))).astype(np.float32)


def test_an_untouched_fader_changes_no_sample():
    assert pan_gains(0.0, 0.0, True) == (1.0, 1.0)
    stem = noise(100)
    assert np.array_equal(mix([stem], [pan_gains(0.0, 0.0, True)]), stem)


@given(st.floats(-60.0, 12.0), st.integers(-100, 100).map(lambda percent: percent / 100))
def test_pan_only_takes_away(volume_db, pan):
    left, right = pan_gains(volume_db, pan, True)
    assert max(left, right) == db_to_gain(volume_db)
    assert (left > right) == (pan < 0) and (right > left) == (pan > 0)


def test_hard_sides_and_the_inaudible():
    assert pan_gains(0.0, -1.0, True) == (1.0, 0.0)
    assert pan_gains(0.0, 1.0, True) == (0.0, 1.0)
    assert pan_gains(6.0, 0.3, False) == (0.0, 0.0)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_shorter_loops_repeat_to_the_longest(lengths):
    stems = [noise(length, seed=i) for i, length in enumerate(lengths)]
    mixed = mix(stems, [(0.5, 1.0)] * len(stems))
    assert len(mixed) == max(lengths)
    for n in range(len(mixed)):
        expected = sum(stem[n % len(stem)] * np.array([0.5, 1.0]) for stem in stems)
        assert mixed[n] == pytest.approx(expected, abs=1e-6)


def test_no_stems_and_no_samples_are_silence():
    assert mix([], []).shape == (0, 2)
