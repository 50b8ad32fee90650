"""Controllers come and go at any time, in any order: lights come back as things stand."""

from __future__ import annotations

from collections.abc import Iterator

import mido
import pytest

from bridge import midi_input
from engine import events as e
from tests.bridge.midi_desk import lit
from tests.bridge.midi_pad import MidiServer, Pad, until
from tests.bridge.midi_studio import Studio
from tests.bridge.osc_studio import in_loop

PROGRAMMER_MODE = mido.Message("sysex", data=bytes.fromhex("00 20 29 02 0C 0E 01"))
LOGO = mido.Message("control_change", control=99, value=21)
LIVE_MODE = mido.Message("sysex", data=bytes.fromhex("00 20 29 02 0C 0E 00"))


@pytest.fixture(scope="module")
def server() -> Iterator[MidiServer]:
    with MidiServer() as running:
        yield running


def names_of(studio: Studio) -> list[str]:
    return [device.name for device in studio.midi.plugs.everyone]


def launchpad(server: MidiServer) -> Pad:
    return Pad(server, "Launchpad X", "LPX MIDI")


@in_loop
async def test_a_launchpad_is_known_set_to_programmer_mode_and_lit(server, tmp_path):
    async with Studio(server, tmp_path) as studio:
        studio.submit("/rg/track/bass/lock", [1])
        with launchpad(server) as pad:
            await pad.see(82, 21)
            assert names_of(studio) == ["Launchpad X", "Generic pad"]
            assert pad.heard[0] == PROGRAMMER_MODE
            pad.press(81)
            await pad.see(81, 21)
            assert studio.session.tracks["drums"].locked


@in_loop
async def test_pulled_out_and_plugged_in_again_it_shows_how_things_stand_now(server, tmp_path):
    async with Studio(server, tmp_path) as studio:
        with launchpad(server) as pad:
            await pad.see(82, 0)
            pad.push(96)  # to the page of takes
            await pad.wait(lambda heard: mido.Message("control_change", control=96, value=3) in heard)
        await until(lambda: names_of(studio) == ["Generic pad"], "pulling out")
        studio.submit("/rg/track/bass/lock", [1])
        with launchpad(server) as pad:
            await pad.see(16, 21)  # the lock of the bass, on the page that was shown
            assert pad.heard[0] == PROGRAMMER_MODE


@in_loop
async def test_its_two_sides_come_and_go_in_any_order(server, tmp_path):
    async with Studio(server, tmp_path) as studio:
        pad = launchpad(server)
        await pad.see(82, 0)
        pad.pull_output()
        await until(lambda: studio.midi.plugs.devices[0].port_names[0] == "", "the input going")
        studio.submit("/rg/track/bass/lock", [1])
        await pad.see(82, 21)
        pad.plug_output()
        await until(lambda: studio.midi.plugs.devices[0].port_names[0], "the input coming back")
        pad.forget()
        pad.pull_input()
        await until(lambda: studio.midi.plugs.devices[0].port_names[1] == "", "the output going")
        pad.press(81)
        await until(lambda: studio.session.tracks["drums"].locked, "the press")
        pad.plug_input()
        await pad.see(81, 21)
        assert pad.heard[0] == PROGRAMMER_MODE
        pad.pull_output()
        pad.pull_input()


@in_loop
async def test_two_of_a_kind_each_show_their_own_page(server, tmp_path):
    async with Studio(server, tmp_path) as studio:
        with launchpad(server) as first, Pad(server, "Launchpad X two", "LPX MIDI") as second:
            await first.see(82, 0)
            await second.see(82, 0)
            studio.submit("/rg/track/bass/lock", [1])
            first.push(96)
            await first.see(16, 21)
            await second.see(82, 21)
            assert names_of(studio) == ["Launchpad X", "Launchpad X", "Generic pad"]


@in_loop
async def test_at_the_end_every_light_is_out_and_it_is_in_live_mode(server, tmp_path):
    with launchpad(server) as pad:
        async with Studio(server, tmp_path):
            await pad.wait(lambda heard: LOGO in heard)  # the last one to be lit
            pad.forget()
        await pad.wait(lambda heard: LIVE_MODE in heard)
        lamps = lit(pad.heard)
        assert len(lamps) == 64 + 15 and {velocity for velocity, _ in lamps.values()} == {0}


@in_loop
async def test_only_the_controllers_that_are_asked_for_are_taken(server, tmp_path):
    async with Studio(server, tmp_path, controllers=("launchpad_mini_mk3", "generic_pad")) as studio:
        with launchpad(server), Pad(server, "Launchpad Mini MK3", "LPMiniMK3 MI") as mini:
            await mini.see(82, 0)
            assert names_of(studio) == ["Launchpad Mini MK3", "Launchpad Mini MK3"]  # the ports, and ours


@in_loop
async def test_pulled_out_and_plugged_in_between_two_looks_it_is_lit_again(server, tmp_path, monkeypatch):
    async with Studio(server, tmp_path) as studio:
        with launchpad(server) as pad:
            await pad.wait(lambda heard: LOGO in heard)
            monkeypatch.setattr(midi_input, "LOOK_S", 1e9)  # nobody looks
            pad.pull_output()
            pad.pull_input()
            studio.submit("/rg/track/bass/lock", [1])
            pad.plug_output()
            pad.plug_input()
            pad.forget()
            monkeypatch.setattr(midi_input, "LOOK_S", 0.02)
            await pad.see(82, 21)
            assert pad.heard[0] == PROGRAMMER_MODE


