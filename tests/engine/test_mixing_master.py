"""Laws of the exported mix."""

from __future__ import annotations

import numpy as np
import pytest

from engine.audio.loudness import loudness
from engine.audio.mastering import mastered
from engine.audio.true_peak import true_peak
from engine.units import gain_to_db
from tests.engine.test_mixing_finish import noise, spiky


@pytest.mark.parametrize("level", [0.001, 0.05, 1.0])
def test_a_mix_comes_to_its_loudness_below_its_ceiling(level):
    record = mastered(noise(200_000, 1, level))
    assert loudness(record) == pytest.approx(-14.0, abs=0.2)
    assert gain_to_db(true_peak(record)) <= -1.0


def test_a_mix_full_of_peaks_keeps_its_ceiling_and_comes_near():
    record = mastered(spiky(200_000, 2, 40))
    assert gain_to_db(true_peak(record)) <= -1.0
    assert loudness(record) == pytest.approx(-14.0, abs=1.0)


def test_another_loudness_may_be_asked_for():
    assert loudness(mastered(noise(200_000), -23.0, -3.0)) == pytest.approx(-23.0, abs=0.1)


def test_silence_and_nothing_stay_what_they_are():
    assert not mastered(np.zeros((50_000, 2), dtype=np.float32)).any()
    assert mastered(np.zeros((0, 2), dtype=np.float32)).shape == (0, 2)


@pytest.mark.parametrize("num_samples", [4410, 44_100, 150_000])
def test_a_lone_click_is_not_pressed_over_the_ceiling(num_samples):
    click = np.zeros((num_samples, 2), dtype=np.float32)
    click[num_samples // 2] = 1.0
    assert gain_to_db(true_peak(mastered(click))) <= -1.0


def test_what_no_meter_hears_keeps_the_ceiling_too():
    assert np.abs(mastered(np.ones((1000, 2), dtype=np.float32))).max() < 0.9
