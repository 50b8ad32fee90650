"""The JACK player and its server: that comes and goes, is another client's as well, or is not there."""

import sys
from collections.abc import Iterator

import numpy as np
import pytest

from bridge.grid import Grid
from bridge.jack_connection import JackConnection
from bridge.jack_player import JackPlayer
from engine.errors import EngineError
from engine.music.key import Signature
from tests.bridge.jack_server import JackServer, require_jack

require_jack()

import jack  # noqa: E402

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
