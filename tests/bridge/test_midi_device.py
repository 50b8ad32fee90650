"""A controller that says when it shows something else, and when it is ours again."""

from __future__ import annotations

import mido
import pytest

from bridge.midi_controller import MidiController
from bridge.midi_device import Device
from bridge.midi_map_file import TRACKS
from bridge.midi_system import MidiSystem
from bridge.midi_world import World
from engine.config import MidiConfig
from tests.bridge.midi_desk import light, loaded

PUSH_LIVE, PUSH_USER = (f"F0 00 21 1D 01 01 0A 0{mode} F7" for mode in (0, 1))
APC_SESSION, APC_NOTES, APC_DRUMS = (f"F0 47 7F 4F 62 00 01 0{mode} F7" for mode in (0, 1, 2))
MACKIE_READY = "F0 00 00 66 14 01 31 32 33 34 35 36 37 00 01 02 03 F7"


class Plugged(Device):
    """With an output that is a list."""

    def __init__(self, name: str) -> None:
        self.sent: list[mido.Message] = []
        world = World(TRACKS, lambda: None)
        super().__init__(
            loaded(name),
            lambda below, send: MidiController(below, world, lambda *_: None, send, lambda _: None),
            MidiSystem(MidiConfig()),
        )
        self.ports.send = self.sent.append  # type: ignore[method-assign]
        self.light_soon()

    def lit(self) -> list[mido.Message]:
        """What is said now that a moment has gone by."""
        self.sent.clear()
        if self.lit_at_s is not None:
            self.lit_at_s = 0.0
        self.light_when_due()
        return list(self.sent)

    def hears_of(self, text: str) -> None:
        self.notice(mido.Message.from_hex(text))


@pytest.mark.parametrize(
    ("name", "asleep", "awake"),
    [
        ("push2", PUSH_LIVE, PUSH_USER),
        ("apc_mini_mk2", APC_NOTES, APC_SESSION),
        ("apc_mini_mk2", APC_DRUMS, APC_SESSION),
    ],
)
def test_while_it_is_somebody_elses_nothing_is_said_and_everything_after_it(name, asleep, awake):
    device = Plugged(name)
    everything = device.lit()
    device.hears_of(awake)  # the answer to what was said at first
    assert everything and device.lit() == []
    device.hears_of(asleep)
    device.send(light(60, 3))
    device.dark()  # the engine may end meanwhile: what is not ours is not given back
    assert device.sent == []
    device.hears_of(awake)
    assert device.lit() == everything


def test_a_mackie_control_that_is_switched_on_is_told_everything():
    device = Plugged("mackie_control")
    everything = device.lit()
    device.hears_of(MACKIE_READY)
    assert device.lit() == everything


def test_other_words_of_it_mean_nothing():
    device = Plugged("push2")
    device.lit()
    device.hears_of("F0 00 21 1D 01 01 0B 00 F7")
    device.notice(light(36, 1))
    assert device.lit() == []
    device.send(light(60, 3))
    assert device.sent == [light(60, 3)]
