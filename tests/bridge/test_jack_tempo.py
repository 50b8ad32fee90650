"""What is heard while the tempo changes and the music is shifted: the real callback, frame by frame."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.grid import Grid
from bridge.player import DECLICK_THRESHOLD, FADE_FRAMES, Loop
from bridge.timeline import Mark, Timeline
from tests.bridge.offline_jack import OfflineJack

RATE = 44_100
BEAT = 22_050  # frames at 120 bpm
BLOCKS = st.lists(st.integers(1, 900), min_size=1, max_size=6)


def slow(frames: int = 4 * BEAT, beats: float = 4.0) -> Loop:
    """A loop that says where it is read: 40 and 56 periods of a sine, far below what interpolation blurs."""
    turns = np.arange(frames)[:, None] / frames * np.array([[40.0, 56.0]])
    return Loop((0.4 * np.sin(2 * np.pi * turns)).astype(np.float32), None, beats)


def at_beats(loop: Loop, beats: NDArray[np.float64]) -> NDArray[np.float64]:
    """What `slow` has at these beats: [C=2, N]."""
    turns = beats / loop.length_beats * np.array([[40.0], [56.0]])
    return 0.4 * np.sin(2 * np.pi * turns)


def started(loop: Loop, rate: int = RATE) -> OfflineJack:
    jack = OfflineJack(1, rate)
    jack.order(0, loop, 0)
    jack.block(64, 0, rolling=False)
    return jack


def beats_of(timeline: Timeline, frames: range) -> NDArray[np.float64]:
    return np.array([timeline.beat_at(frame) for frame in frames])


@settings(deadline=None)
@given(BLOCKS, st.integers(1, 3000), st.floats(40, 240), st.integers(100, 2000), st.floats(40, 240))
def test_the_music_goes_on_over_every_change_of_tempo(
    sizes: list[int], first: int, tempo_bpm: float, gap: int, other_bpm: float
) -> None:
    loop = slow()
    jack = started(loop)
    jack.timeline = jack.timeline.with_tempo(first, tempo_bpm).with_tempo(first + gap, other_bpm)
    jack.publish()
    heard = jack.roll(0, sizes)[:2]
    law = at_beats(loop, beats_of(jack.timeline, range(sum(sizes))))
    # Half a sample where the loop is read as it is, and what interpolation leaves.
    assert np.abs(heard - law).max() < 0.4 * 2 * np.pi * 56 / (4 * BEAT) * 0.5 + 1e-4


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_there_and_back_the_samples_are_the_stems_again(rate: int) -> None:
    loop = Loop(np.random.default_rng(1).uniform(-0.3, 0.3, (9_000, 2)).astype(np.float32), None, 4.0)
    tempo_bpm = 4.0 * 60 * 44_100 / 9_000 / 6  # a sixth of the speed: 24 beats in four's place
    loop.length_beats = 4.0 / 6
    jack = OfflineJack(1, rate)
    jack.timeline = Timeline.of(Grid(tempo_bpm), rate)
    jack.order(0, loop, 0)
    jack.block(64, 0, rolling=False)
    jack.timeline = jack.timeline.with_tempo(5_000, tempo_bpm * 1.3).with_tempo(12_345, tempo_bpm)
    jack.publish()
    heard = jack.roll(0, [1000] * 40)[:2, 12_345 + FADE_FRAMES :]
    samples, turn = loop.render(rate), 9_000 * rate // 44_100
    # Somewhere in the loop, and from there on every sample as it is.
    (places,) = np.nonzero((samples[:, :turn] == heard[:, :1]).all(axis=0))
    assert len(places) == 1
    run = turn - int(places[0])
    assert np.array_equal(heard[:, :run], samples[:, places[0] : turn])
    assert np.isin(heard[0], samples[0]).all()


@settings(deadline=None)
@given(st.floats(60, 200), st.integers(1000, 40_000), st.floats(60, 200))
def test_a_loop_in_tempo_never_drifts_from_its_beats(
    tempo_bpm: float, turn_at: int, first_bpm: float
) -> None:
    """Ten minutes after a change of tempo it begins with the beat, to the nearest frame."""
    assume(tempo_bpm != first_bpm)
    loop = Loop(np.full((Grid(tempo_bpm).beat_to_frame(4.0), 2), 0.1, np.float32), None, 4.0)
    loop.audio[0] = 0.9
    jack = OfflineJack()
    jack.timeline = Timeline.of(Grid(first_bpm)).with_tempo(turn_at, tempo_bpm)
    jack.order(0, loop, 0)
    jack.block(64, 0, rolling=False)
    jack.block(64, 0)
    exact = jack.timeline.marks[-1].frame_at(4.0 * int(600 / 240 * tempo_bpm), RATE)
    late = round(exact)
    assert not jack.memory.snapshot().report["cuts"]
    jack.memory.header["next_frame"] = late - 550  # ten minutes later
    jack.block(500, late - 550)
    heard = jack.block(100, late - 50)[0]
    assert abs(late - 50 + int(np.argmax(heard)) - exact) <= 0.5 + 1e-4


def test_loops_of_two_tempi_keep_one_time() -> None:
    jack = OfflineJack(2)
    fast, plain = slow(frames=2 * BEAT), slow()
    jack.order(0, plain, 0)
    jack.order(1, fast, 0)
    jack.block(64, 0, rolling=False)
    heard = jack.roll(0, [512] * 40)
    assert np.abs(heard[:2] - heard[2:4]).max() < 1e-3


def clicks(heard: NDArray[np.float32], steepest: float) -> NDArray[np.int64]:
    """Where one frame is further from the last than the music and a crossfade go, and the -60 dB."""
    steps = np.abs(np.diff(heard, axis=1)).max(axis=0)
    return np.flatnonzero(steps > steepest + 0.8 / FADE_FRAMES + DECLICK_THRESHOLD)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(50, 3000), st.floats(100, 150)), max_size=6), st.integers(-300, 300))
def test_neither_a_change_of_tempo_nor_a_shift_clicks(changes: list[tuple[int, float]], shift: int) -> None:
    loop = slow()
    jack = started(loop)
    frame = 0
    for gap, tempo_bpm in changes:
        frame += gap
        jack.timeline = jack.timeline.with_tempo(frame, tempo_bpm)
    jack.timeline, _ = jack.timeline.with_slew(700, shift)
    jack.publish()
    heard = jack.roll(0, [256] * 80)[:2]
    assert not len(clicks(heard, 0.4 * 2 * np.pi * 56 / (4 * BEAT) * 1.3))


@pytest.mark.parametrize("shift", [1, -1, 37, -441])
def test_a_shift_arrives_exactly_and_then_the_samples_are_the_stems(shift: int) -> None:
    loop = Loop(np.random.default_rng(2).uniform(-0.3, 0.3, (4 * BEAT, 2)).astype(np.float32), None, 4.0)
    jack = started(loop)
    jack.timeline, end = jack.timeline.with_slew(1000, shift)
    jack.publish()
    heard = jack.roll(0, [512] * (-(-end // 512) + 20))[:2]
    frames = np.arange(heard.shape[1])
    assert np.array_equal(heard[:, :1000], loop.audio.T[:, :1000])
    there = frames >= end
    assert np.array_equal(heard[:, there], loop.audio.T[:, (frames[there] + shift) % (4 * BEAT)])


def test_a_swap_takes_over_where_the_beats_are() -> None:
    """The loop for the new tempo comes in at a frame in the middle of the old one, at the same place."""
    old, new = slow(), slow(frames=3 * BEAT)  # 4 beats at 120 and at 160 bpm
    jack = started(old)
    jack.timeline = jack.timeline.with_tempo(5000, 160.0)
    jack.order(0, new, 9000)
    heard = jack.roll(0, [300] * 60)[:2]
    law = at_beats(old, beats_of(jack.timeline, range(18_000)))
    assert np.abs(heard - law).max() < 2e-3


def test_a_locate_by_anybody_brings_the_law_back() -> None:
    loop = slow()
    jack = started(loop)
    jack.timeline = jack.timeline.with_tempo(500, 100.0).with_tempo(900, 120.0)
    jack.publish()
    jack.roll(0, [512] * 4)
    heard = jack.block(512, 70_000)[:2]
    assert np.array_equal(heard, loop.audio.T[:, 70_000:70_512])
    report = jack.memory.snapshot().report
    assert (report["cuts"], report["cut_frame"], report["cut_beat"]) == (1, 0, 0)
    assert report["cut_tempo_bpm"] == 120.0


def test_marks_from_before_a_locate_are_not_taken() -> None:
    loop = slow()
    jack = started(loop)
    jack.timeline = jack.timeline.with_tempo(500, 100.0)
    jack.publish()
    jack.roll(0, [512] * 4)
    jack.block(512, 70_000)
    jack.memory.publish(jack.timeline.with_tempo(71_000, 90.0), 0)  # computed before it was known
    report = jack.memory.snapshot().report
    jack.block(512, 70_512)
    assert jack.memory.own_marks[0]["tempo_bpm"] == 100.0 and jack.memory.header["num_own_marks"] == 1
    jack.timeline = Timeline((Mark(0, 0.0, 100.0),)).with_tempo(72_000, 90.0)
    jack.publish()
    jack.block(512, 71_024)
    assert jack.memory.header["num_own_marks"] == 2 and report["cuts"] == 1


def test_after_a_stop_the_music_goes_on_from_where_it_stood() -> None:
    loop = slow()
    jack = started(loop)
    jack.timeline = jack.timeline.with_tempo(500, 100.0).with_tempo(50_000, 120.0)
    jack.publish()
    jack.roll(0, [500] * 4)
    for _ in range(3):
        jack.block(500, 2000, rolling=False)
    cut = jack.memory.snapshot().report
    assert (cut["cuts"], cut["cut_frame"], cut["cut_tempo_bpm"]) == (1, 2000, 120.0)
    assert cut["cut_beat"] == pytest.approx(jack.timeline.beat_at(2000))
    heard = jack.block(500, 2000)[:2]
    law = at_beats(loop, cut["cut_beat"] + np.arange(500) / BEAT)
    assert np.abs(heard - law).max() < 0.4 * 2 * np.pi * 56 / (4 * BEAT) * 0.5 + 1e-4


def told(jack: OfflineJack, beat: float, tempo_bpm: float) -> None:
    """Another program's bar and beat in the next block, in ticks of 1/1920, as it would round them."""
    whole = int(beat)
    position = jack.memory.position[0]
    position["valid"], position["bar"], position["beat"] = 0x10, 1 + whole // 4, 1 + whole % 4
    position["tick"] = int((beat - whole) * 1920)
    position["ticks_per_beat"], position["beats_per_bar"], position["beat_type"] = 1920, 4, 4
    position["beats_per_minute"] = tempo_bpm


