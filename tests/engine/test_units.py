import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import units


@pytest.mark.parametrize(
    ("beats", "tempo_bpm", "samples"),
    [(32, 128, 661_500), (4, 120, 88_200), (3.5, 120, 77_175), (1, 60, 44_100)],
)
def test_beats_to_samples(beats, tempo_bpm, samples):
    assert units.beats_to_samples(beats, tempo_bpm) == samples


@given(st.floats(0.01, 1000), st.floats(40, 240))
def test_samples_and_beats_are_inverse_to_half_a_sample(beats, tempo_bpm):
    samples = units.beats_to_samples(beats, tempo_bpm)
    error = units.samples_to_beats(samples, tempo_bpm) - beats
    assert abs(error) <= units.samples_to_beats(0.5, tempo_bpm) + 1e-9


@given(st.floats(-100, 20))
def test_gain_and_db_are_inverse(db):
    assert units.gain_to_db(units.db_to_gain(db)) == pytest.approx(db, abs=1e-9)


@given(st.floats(0, 127))
def test_pitch_and_frequency_are_inverse(pitch):
    assert units.hz_to_pitch(units.pitch_to_hz(pitch)) == pytest.approx(pitch)


def test_zero_gain_is_silence_not_an_error():
    assert units.gain_to_db(0.0) == units.SILENCE_DB
    assert units.db_to_gain(0.0) == 1.0
