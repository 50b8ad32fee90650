"""What is heard, frame by frame: the real callback, any block sizes, against the law in bridge.player."""

import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.grid import Grid, loop_position
from bridge.jack_callback import receive_orders
from bridge.jack_exchange import publish
from bridge.jack_layout import ACTIVE, FADING, POSITION, WAITING
from bridge.jack_memory import Memory
from bridge.jack_timebase import fill_timebase
from bridge.native import native
from bridge.player import FADE_FRAMES, Loop
from bridge.timeline import Timeline
from engine.music.key import Signature
from tests.bridge.offline_jack import OfflineJack

BLOCKS = st.lists(st.integers(1, 600), min_size=1, max_size=12)
RATES = st.sampled_from([44_100, 48_000, 96_000])


def noise(seed: int, frames: int, level: float = 0.3) -> Loop:
    return Loop(np.random.default_rng(seed).uniform(-level, level, (frames, 2)).astype(np.float32))


def plain(loop: Loop | None, frames: NDArray[np.int64], rate: int = 44_100) -> NDArray[np.float32]:
    """The loop alone at these transport frames: [C=2, N]."""
    if loop is None:
        return np.zeros((2, len(frames)), np.float32)
    return loop.render(rate)[:, [loop_position(int(f), loop.length_samples, rate) for f in frames]]


def faded(
    old: NDArray[np.float32], new: NDArray[np.float32], frames: NDArray[np.int64], at: int
) -> NDArray[np.float32]:
    """The crossfade of a swap at frame `at`."""
    weight = np.clip((frames - at) / FADE_FRAMES, 0, 1).astype(np.float32)
    return np.where(frames < at + FADE_FRAMES, old + weight * (new - old), new)


def started(rate: int = 44_100, loop: Loop | None = None) -> OfflineJack:
    """One track, at rest, with a loop to begin with."""
    jack = OfflineJack(1, rate)
    jack.order(0, loop, 0)
    jack.block(64, 0, rolling=False)
    return jack


@settings(deadline=None)
@given(BLOCKS, st.integers(1, 700), st.integers(0, 2**31), RATES)
def test_a_port_is_its_loop_by_transport_frame(sizes: list[int], length: int, start: int, rate: int) -> None:
    loop = noise(1, length)
    heard = started(rate, loop).roll(start, sizes)
    frames = np.arange(start, start + sum(sizes))
    assert np.array_equal(heard[:2], plain(loop, frames, rate))


@settings(deadline=None)
@given(BLOCKS, st.integers(0, 3000), st.integers(300, 700), st.integers(300, 700), RATES)
def test_a_swap_is_old_before_its_frame_and_crossfades_into_new(
    sizes: list[int], at: int, old_length: int, new_length: int, rate: int
) -> None:
    old, new = noise(1, old_length), noise(2, new_length)
    jack = started(rate, old)
    jack.block(1, 0)
    jack.order(0, new, 1 + at)
    frames = np.arange(1, 1 + sum(sizes))
    law = faded(plain(old, frames, rate), plain(new, frames, rate), frames, 1 + at)
    assert np.array_equal(jack.roll(1, sizes)[:2], law)


def test_loops_that_meet_within_60_db_change_over_exactly() -> None:
    old, new = noise(1, 500), noise(2, 500)
    old.audio[100], new.audio[100] = (0.1, -0.2), (0.1009, -0.2009)
    jack = started(loop=old)
    jack.block(1, 0)
    jack.order(0, new, 600)
    frames = np.arange(1, 1025)
    law = np.where(frames < 600, plain(old, frames), plain(new, frames))
    assert np.array_equal(jack.roll(1, [256] * 4)[:2], law)


@pytest.mark.parametrize("order", [(None, noise(3, 400)), (noise(3, 400), None)])
def test_silence_fades_like_a_loop_of_zeros(order: tuple[Loop | None, Loop | None]) -> None:
    old, new = order
    jack = started(loop=old)
    jack.block(1, 0)
    jack.order(0, new, 500)
    frames = np.arange(1, 1025)
    law = faded(plain(old, frames), plain(new, frames), frames, 500)
    assert np.array_equal(jack.roll(1, [256] * 4)[:2], law)