def led(jack: OfflineJack, line: Sequence[tuple[float, float]], size: int = 256) -> NDArray[np.float32]:
    """Blocks of a transport whose master says these beats and tempi."""
    heard = []
    for index, (beat, tempo_bpm) in enumerate(line):
        told(jack, beat, tempo_bpm)
        heard.append(jack.block(size, index * size)[:2])
    return np.concatenate(heard, axis=1)


def test_a_master_that_counts_as_we_do_leaves_the_law_alone() -> None:
    loop = slow()
    jack = started(loop)
    jack.memory.header["follows"] = 1
    line = [(i * 256 / BEAT, 120.0) for i in range(100)]
    assert np.array_equal(led(jack, line), loop.audio.T[:, : 100 * 256])
    assert not jack.memory.snapshot().report["cuts"]


def test_a_masters_tempo_map_is_followed_from_block_to_block() -> None:
    loop = slow()
    jack = started(loop)
    jack.memory.header["follows"] = 1
    beats, line = 0.0, []
    for index in range(300):
        tempo_bpm = 120.0 + (0 if index < 100 else min(index - 100, 100) * 0.3)
        line.append((beats, tempo_bpm))
        beats += 256 * tempo_bpm / 60 / RATE
    heard = led(jack, line)
    exact = np.concatenate([beat + np.arange(256) * tempo / 60 / RATE for beat, tempo in line])
    # Within what ticks leave open: 0.6 ms.
    slope = 0.4 * 2 * np.pi * 56 / (4 * BEAT) * 1.25
    assert np.abs(heard - at_beats(loop, exact)).max() < slope * 0.0009 * RATE
    assert not len(clicks(heard, slope))


def test_what_a_master_said_last_is_not_believed_when_the_server_repeats_it() -> None:
    """As JACK does for a block or two when the program that led has gone."""
    loop = slow()
    jack = started(loop)
    jack.memory.header["follows"] = 1
    line = [(min(i, 60) * 256 / BEAT, 120.0) for i in range(64)]
    assert np.array_equal(led(jack, line), loop.audio.T[:, : 64 * 256])
    assert not jack.memory.snapshot().report["cuts"]


def test_a_master_that_has_moved_its_bars_is_believed_with_its_second_word() -> None:
    loop = slow()
    jack = started(loop)
    jack.memory.header["follows"] = 1
    line = [(i * 256 / BEAT + (0.5 if i >= 60 else 0.0), 120.0) for i in range(64)]
    led(jack, line)
    cut = jack.memory.snapshot().report
    assert (int(cut["cuts"]), int(cut["cut_frame"])) == (1, 61 * 256)
    assert cut["cut_beat"] == pytest.approx(line[61][0], abs=1 / 1920)
