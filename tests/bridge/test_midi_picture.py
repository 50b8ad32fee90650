"""The how-to of the controllers holds true: its pictures, its commands, its keys."""

from __future__ import annotations

import re
import shlex
from importlib import resources

import pytest

from bridge.midi_control import ENCODERS
from bridge.midi_map_file import ENTRIES, KEYS, TRACKS, load_map, map_names, parse_map
from bridge.midi_map_reader import BIND_KEYS
from bridge.midi_output_reader import DIGITS_KEYS, METER_KEYS, POSITION_KEYS, TEXT_KEYS
from bridge.midi_picture import pictures, readme_with_pictures
from bridge.midi_shown import WORDS
from bridge.osc_codec import decode

README = resources.files("configs").joinpath("controllers", "README.md").read_text(encoding="utf-8")
MAPS = {name: load_map(name) for name in map_names()}


def test_the_pictures_are_those_of_the_maps():
    assert readme_with_pictures(README, MAPS) == README
    drawn = set(re.findall(r"<!-- picture (\w+) -->", README))
    assert set(MAPS) - drawn == {"launchpad_mk3", "launchpad_mini_mk3"}  # as launchpad_x


def test_every_map_is_named_and_linked():
    linked = set(re.findall(r"\((\w+)\.toml\)", README))
    assert set(MAPS) - linked == {"launchpad_mk3"}  # the base of three


@pytest.mark.parametrize("line", re.findall(r"^resonantgen send (.*?)(?:\s+#.*)?$", README, re.MULTILINE))
def test_every_command_it_shows_is_one_of_the_contract(line):
    address, *args = shlex.split(line)
    assert decode(address, args, TRACKS).command is not None


def test_every_key_and_every_thing_to_show_is_told():
    entries = {*BIND_KEYS, *POSITION_KEYS, *TEXT_KEYS, *DIGITS_KEYS, *METER_KEYS}
    untold = {"label", "port", "strip", "steps"}  # for pictures, for learned.toml, and as in mackie_control
    for key in ({*KEYS} - {*ENTRIES}) | entries - untold:
        assert re.search(rf"`[^`]*\b{key}\b[^`]*`", README), key
    for entry in ENTRIES:
        assert f"`[[{entry}]]`" in README or entry == "bind", entry
    for word in {*WORDS} - {"$page", "$scroll", "$held"} | {*ENCODERS}:  # those come by themselves
        assert word in README, word


def test_a_picture_has_a_row_for_every_row_and_says_what_each_control_does():
    text = """
        pages = ["one", "two"]
        layout = ["note 2 1", "- cc 7"]
        [modifiers]
        shift = { note = 2 }
        [[bind]]
        note = 1
        address = "/rg/track/{t}/lock"
        args = ["$toggle"]
        [[bind]]
        on = "two"
        cc = 7
        address = "/rg/generate"
        args = ["dark techno"]
        [[bind]]
        with = "shift"
        note = 1
        page = "two"
    """
    assert pictures(parse_map(text, "x")) == (
        "page one:\n"
        "note 2  hold: shift  lock T1\n"
        "cc 7                 .\n"
        "\n"
        "page two, the rest as on page one:\n"
        "cc 7    generate dark\n"
        "\n"
        "held shift:\n"
        "  note 1: page two\n"
    )
