"""MIDI clock by a port of its own, both ways, on a real JACK server."""

from dataclasses import replace

import mido
import pytest

from bridge.clock.midi_cable import find_port
from engine.config import ClockConfig
from tests.bridge.midi_pad import MidiServer, Pad, until
from tests.bridge.midi_studio import Studio
from tests.bridge.osc_studio import in_loop

CLOCK = [mido.Message("start"), *[mido.Message("clock")] * 3]


@pytest.fixture(scope="module")
def server():
    with MidiServer() as running:
        yield running


class CableStudio(Studio):
    """A drum machine on a cable of its own, which no controller is."""

    def __init__(self, server, folder, **clock):
        super().__init__(server, folder)
        self.config = replace(self.config, clock=ClockConfig(**clock))
        self.midi = self.house()
        self.heard = []
        self.senders = set()
        self.midi.hear_clock = self.note

    def note(self, sender, data, at_s):
        self.senders.add(sender)
        self.heard.append(data[0])


@in_loop
async def test_clock_comes_by_the_port_that_is_named_whenever_it_is_plugged_in(server, tmp_path):
    async with CableStudio(server, tmp_path, midi_in="drum MACHINE") as studio:
        with Pad(server, "Drum machine", "out") as machine:
            await until(lambda: studio.midi.cable._ports.input is not None, "the cable")
            machine.send(*CLOCK, mido.Message("note_on", note=36))
            await until(lambda: studio.heard == [0xFA, 0xF8, 0xF8, 0xF8], "the clock")
            assert studio.asked == [("/rg/scene/list",)]  # its notes are nobody's business
        await until(lambda: studio.midi.cable._ports.input is None, "pulling out")
        with Pad(server, "Drum machine", "out") as machine:
            await until(lambda: studio.midi.cable._ports.input is not None, "the cable again")
            machine.send(*CLOCK)
            await until(lambda: len(studio.heard) == 8, "the clock again")
        assert len(studio.senders) == 1  # so that the song is known to have gone on meanwhile


@in_loop
async def test_clock_goes_out_where_the_settings_want_it_and_nowhere_else(server, tmp_path):
    with Pad(server, "Drum machine", "in") as machine, Pad(server, "by hand") as other:
        async with CableStudio(server, tmp_path, midi_out=True, midi_out_port="drum machine") as studio:
            await until(lambda: studio.midi.cable._ports.output is not None, "the cable")
            other.join()
            for message in CLOCK:
                studio.midi.send_clock(bytes(message.bytes()))
            for pad in (machine, other):
                await pad.wait(lambda heard: [m for m in heard if m.is_realtime] == CLOCK)
        async with CableStudio(server, tmp_path) as studio:
            other.forget()  # it is joined still
            studio.midi.send_clock(b"\xf8")
            after = mido.Message("note_on", note=7)
            studio.midi.plugs.virtual.send(after)
            await other.wait(lambda heard: after in heard)
            assert not [message for message in other.heard if message.is_realtime]


def test_a_part_of_a_name_finds_a_port_but_never_our_own():
    names = ["resonantgen drum", "USB Drum Machine 1", "drum"]
    assert find_port(names, "drum") == "USB Drum Machine 1"
    assert find_port(names, "") is None
    assert find_port(names, "organ") is None
