"""A musician's session: REAPER's scripts in a real Lua, a real engine, and what is in the project then."""

from __future__ import annotations

import itertools
import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.osc_wire import Message, build, parse
from tests.bridge.musician import ROOT, Musician
from tests.reaper.paper_engine import BAND
from tests.reaper.reaper_host import ReaperHost
from tests.reaper.test_actions import SPOKEN

PROMPT = "dark techno at 150 bpm, 1 bar"
BAR_S = 1.6
_set_number = itertools.count(1)


@pytest.fixture(autouse=True)
def fresh_set(studio: Musician) -> None:
    """And nobody leads: where REAPER does, its tempo counts once more when it takes the lead."""
    number = next(_set_number)
    studio.send("/rg/sync", "i", str(number))
    studio.hear("/rg/synced", number)
    answer = studio.ask("/rg/set/new", "s", f"set{number}")
    assert answer.address == "/rg/done", answer
    lead(studio, "internal")


def lead(studio: Musician, source: str) -> None:
    studio.send("/rg/clock/source", "s", source)
    studio.hear("/rg/clock/source", source)


def told(studio: Musician, address: str) -> tuple[Any, ...]:
    """The engine's present value at an address."""
    studio.ear.send(address)
    return studio.hear(address).args


def stem(studio: Musician, name: str) -> str:
    """The path of a track's current stem."""
    return f"{told(studio, '/rg/set/folder')[0]}/stems/{told(studio, f'/rg/track/{name}/stem')[0]}"


def play(host: ReaperHost, prompt: str = PROMPT) -> None:
    host.answer(prompt)
    host.action("Prompt")
    host.until(lambda: all(host.items(name) for name in BAND), "four items")


def takes(host: ReaperHost, name: str) -> list[str]:
    items = host.items(name)
    assert len(items) == 1, (items, host.undo_points())
    return [take["path"] for take in items[0]["takes"]]


def test_a_prompt_brings_four_stems_to_their_tracks_at_the_bar(following, studio):
    following.by_hand("project.cursor = 8.3")  # in the fifth bar of 120 bpm
    play(following)
    for name in BAND:
        (item,) = following.items(name)
        assert (item["at"], item["length"], item["active"], item["fades"]) == (4 * BAR_S, BAR_S, 1, 0)
        assert takes(following, name) == [stem(studio, name)]


def test_lock_regenerate_undo_from_reaper(following, studio):
    play(following)
    drums = takes(following, "drums")
    following.action("Lock Drums")
    following.until(lambda: following.items("drums")[0]["locked"], "the lock is shown")
    assert told(studio, "/rg/track/drums/lock") == (1,)
    following.action("Regenerate Drums")
    following.until(lambda: "locked" in following.console(), "the refusal is told")
    following.action("Regenerate Bass")
    following.until(lambda: len(takes(following, "bass")) == 2, "another take")
    assert following.heard("bass") == [Path(stem(studio, "bass")).name]
    following.action("Undo Bass")
    following.until(lambda: following.items("bass")[0]["active"] == 1, "the take before")
    assert takes(following, "bass")[0] == stem(studio, "bass") and takes(following, "drums") == drums


def test_a_prompt_of_any_signs_is_the_stems_prompt(following, studio):
    play(following)
    following.answer(SPOKEN)
    following.action("Prompt Melody")
    following.until(lambda: len(takes(following, "melody")) == 2, "another take")
    lines = (Path(stem(studio, "melody")).parent / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[-1])["prompt"].endswith(SPOKEN)


def test_tempo_is_one_in_both_programs(following, studio):
    following.by_hand("project.bpm = 133.5")
    following.until(lambda: told(studio, "/rg/tempo") == (133.5,), "the engine has REAPER's tempo")
    studio.send("/rg/tempo", "f", "97")
    following.until(lambda: following.lua("return host.project.bpm") == 97, "REAPER has the engine's tempo")


def test_reapers_transport_leads_the_engine_and_the_engines_stop_stops_reaper(following, studio):
    following.until(lambda: following.lua("return host.project.bpm") == told(studio, "/rg/tempo")[0])
    lead(studio, "auto")
    following.by_hand("project.cursor = 4.0")
    following.lua("reaper.OnPlayButtonEx(0)")
    following.until(lambda: told(studio, "/rg/clock/active")[0] == "osc", "REAPER leads")
    following.until(lambda: told(studio, "/rg/playing") == (1,), "the engine plays")
    studio.send("/rg/stop")
    following.until(lambda: not following.lua("return host.project.rolling"), "REAPER stops")


def test_what_follows_a_killed_engine_goes_on_with_the_next(following, studio):
    play(following)
    bass = takes(following, "bass")
    set_folder = Path(told(studio, "/rg/set/folder")[0])
    studio.kill()
    for _ in range(10):  # some seconds pass
        following.ahead_s += 0.5
        following.turn()
    following.until(lambda: "the engine has gone" in following.console(), "the loss is told")
    restart(studio, set_folder)
    following.until(lambda: following.setting("connected") == "1", "connected again")
    following.action("Regenerate Bass")
    following.until(lambda: len(takes(following, "bass")) == 2, "another take")
    assert takes(following, "bass")[0] == bass[0]
    assert [len(takes(following, name)) for name in BAND] == [1, 2, 1, 1]


def restart(studio: Musician, set_folder: Path) -> None:
    command = list(studio.process.args)
    command[command.index("--set") + 1] = str(set_folder)
    with studio.log.open("ab") as log:
        studio.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    studio.__enter__()


# --- the control surface --------------------------------------------------------------------------


@pytest.fixture
def surface(studio: Musician) -> Iterator[socket.socket]:
    """REAPER's socket in its mode "Device IP/port": it listens where it sends from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", studio.port))
        sock.settimeout(60)
        yield sock


def hear(surface: socket.socket, address: str) -> Message:
    while True:
        message = parse(surface.recv(2048))
        assert isinstance(message, Message)
        if message.address == address:
            return message


def test_the_pattern_files_messages_go_both_ways(surface, studio):
    surface.send(build("/rg/reaper/tempo", [111.0]))
    studio.hear("/rg/tempo", 111.0)
    surface.send(build("/rg/reaper/play", [1.0]))
    studio.hear("/rg/playing", 1)
    studio.send("/rg/stop")
    assert hear(surface, "/rg/reaper/stop").args == (1,)
    studio.send("/rg/tempo", "f", "99")
    assert hear(surface, "/rg/reaper/tempo").args == (99.0,)
