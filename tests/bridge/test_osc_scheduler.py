"""Bundles run at their time, whole and in order."""

import asyncio
import time

import pytest

from bridge.osc_scheduler import MAX_AHEAD_S, MAX_PENDING, Scheduler, moments_of
from bridge.osc_wire import Bundle, Message
from engine.errors import EngineError
from tests.bridge.osc_studio import in_loop

NOW_S = 1_000_000.0


def say(text: str) -> Message:
    return Message("/" + text, ())


def bundle(at_s, *elements):
    return Bundle(at_s, elements)


def texts(moments):
    return [(at_s, [message.address for message in messages]) for at_s, messages in moments]


def test_at_once_and_late_are_now():
    for at_s in (None, 0.0, NOW_S - 5):
        assert texts(moments_of(bundle(at_s, say("a"), say("b")), NOW_S)) == [(NOW_S, ["/a", "/b"])]


def test_nested_bundles_keep_their_place_or_wait_for_their_time():
    nested = bundle(
        NOW_S + 1,
        say("a"),
        bundle(None, say("b")),
        bundle(NOW_S + 3, say("d")),
        bundle(NOW_S - 9, say("c")),
    )
    assert texts(moments_of(nested, NOW_S)) == [(NOW_S + 1, ["/a", "/b", "/c"]), (NOW_S + 3, ["/d"])]


@in_loop
async def test_what_is_due_runs_in_the_call_and_the_rest_at_its_time():
    heard: asyncio.Queue = asyncio.Queue()
    scheduler = Scheduler(asyncio.get_running_loop())
    started = time.perf_counter()
    wall_s = time.time()
    scheduler.add(
        bundle(None, say("a"), bundle(wall_s + 0.05, say("c"), say("d")), say("b")),
        lambda messages: heard.put_nowait([message.address for message in messages]),
    )
    assert heard.get_nowait() == ["/a", "/b"]
    assert await asyncio.wait_for(heard.get(), 5) == ["/c", "/d"]
    assert 0.049 <= time.perf_counter() - started < 1.0
    assert scheduler.pending == set()


@in_loop
async def test_there_is_an_end_to_how_many_can_wait_and_how_long():
    scheduler = Scheduler(asyncio.get_running_loop(), lambda: NOW_S)
    with pytest.raises(EngineError, match="3600 s at most"):
        scheduler.add(bundle(NOW_S + MAX_AHEAD_S + 1, say("a")), print)
    for _ in range(MAX_PENDING):
        scheduler.add(bundle(NOW_S + 60, say("a")), print)
    ran = []
    with pytest.raises(EngineError, match="4096 bundles"):
        scheduler.add(bundle(None, say("now"), bundle(NOW_S + 60, say("later"))), ran.append)
    assert ran == []
    scheduler.cancel()
    assert scheduler.pending == set()
