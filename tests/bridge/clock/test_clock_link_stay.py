"""Joining and leaving a session of Link faster than a process can, and one that ends. A shell plays it."""

import asyncio
import os
import time

import pytest

from bridge.clock.clock import LOOK_AROUND_S, Clock
from bridge.clock.link import COME_BACK_S, LinkClock
from bridge.internal_player import InternalPlayer
from engine.config import ClockConfig
from tests.bridge.osc_studio import in_loop

STATE = "[0, 0.0, 120.0, 0, false]"
SOON_S = 20.0


def process(folder, ends):
    """Says that it is there, notes what it is told; ends with its input, or at once with a code."""
    note = f"echo $$ >> {folder}/there; echo '{STATE}'"
    listen = f'while read line; do echo "$line" >> {folder}/told; done; sleep 0.2'
    return ("sh", "-c", f"{note}; {ends or listen}", "link")


def lines(folder, name):
    path = folder / name
    return path.read_text().split("\n")[:-1] if path.exists() else []


def alive(folder):
    found = []
    for number in lines(folder, "there"):
        try:
            os.kill(int(number), 0)
        except ProcessLookupError:
            continue
        found.append(number)
    return found


async def until(holds):
    async with asyncio.timeout(SOON_S):
        while not holds():
            await asyncio.sleep(0.005)


@pytest.fixture
def link(tmp_path, monkeypatch):
    monkeypatch.setattr(LinkClock, "check", lambda self: None)
    return LinkClock(command=process(tmp_path, ""))


@in_loop
async def test_who_leaves_and_joins_again_before_the_process_has_ended_is_in_the_session(link, tmp_path):
    link.join(120.0)
    await until(lambda: link.state)
    leaving = asyncio.ensure_future(link.leave())
    assert not link.is_joined and link.state is None
    link.join(90.0)
    link.tell_tempo(91.0)
    await leaving
    await until(lambda: link.state)
    assert link.is_joined and len(alive(tmp_path)) == 1
    link.tell_tempo(92.0)
    await until(lambda: '["tempo", 92.0]' in lines(tmp_path, "told"))
    assert '["tempo", 91.0]' in lines(tmp_path, "told")
    await link.leave()
    await until(lambda: not alive(tmp_path))
    assert link.state is None


@in_loop
async def test_who_leaves_before_the_process_is_there_leaves_none_behind(link, tmp_path):
    for _ in range(3):
        link.join(120.0)
        await link.leave()
    await until(lambda: not alive(tmp_path))
    assert not link.is_joined


@in_loop
@pytest.mark.parametrize("broken", [("sh", "-c", "exit 3"), ("/not/there",)])
async def test_a_process_that_ends_by_itself_may_come_back_but_not_at_once(link, broken):
    link._command = broken
    link.join(120.0)
    await until(lambda: not link.is_joined)
    now_s = time.perf_counter()
    assert not link.may_come_back(now_s)
    assert link.may_come_back(now_s + COME_BACK_S)


@in_loop
async def test_the_clock_joins_again_when_its_process_has_ended(link, tmp_path):
    later_s = 0.0
    clock = Clock(
        InternalPlayer(["drums"]), ClockConfig(), lambda command: None, lambda event: None,
        lambda: time.perf_counter() + later_s,
    )  # fmt: skip
    clock.link = clock.sources["link"] = link
    working, link._command = link._command, ("sh", "-c", "exit 3")
    clock.choose("link")
    await until(lambda: not link.is_joined)
    link._command = working
    clock.step()
    assert not link.is_joined
    later_s = COME_BACK_S + LOOK_AROUND_S
    clock.step()
    await until(lambda: link.state)
    await clock.close()
    await until(lambda: not alive(tmp_path))