@settings(deadline=None)
@given(BLOCKS, st.integers(1, 600))
def test_a_stop_lets_the_loop_run_out_under_a_fade(sizes: list[int], rolled: int) -> None:
    loop = noise(1, 333)
    jack = started(loop=loop)
    jack.block(rolled, 0)
    heard = np.concatenate([jack.block(size, rolled, rolling=False) for size in sizes], axis=1)
    after = np.arange(sum(sizes))
    gain = np.clip(1 - after / FADE_FRAMES, 0, 1).astype(np.float32)
    assert np.array_equal(heard[:2], plain(loop, rolled + after) * gain)


@pytest.mark.parametrize("rest_blocks", [0, 1, 40])
def test_a_start_and_a_locate_are_exact_from_the_first_frame(rest_blocks: int) -> None:
    loop = noise(1, 3333)
    jack = started(loop=loop)
    jack.block(64, 5000)
    for _ in range(rest_blocks):
        jack.block(64, 5064, rolling=False)
    for start in (100, 9_000_000, 0):
        assert np.array_equal(jack.block(64, start)[:2], plain(loop, np.arange(start, start + 64)))


@pytest.mark.parametrize("rolling", [True, False])
def test_a_locate_or_a_stop_performs_the_swap_that_waits(rolling: bool) -> None:
    old, new = noise(1, 1000), noise(2, 1000)
    jack = started(loop=old)
    jack.block(64, 50_000)
    generation = jack.order(0, new, 1_000_000)
    jack.block(64, 50_064)
    assert jack.memory.snapshot().in_use[0, 0] != generation
    for _ in range(6):
        heard = jack.block(64, 100, rolling)
    assert jack.memory.snapshot().in_use[0, 0] == generation
    heard = jack.block(64, 200_000)
    assert np.array_equal(heard[:2], plain(new, np.arange(200_000, 200_064)))


def test_blocks_that_were_missed_do_not_bring_a_swap_forward() -> None:
    old, new = noise(1, 1000), noise(2, 1000)
    jack = started(loop=old)
    jack.block(64, 0)
    jack.order(0, new, 4000)
    assert np.array_equal(jack.block(64, 640)[:2], plain(old, np.arange(640, 704)))
    late = np.arange(4032, 4096)  # its own block was missed: it happens with the next
    assert np.array_equal(jack.block(64, 4032)[:2], faded(plain(old, late), plain(new, late), late, 4032))


def test_a_later_order_replaces_the_waiting_one() -> None:
    jack, second = started(), noise(2, 500)
    jack.block(64, 0)
    jack.order(0, noise(1, 500), 200)
    jack.block(64, 64)
    jack.order(0, second, 300)
    assert not jack.roll(128, [172])[:2].any()
    assert np.array_equal(jack.roll(300, [512])[:2, 256:], plain(second, np.arange(556, 812)))


def test_half_an_order_is_not_seen() -> None:
    jack = started()
    jack.block(64, 0)
    jack.order(0, noise(2, 500), 300)
    jack.memory.header["orders_sequence"] += 1  # the control thread is in the middle of writing
    jack.memory.orders[0]["frame"] = 70
    assert not jack.block(64, 64)[:2].any()
    jack.memory.orders[0]["frame"] = 300
    jack.memory.header["orders_sequence"] += 1
    assert not jack.roll(128, [172])[:2].any() and jack.block(64, 300)[:2].any()


@native
def _write_orders(header: Any, orders: Any, staged: Any, shared: Any, marks: Any, count: int) -> None:
    """Orders as fast as they go, every row of one: generation and frame are the same number."""
    for generation in range(1, count):
        for row in range(len(staged)):
            staged[row].generation = staged[row].frame = generation
        publish(header, orders, staged, shared, marks, 0, 4, 4)


