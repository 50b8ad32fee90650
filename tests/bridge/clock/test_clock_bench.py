"""What the bench of the clock says of what it heard."""

import json

import numpy as np
import pytest

from bridge.clock.bench import END_S, SETTLES_S, Course, bench_clock, figures
from bridge.clock.bench_server import SAMPLE_RATE
from bridge.clock.bench_stage import LOOP_BEATS, Heard, turning
from engine.errors import EngineError
from engine.units import beats_to_samples


def course(error_ms, ppm=0.0, seconds=60.0):
    """120 bpm, heard five times a second by a sound card that is so much too fast."""
    heard = Course()
    for at_s in np.arange(0.0, seconds, 0.2):
        beat = at_s * 2.0
        played = (beat - error_ms(at_s) * 2.0 / 1000.0) % LOOP_BEATS
        frame = round(at_s * (1 + ppm / 1e6) * SAMPLE_RATE)
        heard.note(Heard(100.0 + at_s, frame, played), beat, 120.0)
    return heard


def test_errors_are_the_clock_less_the_music_at_most_and_at_the_end_once_it_has_settled():
    found = course(
        lambda at_s: 50.0 if at_s < SETTLES_S - 0.1 else 0.7 if at_s < 60.0 - END_S - 0.3 else -0.2
    )
    at_most, with_stalls, at_the_end = (figure.value for figure in figures("link", found))
    assert (at_most, with_stalls) == (pytest.approx(0.7, abs=1e-6), pytest.approx(0.7, abs=1e-6))
    assert at_the_end == pytest.approx(0.2, abs=1e-6)


def test_where_the_sound_card_stood_still_it_is_counted_apart():
    found = Course()
    for at_s in np.arange(0.0, 60.0, 0.2):
        late_s = 0.03 if at_s > 30.1 else 0.0  # and the music with it, until it is brought back
        error_ms = 30.0 if 30.1 < at_s < 32.0 else 0.3
        played = (at_s * 2.0 - error_ms * 2.0 / 1000.0) % LOOP_BEATS
        frame = round((at_s - late_s) * SAMPLE_RATE)
        found.note(Heard(100.0 + at_s, frame, played), at_s * 2.0, 120.0)
    by_name = {figure.name: figure.value for figure in figures("midi", found)}
    assert by_name["music against midi, 0.8 min, at most"] == pytest.approx(0.3, abs=1e-6)
    worst = by_name["music against midi, 0.8 min, at most, with 1 stalls of the server"]
    assert worst == pytest.approx(30.0, abs=1e-6)


def test_the_baseline_is_what_nobody_corrects():
    drifting = course(lambda at_s: 0.0, ppm=50.0)
    assert drifting.left_alone_ms() == pytest.approx(50.0e-6 * (60.0 - SETTLES_S) * 1000.0, rel=0.05)


def test_a_turn_is_a_place_in_the_loop():
    audio = turning(123.4)
    assert audio.shape == (beats_to_samples(LOOP_BEATS, 123.4), 2)
    quarter = audio[len(audio) // 4]
    assert np.arctan2(quarter[1], quarter[0]) == pytest.approx(np.pi / 2, abs=1e-4)


def test_a_part_that_is_none_is_refused_and_one_that_cannot_run_is_told(monkeypatch, capsys):
    with pytest.raises(EngineError, match="known: jack, link, midi"):
        bench_clock(1.0, True, "dance")
    monkeypatch.setenv("PATH", "")
    assert bench_clock(1.0, True, "jack") == 0
    assert "jackd" in json.loads(capsys.readouterr().out)["skipped"]
