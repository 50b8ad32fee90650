"""Where beats, bars and loops lie on the transport."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.grid import (
    Grid,
    loop_index,
    loop_position,
    loop_start,
    next_boundary,
    next_loop_start,
    rendered_frames,
)
from engine.errors import EngineError
from engine.music.key import Signature

RATES = st.sampled_from([22_050, 44_100, 48_000, 88_200, 96_000, 192_000])
LENGTHS = st.integers(1, 20_000_000)
FRAMES = st.integers(0, 2**32 - 1)
GRIDS = st.builds(
    Grid,
    st.floats(40, 240),
    st.builds(Signature, st.integers(1, 32), st.sampled_from([1, 2, 4, 8, 16])),
)


@given(FRAMES, LENGTHS)
def test_at_the_stems_rate_the_position_is_the_frame_modulo_the_length(frame: int, length: int) -> None:
    assert loop_position(frame, length) == frame % length


@given(st.integers(0, 10_000_000), LENGTHS, RATES)
def test_no_loop_ever_starts_a_frame_late_or_early(index: int, length: int, rate: int) -> None:
    exact = index * length * rate  # in units of 1/44100 frame
    assert 0 <= loop_start(index, length, rate) * 44_100 - exact < 44_100


@given(FRAMES, LENGTHS, RATES)
def test_every_frame_lies_in_the_loop_it_is_said_to(frame: int, length: int, rate: int) -> None:
    index = loop_index(frame, length, rate)
    assert loop_start(index, length, rate) <= frame < loop_start(index + 1, length, rate)
    assert 0 <= loop_position(frame, length, rate) < rendered_frames(length, rate)


@given(FRAMES, LENGTHS, RATES)
def test_the_next_loop_start_is_the_first_one(frame: int, length: int, rate: int) -> None:
    start = next_loop_start(frame, length, rate)
    assert start >= frame and loop_position(start, length, rate) == 0
    assert start == frame or loop_index(start - 1, length, rate) == loop_index(frame - 1, length, rate)


@given(st.sampled_from(["beat", "bar"]), FRAMES, GRIDS, RATES)
def test_a_boundary_is_the_first_one_at_or_after_the_frame(
    when: str, frame: int, grid: Grid, rate: int
) -> None:
    boundary = next_boundary(when, frame, grid, rate)
    step = grid.signature.bar_beats if when == "bar" else 4 / grid.signature.unit
    index = round(grid.frame_to_beat(boundary, rate) / step)
    assert boundary == grid.beat_to_frame(index * step, rate) >= frame
    assert index == 0 or grid.beat_to_frame((index - 1) * step, rate) < frame


def test_beats_of_seven_eight_are_eighths_and_bars_are_seven_of_them() -> None:
    grid = Grid(120.0, Signature(7, 8))
    assert next_boundary("beat", 1, grid) == 11_025
    assert next_boundary("bar", 1, grid) == 7 * 11_025


def test_now_is_now_and_a_loop_that_is_not_there_waits_for_the_bar() -> None:
    assert next_boundary("now", 12_345, Grid()) == 12_345
    assert next_boundary("loop", 12_345, Grid(), loop_samples=1000) == 13_000
    assert next_boundary("loop", 12_345, Grid()) == next_boundary("bar", 12_345, Grid()) == 88_200


def test_an_unknown_time_names_the_nearest() -> None:
    with pytest.raises(EngineError, match="bar"):
        next_boundary("bars", 0, Grid())
