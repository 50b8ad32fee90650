"""The JACK player on a real server while the tempo changes: what a second client hears, and reads as bars."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.grid import Grid
from bridge.jack_player import JackPlayer
from bridge.player import DECLICK_THRESHOLD, FADE_FRAMES, Loop, Transport
from tests.bridge.jack_server import JackServer, require_jack

require_jack()

from tests.bridge.jack_recorder import Block, Recorder, wait_until  # noqa: E402  # needs JACK-Client

RATE = 44_100
BEAT = 22_050  # frames at 120 bpm
MS = RATE / 1000


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer(RATE, 1024) as server:
        yield server


@pytest.fixture
def player(server: JackServer) -> Iterator[JackPlayer]:
    player = JackPlayer(("drums", "bass"), server_name=server.name, connect=False)
    player.locate(0.0)
    wait_until(lambda: player.transport().frame == 0)
    yield player
    player.stop()
    wait_until(lambda: not player.transport().rolling)
    player.close()


def clicks(beat: int, beats: int = 4) -> NDArray[np.float32]:
    """A stroke on each beat of `beat` frames, its first sample the loudest."""
    audio = np.zeros((beat * beats, 2), np.float32)
    stroke = 0.5 * np.exp(-np.arange(200) / 30).astype(np.float32)
    for start in range(0, len(audio), beat):
        audio[start : start + 200] = stroke[:, None]
    return audio


def waves(frames: int) -> NDArray[np.float32]:
    """40 periods of a sine: nothing in it is as steep as a click."""
    wave = 0.3 * np.sin(2 * np.pi * 40 * np.arange(frames) / frames)
    return np.stack([wave, wave], axis=1).astype(np.float32)


def recording(server: JackServer, *ports: str) -> Recorder:
    return Recorder(server.name, [f"resonantgen:{port}" for port in ports])


def joined(blocks: list[Block]) -> tuple[int, NDArray[np.float32]]:
    """The first frame, and everything from there on [port, N]: no block may be missing."""
    for before, block in pairwise(blocks):
        assert block.frame == before.end, "the machine was too busy for JACK: a block is missing"
    return blocks[0].frame, np.concatenate([block.samples for block in blocks], axis=1)


def onsets(heard: NDArray[np.float32]) -> NDArray[np.int64]:
    """Where strokes begin: louder than a half of the loudest, after quiet."""
    loud = np.flatnonzero(np.abs(heard) > 0.22)
    return loud[np.diff(loud, prepend=-10_000) > 2000]


def beat_frames(there: Transport, beats: NDArray[np.int64]) -> NDArray[np.float64]:
    """Where beats lie in the tempo and at the place that the transport tells."""
    return there.frame + (beats - there.beat) * 60 * RATE / there.tempo_bpm


def test_strokes_lie_on_the_new_beats_and_there_and_back_the_samples_are_the_stems(
    server: JackServer, player: JackPlayer
) -> None:
    grid = Grid(120.0)
    drums = player.prepare(clicks(BEAT), None, 4.0)
    noise = np.random.default_rng(1).uniform(-0.2, 0.2, (4 * BEAT, 2)).astype(np.float32)
    bass = player.prepare(noise, None, 4.0)
    fast = player.prepare(clicks(14_700), None, 4.0)  # the drums rendered for 180 bpm
    player.swap_many({"drums": drums, "bass": bass}, "now", grid)
    with recording(server, "drums_L", "bass_L") as recorder:
        player.play()
        recorder.wait_frame(8_000)
        player.set_grid(Grid(180.0))
        wait_until(lambda: player.transport().tempo_bpm == 180.0)
        quick = player.transport()
        recorder.wait_frame(quick.frame + 16_000)
        assert player.replace_many({"drums": (drums, fast)}) == ["drums"]
        recorder.wait_frame(quick.frame + 36_000)
        assert player.replace_many({"drums": (fast, drums)}) == ["drums"]
        player.set_grid(grid)
        wait_until(lambda: player.transport().tempo_bpm == 120.0)
        back = player.transport()
        recorder.wait_frame(back.frame + 26_000)
    first, heard = joined(recorder.rolling())
    strokes = onsets(heard[0]) + first
    for there, end in ((quick, quick.frame + 36_000), (back, int(strokes[-1]) + 1)):
        wanted = beat_frames(there, np.arange(np.ceil(there.beat), there.beat + 8))
        wanted = wanted[wanted < end]
        assert len(wanted) >= 1
        assert all(np.abs(strokes - frame).min() < MS for frame in wanted)
    there = heard[1, back.frame + FADE_FRAMES - first :]
    (places,) = np.nonzero(noise[:, 0] == there[0])
    assert len(places) == 1
    assert np.array_equal(there, noise[(places[0] + np.arange(len(there))) % (4 * BEAT), 0])


def test_nothing_clicks_and_nothing_pauses_over_a_ramp(server: JackServer, player: JackPlayer) -> None:
    loop = player.prepare(waves(4 * BEAT), None, 4.0)
    new = player.prepare(waves(3 * BEAT), None, 4.0)  # for 160 bpm
    player.swap("bass", loop, "now", Grid(120.0))
    with recording(server, "bass_L") as recorder:
        player.play()
        recorder.wait_frame(4_000)
        for step in range(40):
            player.set_grid(Grid(121.0 + step))
            recorder.wait_blocks(1)
        player.replace("bass", loop, new)
        recorder.wait_blocks(20)
    _, heard = joined(recorder.rolling())
    steepest = 0.3 * 2 * np.pi * 40 / (3 * BEAT) + 0.6 / FADE_FRAMES + DECLICK_THRESHOLD
    assert np.abs(np.diff(heard[0])).max() <= steepest
    turns = np.flatnonzero(np.diff(np.signbit(heard[0])))
    assert np.diff(turns).max() < 4 * BEAT / 80 * 1.1  # no half wave lasts longer than at 120 bpm
    here = player.transport()
    assert here.tempo_bpm == 160.0 and player.playing("bass") is new


def test_a_shift_arrives_to_the_sample_and_a_locate_takes_it_back(
    server: JackServer, player: JackPlayer
) -> None:
    audio = np.random.default_rng(2).uniform(-0.2, 0.2, (9_001, 2)).astype(np.float32)
    player.swap("drums", player.prepare(audio), "now", Grid(120.0))
    with recording(server, "drums_L") as recorder:
        player.play()
        recorder.wait_frame(3_000)
        end = player.slew(-53.0)
        recorder.wait_frame(end + 9_000)
        recorder.client.transport_frame = 500_000
        recorder.wait_frame(500_000 + 5_000)
    blocks = recorder.rolling()
    exact = {0: 0, 1: 0}
    for block in blocks:
        located = block.frame >= 500_000
        frames = np.arange(block.frame, block.end)
        if located or block.frame >= end:
            law = audio[(frames if located else frames - 53) % 9_001, 0]
            exact[located] += bool(np.array_equal(block.samples[0], law))
    assert exact[0] >= 6 and exact[1] >= 4
    wait_until(lambda: player.transport().beat * BEAT == pytest.approx(player.transport().frame, abs=2_000))


def told_bpm(recorder: Recorder) -> float | None:
    return recorder.client.transport_query()[1].get("beats_per_minute")


def test_bars_and_ticks_go_on_over_a_change_of_tempo(server: JackServer, player: JackPlayer) -> None:
    player.swap("bass", player.prepare(waves(4 * BEAT), None, 4.0), "now", Grid(120.0))
    with recording(server, "mix_L") as recorder:
        player.play()
        recorder.wait_frame(6_000)
        seen = []
        for tempo_bpm in (120.0, 150.0, 95.0):
            player.set_grid(Grid(tempo_bpm))
            wait_until(lambda bpm=tempo_bpm: told_bpm(recorder) == bpm)
            for _ in range(5):
                recorder.wait_blocks(1)
                bars = recorder.client.transport_query()[1]
                counted = (bars["bar"] - 1) * 4 + bars["beat"] - 1 + bars["tick"] / bars["ticks_per_beat"]
                seen.append((bars["frame"], counted, bars["beats_per_minute"]))
    for (frame, beat, tempo_bpm), (later, after, later_bpm) in pairwise(seen):
        slow, fast = sorted((tempo_bpm, later_bpm))
        passed = (later - frame) / (60 * RATE)
        assert passed * slow - 2 / 1920 <= after - beat <= passed * fast + 2 / 1920


def test_another_programs_tempo_map_leads_the_music(server: JackServer, player: JackPlayer) -> None:
    """120 bpm up to frame 25,000, then 160: strokes lie on its beats."""
    turn = 25_000
    loop = Loop(clicks(BEAT), None, 4.0)
    player.swap("drums", player.prepare(loop.audio, None, 4.0), "now", Grid(120.0))

    def beat_at(frame: float) -> float:
        return min(frame, turn) / BEAT + max(0.0, frame - turn) / (0.75 * BEAT)

    def tempo_map(state: int, frames: int, position: object, is_new: bool) -> None:
        beat = beat_at(position.frame)
        position.bar, position.beat = int(beat // 4) + 1, int(beat % 4) + 1
        position.tick, position.ticks_per_beat = int(beat % 1 * 1920), 1920.0
        position.beats_per_bar, position.beat_type = 4.0, 4.0
        position.beats_per_minute = 120.0 if position.frame < turn else 160.0
        position.valid = 0x10

    with recording(server, "drums_L") as recorder:
        recorder.client.set_timebase_callback(tempo_map)
        recorder.client.transport_frame = 0
        player.poll()
        wait_until(lambda: player.transport().following)
        player.play()
        recorder.wait_frame(turn + 40_000)
        assert player.transport().tempo_bpm == 160.0
        player.stop()
        wait_until(lambda: not player.transport().rolling)
    first, heard = joined(recorder.rolling())
    strokes = onsets(heard[0]) + first
    assert len(strokes) >= 3
    offset = np.array([(beat_at(frame) + 0.5) % 1 - 0.5 for frame in strokes])
    assert (np.abs(offset[strokes > turn + 2_000]) * 0.75 * BEAT < MS).all()
    assert (np.abs(offset[strokes < turn]) * BEAT < MS).all()


def test_at_rest_another_tempo_moves_the_transport_to_the_same_beat(
    server: JackServer, player: JackPlayer
) -> None:
    player.set_grid(Grid(120.0))
    player.locate(8.0)
    wait_until(lambda: player.transport().frame == 8 * BEAT)
    player.set_grid(Grid(60.0))
    wait_until(lambda: player.transport().frame == 16 * BEAT)
    assert player.transport().beat == 8.0


def test_the_first_music_lies_at_frame_modulo_length_whenever_the_transport_was_started(
    server: JackServer, player: JackPlayer
) -> None:
    audio = np.random.default_rng(5).uniform(-0.2, 0.2, (Grid(97.0).beat_to_frame(4.0), 2))
    player.set_grid(Grid(120.0))
    player.play()
    wait_until(lambda: player.transport().frame > 3_000)
    loop = player.prepare(audio.astype(np.float32), None, 4.0)
    player.swap("drums", loop, "now", Grid(97.0))
    wait_until(lambda: player.playing("drums") is loop)
    with recording(server, "drums_L") as recorder:
        recorder.wait_blocks(10)
    first, heard = joined(recorder.rolling())
    assert np.array_equal(heard[0], loop.audio[(first + np.arange(heard.shape[1])) % len(audio), 0])


def playing_waves(player: JackPlayer) -> Loop:
    """Four beats at 120 bpm on the bass, rolling."""
    loop = player.prepare(waves(4 * BEAT), None, 4.0)
    player.swap("bass", loop, "now", Grid(120.0))
    player.play()
    wait_until(lambda: player.playing("bass") is loop and player.transport().frame > 3_000)
    return loop


def test_a_locate_right_after_another_tempo_goes_to_its_beat_in_that(
    server: JackServer, player: JackPlayer
) -> None:
    playing_waves(player)
    player.set_grid(Grid(60.0))
    player.locate(8.0)
    wait_until(lambda: player.transport().frame >= 8 * BEAT)
    assert 8.0 <= player.transport().beat < 9.0


def test_a_swap_that_waits_for_the_loop_stays_on_it_when_the_tempo_changes(
    server: JackServer, player: JackPlayer
) -> None:
    playing_waves(player)
    at = player.swap("bass", player.prepare(waves(4 * BEAT), None, 4.0), "loop", Grid(120.0))
    assert at == 4 * BEAT
    player.set_grid(Grid(180.0))
    wait_until(lambda: player.transport().tempo_bpm == 180.0)
    here, sooner = player.transport(), player.pending("bass")
    assert sooner is not None and sooner < at
    assert here.beat + (sooner - here.frame) * 180.0 / (60 * RATE) == pytest.approx(4.0, abs=1e-3)


def test_what_was_rendered_for_a_tempo_that_comes_with_a_swap_comes_with_it_too(
    server: JackServer, player: JackPlayer
) -> None:
    """Sooner it would be heard at the wrong pitch."""
    drums = player.prepare(clicks(BEAT), None, 4.0)
    player.swap("drums", drums, "now", Grid(120.0))
    playing_waves(player)
    fast = player.prepare(waves(4 * 14_700), None, 4.0)
    at = player.swap("bass", fast, "loop", Grid(180.0))
    for_it, for_now = player.prepare(clicks(14_700), None, 4.0), player.prepare(clicks(BEAT), None, 4.0)
    assert player.replace("drums", drums, for_it)
    assert player.pending("drums") == at and player.playing("drums") is drums
    assert player.replace("drums", for_it, drums) and player.pending("drums") == at
    player.swap("drums", drums, "now", Grid(120.0))
    wait_until(lambda: player.pending("drums") is None)
    assert player.replace("drums", drums, for_now)
    wait_until(lambda: player.playing("drums") is for_now)
