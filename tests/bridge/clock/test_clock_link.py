"""Real Link peers, two processes on a network of their own."""

import asyncio
import functools
import time
from contextlib import asynccontextmanager

import pytest

from bridge.clock.clock import Clock
from bridge.clock.link import COMMAND, LinkClock
from bridge.internal_player import InternalPlayer
from engine.config import ClockConfig
from engine.errors import EngineError
from tests.bridge.clock.namespace import loopback_only, require_link

require_link()
SOON_S = 40.0
OLD_S = 2.0  # of two sessions the older one's tempo holds; half a second and less is equally old (Link's own)


def on_a_network(test):
    """A coroutine that is given what starts a peer: `async with peer(tempo) as link`."""

    @functools.wraps(test)
    def run():
        with loopback_only() as prefix:

            @asynccontextmanager
            async def peer(tempo_bpm, **options):
                link = LinkClock(command=(*prefix, *COMMAND), **options)
                link.join(tempo_bpm)
                await until(lambda: link.state)
                try:
                    yield link
                finally:
                    await link.leave()

            asyncio.run(asyncio.wait_for(test(peer), 200.0))

    del run.__wrapped__  # pytest would look for a fixture of the test's argument's name
    return run


async def grow_old(link):
    born_s = link.state.at_s
    await until(lambda: link.state.at_s > born_s + OLD_S)


async def until(holds, what=lambda: "it did not come"):
    end_s = time.perf_counter() + SOON_S
    while not (found := holds()):
        assert time.perf_counter() < end_s, what()
        await asyncio.sleep(0.01)
    return found


def read(link):
    return link.read(time.perf_counter())


async def apart_ms(a, b, quantum=4.0):
    """How far two peers are from each other in the bar, read at one moment: the least of some looks."""
    looks = []
    for _ in range(10):
        await asyncio.sleep(0.02)
        now_s = time.perf_counter()
        here, there = a.read(now_s), b.read(now_s)
        beats = (here.beat - there.beat + quantum / 2) % quantum - quantum / 2
        looks.append(abs(beats) * 60_000 / here.tempo_bpm)
    return min(looks)


@on_a_network
async def test_a_session_that_is_ours_is_in_step_with_the_music_and_so_is_who_joins_it(peer):
    async with peer(100.0) as ours:
        started_s = time.perf_counter()
        ours.keep_in_step(17.3, started_s)
        assert read(ours) is None  # nobody else is there
        await grow_old(ours)
        async with peer(133.0) as guest:
            both = lambda: f"{ours.state}, {guest.state}"  # noqa: E731
            await until(lambda: read(ours) and read(guest) and read(guest).tempo_bpm < 133.0, both)
            assert read(guest).tempo_bpm == read(ours).tempo_bpm == pytest.approx(100.0)
            assert read(guest).rolling is None
            assert await apart_ms(ours, guest) < 0.5
            now_s = time.perf_counter()
            music = 17.3 + (now_s - started_s) * 100 / 60
            assert (guest.read(now_s).beat - music + 2.0) % 4.0 - 2.0 == pytest.approx(0.0, abs=0.005)
            guest.tell_tempo(90.0)  # the last one to change it decides
            await until(lambda: read(ours).tempo_bpm == pytest.approx(90.0, abs=0.001))
            assert await apart_ms(ours, guest) < 0.5
        await until(lambda: read(ours) is None)


def test_link_by_hand_is_joined_and_left_with_another_clock():
    with loopback_only() as prefix:

        async def choose():
            player = InternalPlayer(["drums"])
            clock = Clock(player, ClockConfig(), lambda command: None, lambda event: None)
            clock.link = clock.sources["link"] = LinkClock(command=(*prefix, *COMMAND))
            clock.choose("link")
            await until(lambda: clock.link.state)
            clock.choose("auto")
            await until(lambda: not clock.link.is_joined and clock.link.state is None)
            await clock.close()

        asyncio.run(choose())


def test_without_the_extra_link_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"pip install 'resonantgen\[link\]'"):
        LinkClock().join(120.0)
