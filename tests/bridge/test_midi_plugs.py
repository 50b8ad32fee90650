"""Controllers whose ports get other names while they are plugged in, or share one: Windows and macOS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.midi_controller import MidiController
from bridge.midi_device import Device
from bridge.midi_devices import numbered
from bridge.midi_learned import Learned
from bridge.midi_map_file import TRACKS
from bridge.midi_plugs import Plugs
from bridge.midi_setup import Setup
from bridge.midi_world import World
from engine.config import Config
from tests.bridge.midi_plugboard import Plugboard

MAC = "Launchpad X LPX MIDI"


@pytest.fixture(scope="module")
def setup() -> Setup:
    return Setup(Config(), TRACKS)


def plugs_of(board: Any, setup: Setup, folder: Path) -> Plugs:
    world = World(TRACKS, lambda: None)

    def make(below: Any, send: Any) -> MidiController:
        return MidiController(below, world, lambda *_: None, send, lambda _: None)

    return Plugs(board, setup, Learned(folder, TRACKS), make)


def joined(device: Device) -> tuple[str, str]:
    """Whom its two sides reach."""
    return device.ports.input.device, device.ports.output.device


def test_names_that_come_again_are_numbered():
    assert numbered(["a", "b", "a", "a"]) == ["a", "b", "a #2", "a #3"]


def test_two_of_a_kind_are_two_and_who_stays_is_reached_when_the_other_goes(setup, tmp_path):
    board = Plugboard()
    board.devices = [("left", MAC), ("right", MAC)]
    plugs = plugs_of(board, setup, tmp_path)
    plugs.look()
    assert [joined(device) for device in plugs.devices] == [("left", "left"), ("right", "right")]
    board.devices = [("right", MAC)]
    plugs.look()
    assert [joined(device) for device in plugs.devices] == [("right", "right")]
    board.devices = [("left", MAC), ("right", MAC)]
    plugs.look()
    assert {joined(device) for device in plugs.devices} == {("left", "left"), ("right", "right")}


def test_a_controller_whose_number_changes_keeps_its_page_and_its_ports(setup, tmp_path):
    board = Plugboard()
    board.devices = [("apc", "APC mini mk2 0"), ("launchpad", "MIDIIN2 (LPX MIDI) 1")]
    plugs = plugs_of(board, setup, tmp_path)
    plugs.look()
    (launchpad,) = (device for device in plugs.devices if device.name == "Launchpad X")
    launchpad.controller.layer.page = "mix"
    board.devices = [("launchpad", "MIDIIN2 (LPX MIDI) 0")]
    plugs.look()
    assert plugs.devices == [launchpad] and joined(launchpad) == ("launchpad", "launchpad")
    assert launchpad.controller.layer.page == "mix" and plugs.looked != ()


def test_who_has_its_ports_keeps_them_when_another_of_its_kind_is_joined_anew(setup, tmp_path):
    board = Plugboard()
    board.devices = [("left", "LPX MIDI Left"), ("right", "LPX MIDI Right")]
    plugs = plugs_of(board, setup, tmp_path)
    plugs.look()
    left, right = plugs.devices
    left.unplug()  # a port of it broke
    board.devices.reverse()
    plugs.look()
    assert plugs.devices == [right, left]
    assert [joined(device) for device in (left, right)] == [("left", "left"), ("right", "right")]


def test_a_port_that_broke_is_joined_again(setup, tmp_path):
    board = Plugboard()
    board.devices = [("left", MAC)]
    plugs = plugs_of(board, setup, tmp_path)
    plugs.look()
    plugs.devices[0].ports.close_input()  # as an error does
    plugs.look()
    assert joined(plugs.devices[0]) == ("left", "left")