@native
def _count_torn(header: Any, voices: Any, last: int) -> int:
    """Read until order `last` has arrived; how often rows of different orders were taken."""
    torn = 0
    for _ in range(2_000_000_000 // len(voices)):
        receive_orders(header[0], voices)
        newest = voices[0, WAITING].generation
        for row in range(len(voices)):
            waiting = voices[row, WAITING]
            torn += waiting.generation != newest or waiting.frame != newest
        if newest == last:
            break
    return torn


def test_orders_written_at_full_speed_arrive_whole() -> None:
    count, memory = 200_000, Memory(64, 44_100)
    arrays = (memory.header, memory.orders, memory.staged, memory.marks, memory.marks[:1].copy())
    _write_orders(*arrays, 1)  # compiled before the race
    writer = threading.Thread(target=_write_orders, args=(*arrays, count))
    writer.start()
    torn = _count_torn(memory.header, memory.voices, count - 1)
    writer.join()
    assert torn == 0 and (memory.voices[:, WAITING]["generation"] == count - 1).all()


def test_a_loop_is_in_use_until_its_fade_is_over() -> None:
    jack = started()
    old = jack.order(0, noise(1, 500), 0)
    jack.block(64, 0, rolling=False)
    jack.block(64, 0)
    new = jack.order(0, noise(2, 500), 64)
    jack.block(255, 64)
    assert jack.memory.snapshot().in_use[0].tolist() == [new, old]
    jack.block(1, 319)
    assert jack.memory.snapshot().in_use[0].tolist() == [new, 0]
    assert (
        jack.memory.voices[0, ACTIVE]["generation"] == new and not jack.memory.voices[0, FADING]["generation"]
    )


def test_gains_stand_exactly_and_change_along_a_ramp_of_one_block() -> None:
    loop = noise(1, 777)
    jack = started(loop=loop)
    jack.memory.gains[0] = jack.memory.gains_now[0] = (0.7, 0.3)
    gains = np.array([[0.7], [0.3]], np.float32)
    assert np.array_equal(jack.block(512, 0)[:2], plain(loop, np.arange(512)) * gains)
    jack.memory.gains[0] = (1.0, 0.0)
    heard, dry = jack.block(512, 512)[:2], plain(loop, np.arange(512, 1024))
    ramp = np.clip(np.arange(1, 513) / 256, 0, 1)
    assert np.allclose(heard, dry * (gains + ramp * (np.array([[1.0], [0.0]]) - gains)), atol=1e-7)
    assert np.array_equal(heard[0, 255:], dry[0, 255:]) and not heard[1, 255:].any()


def test_the_mix_is_the_sum_of_the_tracks_in_their_order_and_peaks_are_theirs() -> None:
    jack = OfflineJack(4)
    for track in range(4):
        jack.order(track, noise(track, 500 + track), 0)
    jack.memory.gains[1] = jack.memory.gains_now[1] = (0.5, 0.5)
    heard = jack.roll(0, [64, 1, 500, 333])
    mix = ((heard[0:2] + heard[2:4]) + heard[4:6]) + heard[6:8]
    assert np.array_equal(heard[8:], mix)
    peaks = [np.abs(heard[i : i + 2]).max() for i in (0, 2, 4, 6, 8)]
    assert jack.memory.take_peaks().tolist() == peaks
    assert not jack.memory.take_peaks().any()  # nothing has played since
    heard = jack.block(64, 898)
    assert jack.memory.take_peaks().tolist() == [np.abs(heard[i : i + 2]).max() for i in (0, 2, 4, 6, 8)]


@given(
    st.integers(0, 2**32 - 1),
    st.floats(40, 240),
    st.builds(Signature, st.integers(1, 32), st.sampled_from([1, 2, 4, 8, 16])),
)
def test_bar_beat_and_tick_are_the_grids(frame: int, tempo_bpm: float, signature: Signature) -> None:
    memory, position = Memory(1, 44_100), np.zeros(1, POSITION)
    memory.publish(Timeline.of(Grid(tempo_bpm, signature)))
    receive_orders(memory.header[0], memory.voices)
    position[0]["frame"] = frame
    fill_timebase(memory.header[0], position[0])
    there = position[0]
    assert 1 <= there["beat"] <= signature.beats and 0 <= there["tick"] < there["ticks_per_beat"]
    counted = (
        (there["bar"] - 1) * signature.beats + there["beat"] - 1 + there["tick"] / there["ticks_per_beat"]
    )
    quarters = counted * 4 / signature.unit
    half_frame, tick = Grid(tempo_bpm).frame_to_beat(1) / 2, 4 / signature.unit / there["ticks_per_beat"]
    assert abs(quarters - Grid(tempo_bpm).frame_to_beat(frame)) <= half_frame + tick + 1e-6
    assert there["bar_start_tick"] == (there["bar"] - 1) * signature.beats * there["ticks_per_beat"]
    assert there["beats_per_minute"] == tempo_bpm * signature.unit / 4
