"""The JACK player against a real server, heard by a second client."""

import gc
import math
import threading
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

from bridge.jack_player import JackPlayer
from bridge.player import FADE_FRAMES
from tests.bridge.jack_server import JackServer, require_jack

require_jack()


from tests.bridge.jack_recorder import wait_until  # noqa: E402  # needs JACK-Client
from tests.bridge.jack_stage import TOLD, TRACKS, count_exact, listen, load, noise, plain, player_at  # noqa: E402


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer(44_100, 1024) as server:
        yield server


@pytest.fixture
def player(server: JackServer) -> Iterator[JackPlayer]:
    with player_at(server) as player:
        yield player


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