@in_loop
async def test_a_port_that_broke_is_opened_again_and_lit(server, tmp_path):
    async with Studio(server, tmp_path) as studio:
        with launchpad(server) as pad:
            await pad.wait(lambda heard: LOGO in heard)
            studio.midi.plugs.devices[0].ports.close_output()  # as an error does
            studio.submit("/rg/track/bass/lock", [1])
            pad.forget()
            await pad.see(82, 21)
            assert pad.heard[0] == PROGRAMMER_MODE


@in_loop
async def test_while_it_shows_something_else_it_is_let_alone_and_lit_again_after_it(server, tmp_path):
    async with Studio(server, tmp_path) as studio:
        with Pad(server, "APC mini mk2", "APC mini mk2 Contr") as pad:
            await pad.see(56, 0, 6)
            device = studio.midi.plugs.devices[0]
            note_mode, session = (mido.Message.from_hex(f"F0 47 7F 4F 62 00 01 0{i} F7") for i in (1, 0))
            pad.send(note_mode)
            await until(lambda: not device.is_lit, "note mode")
            pad.forget()
            studio.submit("/rg/track/drums/lock", [1])
            studio.midi.send_clock(b"\xf8")
            pad.send(session)
            await pad.see(56, 21, 6)
            assert pad.heard[0].hex() == "F0 47 7F 4F 60 00 04 00 01 00 00 F7"


@in_loop
async def test_who_takes_a_joined_controller_apart_is_left_to_it(server, tmp_path):
    async with Studio(server, tmp_path) as studio:
        with launchpad(server) as pad:
            await pad.wait(lambda heard: LOGO in heard)
            for _ in range(2):
                links = studio.midi.system.watch.links("Launchpad X lights:LPX MIDI")
                (ours,) = [name for name in links if "resonantgen" in name]
                server.patchbay.disconnect(ours, "Launchpad X lights:LPX MIDI")
                for _ in range(3):
                    studio.midi.plugs.look()
            assert not studio.midi.system.is_linked("Launchpad X lights:LPX MIDI")


@pytest.mark.parametrize("wanted", [True, False])
@in_loop
async def test_midi_clock_goes_to_who_follows_it_and_to_nobody_else_and_not_back_again(
    server, tmp_path, wanted
):
    tick = mido.Message("clock")
    clocks: list[bytes] = []
    async with Studio(server, tmp_path, send_clock=wanted) as studio:
        with (
            launchpad(server) as pad,
            Pad(server, "X-Touch", "X-Touch MIDI 1") as desk,
            Pad(server).join() as other,
        ):
            await pad.wait(lambda heard: LOGO in heard)
            await desk.wait(lambda heard: len(heard) > 100)
            studio.midi.send_clock(bytes(tick.bytes()))
            studio.submit("/rg/track/bass/lock", [1])
            await pad.see(82, 21)
            await desk.see(25, 127)
            await other.see(37, 21)
            assert (tick in pad.heard) is wanted
            assert tick not in desk.heard and tick not in other.heard
            studio.midi.hear_clock = lambda port, data, at_s: clocks.append(data)
            pad.send(tick)
            pad.press(84)
            desk.send(tick)
            desk.press(24)
            tracks = [studio.session.tracks[name] for name in ("drums", "melody")]
            await until(lambda: all(track.locked for track in tracks), "both presses")
            assert len(clocks) == (1 if wanted else 2)  # who is sent ours may send it straight back


@in_loop
async def test_any_controller_learns_and_is_listened_to_from_then_on(server, tmp_path):
    async with Studio(server, tmp_path) as studio:
        with Pad(server, "Mystery keys", "out") as keys:
            keys.press(60)
            studio.submit("/rg/midi/learn", ["/rg/track/bass/lock"])
            await until(lambda: "Mystery keys:out" in names_of(studio), "listening")
            keys.press(60)
            await until(lambda: any(isinstance(event, e.Done) for event in studio.told), "learning")
            assert names_of(studio) == ["Mystery keys:out", "Generic pad"]  # and no other port is
            keys.press(60)
            await until(lambda: studio.session.tracks["bass"].locked, "the lock")
    async with Studio(server, tmp_path) as studio:
        with Pad(server, "Mystery keys", "out") as keys:
            await until(lambda: "Mystery keys:out" in names_of(studio), "plugging in")
            keys.press(60)
            await until(lambda: studio.session.tracks["bass"].locked, "the lock")


@in_loop
async def test_what_goes_wrong_with_one_message_is_told_and_the_next_one_is_heard(
    server, tmp_path, monkeypatch
):
    async with Studio(server, tmp_path) as studio:
        with launchpad(server) as pad:
            await pad.wait(lambda heard: LOGO in heard)
            controller = studio.midi.plugs.devices[0].controller
            monkeypatch.setattr(controller, "receive", None)
            pad.press(81)
            await until(lambda: studio.told, "being told")
            assert "MIDI: TypeError" in studio.told[0].text
            monkeypatch.undo()
            pad.press(81)
            await pad.see(81, 21)


@in_loop
async def test_while_learning_devices_are_listened_to_and_not_programs_that_play(server, tmp_path):
    device = server.patchbay.midi_outports.register("keys", is_physical=True)
    try:
        async with Studio(server, tmp_path) as studio:
            with Pad(server, "Sequencer", "out"):
                studio.submit("/rg/midi/learn", ["/rg/play"])
                await until(lambda: "patchbay:keys" in names_of(studio), "listening")
                assert names_of(studio) == ["patchbay:keys", "Generic pad"]
    finally:
        device.unregister()
