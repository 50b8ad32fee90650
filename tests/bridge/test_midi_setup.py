"""Which controllers the settings ask for, and what becomes of wrong ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge import midi_setup
from bridge.midi_devices import Plug, Wanted, pairs, pattern_of, recognise, stable_name
from bridge.midi_map_file import TRACKS, load_map, map_names, parse_map
from bridge.midi_setup import Setup
from engine.config import Config, FoldersConfig, MidiConfig
from engine.errors import EngineError
from tests.bridge.midi_desk import load_once

PORT = "Launchpad X LPX MIDI"


@pytest.fixture(autouse=True)
def _maps_are_read_once(monkeypatch):
    monkeypatch.setattr(midi_setup, "load_map", load_once)


def setup(folder: Path, **midi: object) -> Setup:
    return Setup(Config(midi=MidiConfig(**midi), folders=FoldersConfig(controllers=str(folder))), TRACKS)


def plugged(found: Setup, *ports: str, **more: object) -> list[tuple[str, str, str]]:
    plugs, _ = recognise(found.wanted(**more), ports, ports)
    return [(plug.map.name, plug.input, plug.output) for plug in plugs]


def test_by_itself_every_map_that_knows_its_ports_waits_for_them(tmp_path):
    found = setup(tmp_path)
    assert {m.file for m in found.maps} == {f"{name}.toml" for name in map_names() if load_map(name).ports}
    assert found.primary.name == "Generic pad"
    assert plugged(found, "KeyStep", PORT) == [("Launchpad X", PORT, PORT)]


def test_named_controllers_are_the_only_ones(tmp_path):
    assert plugged(setup(tmp_path, controllers=("push2", "launchpad_x")), PORT, "APC mini mk2 Control") == [
        ("Launchpad X", PORT, PORT)
    ]
    assert plugged(setup(tmp_path, controller="push2"), PORT) == []
    assert setup(tmp_path, controllers=("push2", "launchpad_x")).primary.name == "Push 2"


def test_auto_may_be_one_of_several(tmp_path):
    (tmp_path / "mine.toml").write_text('name = "Mine"\nports = ["Mine"]')
    found = setup(tmp_path, controllers=("generic_pad", "auto"))
    assert plugged(found, "Mine", PORT) == [("Mine", "Mine", "Mine"), ("Launchpad X", PORT, PORT)]


def test_a_map_that_is_named_twice_is_there_once(tmp_path):
    found = setup(tmp_path, controllers=("launchpad_x", "auto"))
    assert recognise(found.wanted(), [PORT], [PORT])[1] == []


def test_a_port_that_the_settings_name_is_for_the_primary_map_alone(tmp_path):
    assert plugged(setup(tmp_path, input="keystep"), "KeyStep 37", PORT) == [
        ("Generic pad", "KeyStep 37", ""), ("Launchpad X", PORT, PORT),
    ]  # fmt: skip
    named = setup(tmp_path, controller="launchpad_x", input="system:midi_capture_1", output="midi_playback_1")
    assert plugged(named, "system:midi_capture_1", "system:midi_playback_1", PORT) == [
        ("Launchpad X", "system:midi_capture_1", "system:midi_playback_1")
    ]


def test_a_map_that_is_named_and_wrong_is_refused_with_its_file(tmp_path):
    with pytest.raises(EngineError, match="did you mean 'launchpad_x'"):
        setup(tmp_path, controller="lanchpad_x")
    (tmp_path / "mine.toml").write_text("[[bind]]\nnote = 1")
    with pytest.raises(EngineError, match=r"mine\.toml: bind 1: address is missing"):
        setup(tmp_path, controllers=("mine",))
    with pytest.raises(EngineError, match=r"nowhere\.toml: cannot be read"):
        setup(tmp_path, controller=str(tmp_path / "nowhere.toml"))


def test_a_map_that_only_lies_there_and_is_wrong_is_left_out_and_told(tmp_path, caplog):
    (tmp_path / "mine.toml").write_text("ports = ['(']")
    assert plugged(setup(tmp_path), PORT) == [("Launchpad X", PORT, PORT)]
    assert "left out" in caplog.text and "mine.toml: ports" in caplog.text


def test_one_port_cannot_be_named_for_several_controllers(tmp_path):
    with pytest.raises(EngineError, match="name one controller's ports"):
        setup(tmp_path, controllers=("push2", "launchpad_x"), input="KeyStep")


def test_of_two_maps_for_one_port_the_first_has_it_and_that_is_told(tmp_path):
    (tmp_path / "mine.toml").write_text('name = "Mine"\nports = ["LPX"]')
    plugs, clashes = recognise(setup(tmp_path).wanted(), [PORT], [PORT])
    assert [plug.map.name for plug in plugs] == ["Mine"]  # the user's own comes first
    assert {(clash.port, clash.kept.name, clash.left.file) for clash in clashes} == {
        (PORT, "Mine", "launchpad_x.toml")
    }


def test_what_was_learned_opens_its_port_and_learning_opens_all_but_through_and_our_own(tmp_path):
    found = setup(tmp_path)
    ports = ("KeyStep 37", "Midi Through:Midi Through Port-0 14:0", "resonantgen-midi-out:resonantgen", PORT)
    assert plugged(found, *ports) == [("Launchpad X", PORT, PORT)]
    assert plugged(found, *ports, learned_ports=["KeyStep"])[1:] == [("KeyStep", "KeyStep 37", "")]
    names = [name for name, _, _ in plugged(found, *ports, others=ports)]
    assert names == ["Launchpad X", "KeyStep"]


def test_of_several_controllers_of_one_kind_each_has_its_own_lights():
    inputs = ["X:X LPX MIDI Out 28:1", "X:X LPX MIDI Out 32:1"]
    outputs = ["X:X LPX MIDI In 32:1", "X:X LPX MIDI In 28:1"]
    assert pairs(inputs, outputs) == [(inputs[0], outputs[1]), (inputs[1], outputs[0])]
    assert pairs(inputs, []) == [(inputs[0], ""), (inputs[1], "")]
    assert pairs([], outputs[:1]) == [("", outputs[0])]
    mine = parse_map('ports = ["LPX"]', "mine.toml")
    assert recognise([Wanted.by_map(mine)], inputs[:1], []) == ([Plug(mine, inputs[0], "")], [])


@pytest.mark.parametrize(
    ("port", "stable"),
    [
        ("Launchpad X:Launchpad X LPX MIDI Out 28:1", "Launchpad X:Launchpad X LPX MIDI Out"),
        ("a2j:Pad [28] (capture): Pad MIDI 1", "a2j:Pad (capture): Pad MIDI"),
        ("Midi-Bridge:Pad 2:(capture_1) Pad MIDI", "Midi-Bridge:Pad:(capture_1) Pad MIDI"),
        ("nanoKONTROL2 1", "nanoKONTROL2"), ("nanoKONTROL2", "nanoKONTROL2"), ("Port 2 A", "Port 2 A"),
    ],
)  # fmt: skip
def test_what_a_system_puts_behind_a_name_is_no_part_of_it(port, stable):
    assert stable_name(port) == stable
    assert re.search(pattern_of(stable), port) and re.search(pattern_of(stable), stable)
