"""The JACK player against a real server, heard by a second client."""

import gc
import math
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.grid import Grid, loop_position
from bridge.jack_connection import JackConnection
from bridge.jack_player import JackPlayer
from bridge.player import FADE_FRAMES, Loop, Player
from engine.errors import EngineError
from engine.music.key import Signature
from tests.bridge.jack_server import JackServer, require_jack

require_jack()

import jack  # noqa: E402

from tests.bridge.jack_recorder import Block, Recorder, wait_until  # noqa: E402  # needs JACK-Client

TRACKS = ("drums", "bass", "harmony", "melody")
TOLD = Grid(120.0)


def noise(seed: int, frames: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-0.2, 0.2, (frames, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer(44_100, 1024) as server:
        yield server


@contextmanager
def player_at(server: JackServer) -> Iterator[JackPlayer]:
    """A player at beat 0, at rest."""
    player = JackPlayer(TRACKS, server_name=server.name)
    try:
        player.stop()
        player.locate(0.0)
        wait_until(lambda: player.transport().frame == 0 and not player.transport().rolling)
        yield player
    finally:
        player.stop()
        wait_until(lambda: not player.transport().rolling)
        player.close()


@pytest.fixture
def player(server: JackServer) -> Iterator[JackPlayer]:
    with player_at(server) as player:
        yield player


def listen(server: JackServer, *ports: str) -> Recorder:
    return Recorder(server.name, [f"resonantgen:{port}" for port in ports])


def load(player: Player, lengths: dict[str, int]) -> dict[str, Loop]:
    """A loop of noise for each of these tracks, playing from the transport's start."""
    loops = {t: player.prepare(noise(seed, n)) for seed, (t, n) in enumerate(lengths.items())}
    player.swap_many(loops, "now", TOLD)
    wait_until(lambda: all(player.playing(track) is loop for track, loop in loops.items()))
    return loops


def plain(loop: Loop, frames: NDArray[np.int64], rate: int = 44_100) -> NDArray[np.float32]:
    return loop.render(rate)[:, [loop_position(int(f), loop.length_samples, rate) for f in frames]]


def count_exact(blocks: list[Block], law: NDArray[np.float32], start: int = 0) -> int:
    """How many blocks hold `law` [port, N], which begins at transport frame `start`.

    A block that holds something else must be the block before once more: one that the player missed, so
    that JACK left the port as it was. Blocks must be in order.
    """
    exact = 0
    for before, block in zip([None, *blocks], blocks, strict=False):
        if before is not None:
            assert block.frame >= before.end
        expected = law[:, block.frame - start : block.end - start]
        if np.array_equal(block.samples[:, : expected.shape[1]], expected):
            exact += 1
        else:
            assert before is not None and np.array_equal(block.samples, before.samples), block.frame
    return exact


def test_a_second_client_hears_the_stems_sample_for_sample_from_the_start(
    server: JackServer, player: JackPlayer
) -> None:
    loops = load(player, dict(zip(TRACKS, (9_001, 9_002, 18_003, 7_777), strict=True)))
    player.set_gains("bass", 0.5, 0.25)
    ports = [f"{track}_{side}" for track in (*TRACKS, "mix") for side in "LR"]
    with listen(server, *ports) as recorder:
        player.play()
        recorder.wait_frame(30_000)
    blocks = recorder.rolling()
    assert blocks[0].frame == 0
    frames = np.arange(blocks[-1].end)
    stems = [plain(loops[track], frames) for track in TRACKS]
    stems[1] = stems[1] * np.array([[0.5], [0.25]], np.float32)
    mix = ((stems[0] + stems[1]) + stems[2]) + stems[3]
    assert count_exact(blocks, np.concatenate([*stems, mix])) >= 0.9 * len(blocks) > 20
    levels = player.levels()
    assert levels["drums"] == np.abs(loops["drums"].audio).max()
    assert levels["mix"] == pytest.approx(np.abs(mix).max(), abs=0.05)


def test_at_the_stems_rate_the_ports_carry_the_very_audio(player: JackPlayer) -> None:
    audio = noise(5, 4_321)
    assert np.array_equal(player.prepare(audio).render(44_100), audio.T)


def test_a_locate_is_exact_from_its_first_frame(server: JackServer, player: JackPlayer) -> None:
    loops = load(player, {"drums": 9_001})
    with listen(server, "drums_L", "drums_R") as recorder:
        player.play()
        recorder.wait_frame(8_000)
        player.locate(100.0)
        recorder.wait_frame(100 * 22_050 + 8_000)
    after = [block for block in recorder.rolling() if block.frame >= 100 * 22_050]
    assert after[0].frame == 100 * 22_050
    law = plain(loops["drums"], np.arange(after[0].frame, after[-1].end))
    assert count_exact(after, law, after[0].frame) >= 0.9 * len(after)


def test_a_swap_at_the_loop_is_old_before_and_new_after(server: JackServer, player: JackPlayer) -> None:
    old = load(player, {"drums": 20_000, "bass": 20_000})
    new = player.prepare(noise(9, 30_000))
    with listen(server, "drums_L", "drums_R", "bass_L", "bass_R") as recorder:
        player.play()
        recorder.wait_frame(3_000)
        at = player.swap("drums", new, "loop", TOLD)
        assert at is not None and at % 20_000 == 0
        assert player.pending("drums") == at and player.playing("drums") is old["drums"]
        recorder.wait_frame(at + 10_000)
    assert player.pending("drums") is None and player.playing("drums") is new
    blocks = recorder.rolling()
    frames = np.arange(blocks[-1].end)
    before, after = plain(old["drums"], frames), plain(new, frames)
    weight = np.clip((frames - at) / FADE_FRAMES, 0, 1).astype(np.float32)
    drums = np.where(frames < at + FADE_FRAMES, before + weight * (after - before), after)
    law = np.concatenate([drums, plain(old["bass"], frames)])  # the other track goes on untouched
    assert count_exact(blocks, law) >= 0.9 * len(blocks)


def test_a_loop_that_plays_is_replaced_at_the_same_place_without_a_gap(
    server: JackServer, player: JackPlayer
) -> None:
    old = load(player, {"drums": 20_000})["drums"]
    audio = old.audio.copy()
    audio[5_000:] = noise(9, 15_000)
    new, other = player.prepare(audio), player.prepare(audio)
    with listen(server, "drums_L", "drums_R") as recorder:
        player.play()
        recorder.wait_frame(8_000)
        assert not player.replace("drums", other, new)  # it is not what plays
        assert player.replace("drums", old, new)
        recorder.wait_frame(60_000)
    assert player.playing("drums") is new
    blocks = recorder.rolling()
    frames = np.arange(blocks[-1].end)
    before, after = plain(old, frames), plain(new, frames)

    def exact(at: int) -> int:
        weight = np.clip((frames - at) / FADE_FRAMES, 0, 1).astype(np.float32)
        law = np.where(frames < at + FADE_FRAMES, before + weight * (after - before), after)
        try:
            return count_exact(blocks, law)
        except AssertionError:
            return 0

    # At a block's beginning: faded where the two differ there, at once where they are the same.
    assert max(exact(block.frame) for block in blocks if block.frame >= 8_000) >= 0.9 * len(blocks)


def test_a_loop_that_waits_is_replaced_where_it_waits(server: JackServer, player: JackPlayer) -> None:
    old = load(player, {"drums": 20_000})["drums"]
    shown, new = player.prepare(noise(8, 20_000)), player.prepare(noise(9, 20_000))
    with listen(server, "drums_L", "drums_R") as recorder:
        player.play()
        recorder.wait_frame(3_000)
        at = player.swap("drums", shown, "loop", TOLD)
        assert at is not None and player.replace("drums", shown, new)
        assert player.pending("drums") == at and player.playing("drums") is old
        recorder.wait_frame(at + 10_000)
    blocks = recorder.rolling()
    frames = np.arange(blocks[-1].end)
    before, after = plain(old, frames), plain(new, frames)
    weight = np.clip((frames - at) / FADE_FRAMES, 0, 1).astype(np.float32)
    law = np.where(frames < at + FADE_FRAMES, before + weight * (after - before), after)
    assert count_exact(blocks, law) >= 0.9 * len(blocks)


def test_a_replaced_loop_is_let_go(player: JackPlayer) -> None:
    player.play()
    wait_until(lambda: player.transport().rolling)
    old, new = player.prepare(noise(1, 5000)), player.prepare(noise(2, 5000))
    gone = weakref.ref(old)
    player.swap("drums", old, "now", TOLD)
    wait_until(lambda: player.pending("drums") is None)
    assert player.replace("drums", old, new)
    del old

    def is_gone() -> bool:
        player.poll()
        gc.collect()
        return gone() is None

    wait_until(is_gone)


def test_tracks_swapped_together_change_at_one_frame(server: JackServer, player: JackPlayer) -> None:
    load(player, {"drums": 20_000, "bass": 40_000})
    player.play()
    wait_until(lambda: player.transport().rolling)
    at = player.swap_many({"drums": None, "bass": None}, "loop", TOLD)
    assert at == 40_000 and player.pending("drums") == player.pending("bass") == at
    later = player.swap("bass", None, "bar", TOLD)
    assert later == 88_200 and player.pending("bass") == later and player.pending("drums") == at


@pytest.mark.parametrize(("block_size", "busy"), [(64, False), (64, True), (256, True)])
def test_the_audio_does_not_wait_for_the_interpreter(block_size: int, busy: bool) -> None:
    """While two Python threads never give the interpreter lock away of their own will."""
    with JackServer(44_100, block_size) as server, player_at(server) as player:
        loops = load(player, {"drums": 9_001})
        ended = threading.Event()

        def work() -> None:
            while not ended.is_set():
                math.factorial(300)

        workers = [threading.Thread(target=work) for _ in range(2 if busy else 0)]
        for worker in workers:
            worker.start()
        with listen(server, "drums_L", "drums_R") as recorder:
            player.play()
            recorder.wait_frame(12_000)
        ended.set()
        for worker in workers:
            worker.join()
        blocks = recorder.rolling()
        law = plain(loops["drums"], np.arange(blocks[-1].end))
        assert count_exact(blocks, law) >= 0.9 * len(blocks)
        assert player.status().block_size == block_size


@pytest.mark.kills_jack
def test_the_loop_of_a_killed_server_plays_on_at_the_next_ones_rate() -> None:
    server = JackServer(44_100, 256).start()
    player = JackPlayer(TRACKS, server_name=server.name)
    try:
        loop = load(player, {"drums": 44_101})["drums"]
        player.play()
        wait_until(lambda: player.transport().frame > 10_000)
        server.kill()
        wait_until(lambda: player.poll() and not player.status().connected)
        assert "no JACK server" in player.status().text
        lost = player.transport()
        assert lost.rolling and lost.frame >= 10_000 and player.playing("drums") is loop
        server.sample_rate = 48_000
        server.start()
        wait_until(lambda: player.poll() and player.status().connected)
        assert player.status().sample_rate == 48_000
        wait_until(lambda: player.poll() or player.playing("drums") is loop)
        wait_until(lambda: player.playing("drums") is loop and player.transport().rolling)
        with listen(server, "drums_L", "drums_R") as recorder:
            recorder.wait_blocks(100)
        blocks = recorder.rolling()[2:]
        assert blocks[0].frame * 44_100 >= lost.frame * 48_000  # the music went on meanwhile
        law = plain(loop, np.arange(blocks[0].frame, blocks[-1].end), 48_000)
        assert count_exact(blocks, law, blocks[0].frame) >= 0.9 * len(blocks)
    finally:
        player.close()
        server.stop()


@pytest.mark.kills_jack
def test_a_loop_is_replaced_before_and_after_its_server_is_missed() -> None:
    server = JackServer(44_100, 256).start()
    player = JackPlayer(TRACKS, server_name=server.name)
    try:
        loop = load(player, {"drums": 44_101})["drums"]
        first, second, third = (player.prepare(noise(seed, 44_101)) for seed in (8, 9, 10))
        player.play()
        wait_until(lambda: player.transport().frame > 10_000)
        server.kill()
        assert player.replace("drums", loop, first)
        wait_until(lambda: player.poll() and not player.status().connected)
        assert player.playing("drums") is first
        assert player.replace("drums", first, second) and player.playing("drums") is second
        server.sample_rate = 48_000
        server.start()
        wait_until(lambda: player.poll() and player.status().connected)
        assert player.replace("drums", second, third)  # rendered for the new rate, or about to be
        wait_until(lambda: player.poll() or player.playing("drums") is third)
        wait_until(lambda: player.playing("drums") is third and player.transport().rolling)
        with listen(server, "drums_L", "drums_R") as recorder:
            recorder.wait_blocks(100)
        blocks = recorder.rolling()[2:]
        law = plain(third, np.arange(blocks[0].frame, blocks[-1].end), 48_000)
        assert count_exact(blocks, law, blocks[0].frame) >= 0.9 * len(blocks)
    finally:
        player.close()
        server.stop()


def test_any_client_starts_stops_and_locates_and_reads_our_bars(
    server: JackServer, player: JackPlayer
) -> None:
    player.set_grid(Grid(90.0, Signature(3, 4)))
    with listen(server, "mix_L") as recorder:
        recorder.client.transport_frame = 5 * 29_400
        wait_until(lambda: player.transport().frame == 5 * 29_400)
        here = player.transport()
        assert here.beat == pytest.approx(5.0) and here.tempo_bpm == 90.0 and not here.following
        wait_until(lambda: recorder.client.transport_query()[1].get("beats_per_minute") == 90.0)
        bars = recorder.client.transport_query()[1]
        assert (bars["bar"], bars["beat"], bars["tick"]) == (2, 3, 0)
        assert (bars["beats_per_bar"], bars["beat_type"]) == (3.0, 4.0)
        recorder.client.transport_start()
        wait_until(lambda: player.transport().rolling)
        player.stop()
        recorder.wait_blocks(3)
        assert not player.transport().rolling


def test_another_timebase_master_is_followed_and_succeeded(server: JackServer, player: JackPlayer) -> None:
    def seven_eight(state: int, frames: int, position: object, is_new: bool) -> None:
        position.bar, position.beat, position.tick = 3, 2, 0
        position.beats_per_bar, position.beat_type = 7.0, 8.0
        position.ticks_per_beat, position.beats_per_minute = 960.0, 280.0
        position.valid = 0x10

    with listen(server, "mix_L") as recorder:
        recorder.client.set_timebase_callback(seven_eight)
        recorder.client.transport_frame = 0
        player.poll()
        wait_until(lambda: player.transport().tempo_bpm == 140.0)
        here = player.transport()
        assert here.following and here.signature == Signature(7, 8)
        assert here.beat == pytest.approx((2 * 7 + 1) / 2)
        assert "follows" in player.status().text
    assert player.poll() and "leads" in player.status().text
    wait_until(lambda: not player.transport().following)


def test_the_mix_is_joined_to_the_physical_outputs(server: JackServer, player: JackPlayer) -> None:
    with listen(server, "mix_L") as recorder:
        for side, output in zip("LR", ("system:playback_1", "system:playback_2"), strict=True):
            joined = recorder.client.get_all_connections(f"resonantgen:mix_{side}")
            assert output in [port.name for port in joined]


def test_a_second_engine_gets_a_name_of_its_own_and_says_so(server: JackServer, player: JackPlayer) -> None:
    second = JackPlayer(TRACKS, server_name=server.name, connect=False)
    assert "resonantgen was taken" in second.status().text
    second.close()


def test_loops_are_let_go_when_the_callback_has_left_them(player: JackPlayer) -> None:
    player.play()
    wait_until(lambda: player.transport().rolling)
    loop = player.prepare(noise(1, 5000))
    gone = weakref.ref(loop)
    player.swap("drums", loop, "now", TOLD)
    del loop
    wait_until(lambda: player.pending("drums") is None)
    player.poll()
    gc.collect()
    assert gone() is not None  # it plays
    player.swap("drums", None, "now", TOLD)
    wait_until(lambda: player.pending("drums") is None)

    def is_gone() -> bool:
        player.poll()
        return gone() is None

    wait_until(is_gone)


def test_a_server_that_goes_while_it_is_joined_is_joined_the_next_time(
    server: JackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise jack.JackError("Error activating JACK client")

    with monkeypatch.context() as patch:
        patch.setattr(JackConnection, "activate", gone)
        player = JackPlayer(TRACKS, server_name=server.name)
        assert not player.status().connected
        player.play()
        assert not player.poll() and player.transport().rolling
    assert player.poll() and player.status().connected
    wait_until(lambda: player.transport().rolling)
    player.stop()
    wait_until(lambda: not player.transport().rolling)
    player.close()


def test_without_a_server_the_transport_goes_on_and_none_is_started() -> None:
    player = JackPlayer(TRACKS, server_name="rg_not_there")
    assert not player.status().connected and not player.poll()
    player.swap("drums", player.prepare(noise(1, 5000)), "now", TOLD)
    player.play()
    wait_until(lambda: player.transport().frame > 100)
    player.close()


def test_what_to_install_is_said_where_jack_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jack", None)
    with pytest.raises(EngineError, match="install the JACK library"):
        JackPlayer(TRACKS)
