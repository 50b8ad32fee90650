"""A musician's session: REAPER's scripts in a real Lua, a real engine, and what is in the project then."""

from __future__ import annotations

import itertools

import pytest

from tests.bridge.musician import Musician
from tests.reaper.reaper_host import ReaperHost

BAND = ("drums", "bass", "harmony", "melody")
PROMPT = "dark techno at 150 bpm, 1 bar"
BAR_S = 1.6
_set_number = itertools.count(1)


@pytest.fixture(autouse=True)
def fresh_set(studio: Musician) -> None:
    assert studio.ask("/rg/set/new", "s", f"set{next(_set_number)}").address == "/rg/done"


def told(studio: Musician, address: str) -> tuple:
    """The engine's present value at an address."""
    studio.ear.send(address)
    return studio.hear(address).args


def stem(studio: Musician, name: str) -> str:
    """The path of a track's current stem."""
    return f"{told(studio, '/rg/set/folder')[0]}/stems/{told(studio, f'/rg/track/{name}/stem')[0]}"


def test_a_prompt_brings_four_stems_to_their_tracks_at_the_bar(
    following: ReaperHost, studio: Musician
) -> None:
    following.by_hand("project.cursor = 8.3")  # in the fifth bar of 120 bpm
    following.answer(PROMPT)
    following.action("Prompt")
    following.until(lambda: all(following.items(name) for name in BAND), "four items")
    for name in BAND:
        (item,) = following.items(name)
        assert (item["at"], item["length"], item["active"], item["fades"]) == (4 * BAR_S, BAR_S, 1, 0)
        assert item["takes"][0]["path"] == stem(studio, name)
