"""A real engine in a session of Link, each in a process of its own. test_clock_stage.py runs it, on a network
that nobody else is on."""

import asyncio
import time

import pytest

from bridge.clock.link import LinkClock
from tests.bridge.musician import Musician

OLD_S = 2.5  # within half a second sessions are equally old to Link; ours may begin late on a busy machine
SETTINGS = """
[clock]
link = true
start_stop_sync = true
[jack]
mode = "off"
[midi]
enabled = false
[prompt]
embeddings = "off"
"""


@pytest.fixture(scope="module")
def musician(tmp_path_factory):
    folder = tmp_path_factory.mktemp("link")
    config = folder / "mine.toml"
    config.write_text(SETTINGS)
    with Musician(folder / "set", "--config", str(config)) as musician:
        yield musician


class Peer:
    """Another program in the session."""

    def __init__(self, tempo_bpm):
        self.loop = asyncio.new_event_loop()
        self.link = LinkClock(start_stop_sync=True)
        self.loop.run_until_complete(self._join(tempo_bpm))

    async def _join(self, tempo_bpm):
        self.link.join(tempo_bpm)
        while self.link.state is None:
            await asyncio.sleep(0.01)

    def look(self, seconds=0.05):
        self.loop.run_until_complete(asyncio.sleep(seconds))
        return self.link.read(time.perf_counter())

    def until(self, holds):
        end_s = time.perf_counter() + 60.0
        while (reading := self.look()) is None or not holds(reading):
            assert time.perf_counter() < end_s, (reading, self.link.state)
        return reading

    def close(self):
        self.loop.run_until_complete(self.link.leave())
        self.loop.close()


def test_the_engine_joins_without_a_word_and_then_tempo_start_and_stop_go_both_ways(musician):
    musician.send("/rg/tempo", "f", "111")
    musician.hear("/rg/tempo", 111.0)
    list(musician.ear.messages(OLD_S))
    peer = Peer(90.0)
    try:
        # The engine's session is the older one: its tempo holds, whoever joins.
        peer.until(lambda reading: reading.tempo_bpm == pytest.approx(111.0, abs=0.001))
        musician.hear("/rg/clock/active", "link")
        peer.link.tell_tempo(96.5)
        musician.hear("/rg/tempo", 96.5)
        musician.send("/rg/tempo", "f", "140")
        peer.until(lambda reading: reading.tempo_bpm == pytest.approx(140.0, abs=0.001))
        musician.send("/rg/play")
        peer.until(lambda reading: reading.rolling)
        beat = musician.hear("/rg/beat", 1, 1)  # the music begins with a bar,
        heard = peer.look(0.0)
        since = (time.perf_counter() - beat.at) * 140 / 60
        assert (heard.beat - since + 2.0) % 4.0 - 2.0 == pytest.approx(
            0.0, abs=0.3
        )  # and so does the session
        peer.link.tell_playing(False)
        musician.hear("/rg/playing", 0)
    finally:
        peer.close()
    musician.hear("/rg/clock/active", "internal")
    assert musician.ear.seen["/rg/tempo"] == (140.0,)
