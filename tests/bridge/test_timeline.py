"""The music goes on over every change of tempo and every shift."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.grid import Grid, next_boundary
from bridge.timeline import Mark, Timeline
from engine.music.key import Signature

RATES = st.sampled_from([44_100, 48_000, 96_000])
TEMPI = st.floats(40, 240)
FRAMES = st.integers(0, 2**31)
CHANGES = st.lists(st.tuples(st.integers(1, 10_000_000), TEMPI), max_size=8)
# A beat in doubles near the end of a transport's 2**32 frames, and one such error for each mark.
CLOSE = 1e-9


def changed(start: Timeline, changes: list[tuple[int, float]]) -> tuple[Timeline, list[int]]:
    """The changes one after another, each so many frames after the last; and where they are."""
    frame, frames, timeline = 0, [], start
    for gap, tempo_bpm in changes:
        frame += gap
        timeline = timeline.with_tempo(frame, tempo_bpm)
        frames.append(frame)
    return timeline, frames


@given(TEMPI, FRAMES, RATES)
def test_a_fresh_timeline_is_the_grid(tempo_bpm: float, frame: int, rate: int) -> None:
    grid = Grid(tempo_bpm)
    timeline = Timeline.of(grid, rate)
    assert timeline.is_law and timeline.beat_at(frame) == grid.frame_to_beat(frame, rate)
    for when in ("now", "beat", "bar", "loop"):
        assert timeline.boundary(when, frame, (9001, 3.5)) == next_boundary(when, frame, grid, rate, 9001)


@given(TEMPI, CHANGES, RATES)
def test_no_beat_is_played_twice_or_left_out(
    tempo_bpm: float, changes: list[tuple[int, float]], rate: int
) -> None:
    timeline, frames = changed(Timeline.of(Grid(tempo_bpm), rate), changes)
    for frame in frames:
        step = timeline.beat_at(frame) - timeline.beat_at(frame - 1)
        tempi = (timeline.tempo_at(frame - 1), timeline.tempo_at(frame))
        assert min(tempi) / (60 * rate) - CLOSE <= step <= max(tempi) / (60 * rate) + CLOSE


@given(TEMPI, CHANGES, RATES, FRAMES)
def test_beats_and_frames_are_each_others_inverse(
    tempo_bpm: float, changes: list[tuple[int, float]], rate: int, frame: int
) -> None:
    timeline, _ = changed(Timeline.of(Grid(tempo_bpm), rate), changes)
    assert abs(timeline.frame_at(timeline.beat_at(frame)) - frame) <= 1


@given(TEMPI, CHANGES, FRAMES, st.sampled_from(["beat", "bar", "loop"]))
def test_a_boundary_is_the_first_at_or_after_the_frame(
    tempo_bpm: float, changes: list[tuple[int, float]], frame: int, when: str
) -> None:
    timeline, _ = changed(Timeline.of(Grid(tempo_bpm, Signature(7, 8))), changes)
    step = {"beat": 0.5, "bar": 3.5, "loop": 7.0}[when]
    samples = Grid(tempo_bpm).beat_to_frame(7.0)  # as long as the tempo has it: the law agrees
    at = timeline.boundary(when, frame, (samples, 7.0))
    assert at >= frame
    if not timeline.mark_at(at).is_law:
        assert abs(timeline.beat_at(at) / step - round(timeline.beat_at(at) / step)) * step <= 240 / 2_600_000
        assert timeline.beat_at(at) - timeline.beat_at(frame) <= step * (1 + CLOSE)


@given(TEMPI, CHANGES, st.integers(0, 80_000_000), st.floats(-2000, 2000), RATES)
def test_a_slew_arrives_and_moves_no_pitch_by_more_than_it_says(
    tempo_bpm: float, changes: list[tuple[int, float]], frame: int, shift: float, rate: int
) -> None:
    before, _ = changed(Timeline.of(Grid(tempo_bpm), rate), changes)
    after, end = before.with_slew(frame, shift)
    assert end - frame >= 0.1 * rate and max(abs(mark.pace - 1) for mark in after.marks) < 0.020001
    assert after.beat_at(frame) == pytest.approx(before.beat_at(frame), abs=CLOSE)
    moved = (after.beat_at(end) - before.beat_at(end)) * 60 * rate
    tempi = [before.tempo_at(at) for at in (frame, end)] + [
        mark.tempo_bpm for mark in before.marks if frame < mark.frame < end
    ]
    low, high = sorted((min(tempi) * shift, max(tempi) * shift))
    assert low - 0.01 <= moved <= high + 0.01
    assert after.marks[-1].pace == 1.0


def test_shifts_add_up_and_a_change_of_tempo_takes_them_along() -> None:
    start = Timeline.of(Grid(120.0))
    timeline, _ = start.with_slew(1000, 300.0)
    timeline, _ = timeline.with_slew(4000, -100.0)
    timeline = timeline.with_tempo(9000, 90.0)
    plain = start.with_tempo(9000, 90.0)
    ahead = (timeline.beat_at(200_000) - plain.beat_at(200_000)) * 60 * 44_100
    assert 90 * 200 < ahead < 120 * 200  # a part of it at each tempo


def test_a_whole_number_of_frames_is_shifted_to_the_very_frame() -> None:
    timeline, end = Timeline.of(Grid(120.0)).with_slew(5000, 37.0)
    for beat in (4, 8, 1000):
        assert timeline.frame_at(beat) == beat * 22_050 - 37
    assert timeline.marks[-1].frame == end


def test_another_tempo_overrules_what_was_planned_for_later() -> None:
    timeline = Timeline.of(Grid(120.0)).with_tempo(10_000, 140.0)
    assert timeline.planned(0) == timeline.marks[1] and timeline.planned(10_000) is None
    assert timeline.with_tempo(5000, 90.0).tempo_at(20_000) == 90.0
    assert timeline.with_tempo(5000, 120.0).is_law
    assert timeline.with_tempo(20_000, 140.0) == timeline


def test_marks_that_are_over_are_forgotten() -> None:
    timeline = Timeline.of(Grid(120.0)).with_tempo(10_000, 140.0).with_tempo(20_000, 90.0)
    assert timeline.since(15_000).marks == timeline.marks[1:]
    assert timeline.since(15_000).beat_at(50_000) == timeline.beat_at(50_000)


def test_at_rest_the_music_is_shifted_at_once() -> None:
    timeline = Timeline.of(Grid(120.0)).shifted(441.0)
    assert timeline.marks == (Mark(0, 0.02, 120.0),)


def test_after_a_stop_nothing_waits_for_a_frame_that_never_comes() -> None:
    timeline, _ = Timeline.of(Grid(120.0)).with_tempo(10_000, 140.0).with_slew(4000, 50.0)
    assert timeline.at_rest(5000).marks == (Mark(5000, timeline.beat_at(5000), 140.0),)
    law = Timeline.of(Grid(120.0))
    assert law.at_rest(5000) is not None and law.at_rest(5000).is_law
    assert timeline.settled() == Timeline.of(Grid(140.0))
