"""Pads to messages, events to lights."""

from __future__ import annotations

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.osc_spec import STATES
from engine import events as e
from tests.bridge.midi_desk import Desk, light

EXTRA = """
[looks]
off = { velocity = 0 }
solid = { velocity = 127 }
pulse = { velocity = 3, channel = 3 }
blink = { velocity = 2, channel = 2 }
failed = { velocity = 4 }
"""


# --- in -------------------------------------------------------------------------------------------


def test_a_pad_press_asks_once_and_letting_go_asks_nothing():
    desk = Desk()
    assert desk.note(40) == [("/rg/track/drums/regenerate",)]
    assert desk.play(mido.Message("note_off", note=40)) == []
    assert desk.note(41) == [("/rg/track/bass/regenerate",)]
    assert desk.note(41, velocity=0) == []


def test_a_toggle_asks_for_the_opposite_of_what_the_engine_last_said():
    desk = Desk()
    assert desk.note(36) == [("/rg/track/drums/lock", 1)]
    assert desk.note(36) == [("/rg/track/drums/lock", 1)]  # not answered yet: ask the same again
    desk.show(e.TrackLock("drums", True))
    assert desk.note(36) == [("/rg/track/drums/lock", 0)]
    assert desk.note(37) == [("/rg/track/bass/lock", 1)]  # another track's lock is its own


def test_a_toggle_of_all_tracks_goes_off_only_when_all_are_on():
    desk = Desk('[[bind]]\nnote = 1\naddress = "/rg/track/*/mute"\nargs = ["$toggle"]')
    desk.show(e.TrackMute("drums", True), e.TrackMute("bass", False))
    assert desk.note(1) == [("/rg/track/*/mute", 1)]
    desk.show(e.TrackMute("bass", True))
    assert desk.note(1) == [("/rg/track/*/mute", 0)]


def test_a_gate_follows_the_finger():
    desk = Desk('[[bind]]\nnote = 1\naddress = "/rg/track/bass/mute"\nargs = ["$gate"]')
    assert desk.note(1) == [("/rg/track/bass/mute", 1)]
    assert desk.note(1, velocity=0) == [("/rg/track/bass/mute", 0)]


def test_a_button_that_sends_cc_is_pressed_once_however_many_messages_say_so():
    desk = Desk('[[bind]]\ncc = 1\naddress = "/rg/play"')
    assert desk.cc(1, 0) == desk.cc(1, 63) == []
    assert desk.cc(1, 64) == [("/rg/play",)]
    assert desk.cc(1, 127) == []
    desk.cc(1, 0)
    assert desk.cc(1, 127) == [("/rg/play",)]


@given(st.lists(st.integers(0, 127), min_size=1, max_size=20))
def test_a_knob_asks_on_every_move_within_its_range(positions):
    desk = Desk()
    asked = [desk.cc(28, position) for position in positions]
    assert all(len(messages) == 1 and messages[0][0] == "/rg/track/drums/volume" for messages in asked)
    for position, [(_, volume_db)] in zip(positions, asked, strict=True):
        assert volume_db == pytest.approx(-48 + 54 * position / 127) and -48 <= volume_db <= 6


def test_the_velocity_of_a_pad_can_be_the_value():
    desk = Desk('[[bind]]\nnote = 1\naddress = "/rg/track/bass/param"\nargs = ["energy", "$value"]')
    assert desk.note(1, velocity=127) == [("/rg/track/bass/param", "energy", 1.0)]
    assert desk.note(1, velocity=0) == []


def test_a_binding_on_a_channel_hears_no_other():
    desk = Desk('[[bind]]\nnote = 1\nchannel = 10\naddress = "/rg/play"')
    assert desk.note(1, channel=0) == [] and desk.note(1, channel=9) == [("/rg/play",)]


def test_one_pad_may_ask_for_several_things_in_their_order():
    desk = Desk('[[bind]]\nnote = 1\naddress = "/rg/stop"\n[[bind]]\nnote = 1\naddress = "/rg/launch"')
    assert desk.note(1) == [("/rg/stop",), ("/rg/launch",)]


@given(st.lists(st.binary(min_size=1, max_size=3), max_size=20))
def test_any_message_at_all_is_taken(chunks):
    desk = Desk()
    parser = mido.Parser()
    for chunk in chunks:
        parser.feed(chunk)
    desk.play(*parser)
    assert all(address.startswith("/rg/") for address, *_ in desk.asked)


# --- out ------------------------------------------------------------------------------------------


def test_a_lock_lights_its_pad_and_only_when_it_changes():
    desk = Desk()
    assert desk.show(e.TrackLock("drums", True)) == [light(36, 21)]
    assert desk.show(e.TrackLock("drums", True)) == []
    assert desk.show(e.TrackLock("bass", False)) == [light(37, 0)]
    assert desk.show(e.TrackLock("drums", False)) == [light(36, 0)]


def test_every_state_of_a_track_has_its_own_light():
    desk = Desk()
    lights = {state: desk.show(e.TrackState("melody", state)) for state in STATES}
    assert lights["generating"] == [light(43, 45, channel=2)]  # pulsing
    assert lights["queued"] == [light(43, 13, channel=1)]  # blinking
    assert lights["failed"] == [light(43, 5, channel=1)]  # red
    assert len({str(shown) for shown in lights.values()}) == len(STATES)


def test_values_without_a_light_send_nothing():
    assert Desk().show(e.TrackLevel("drums", -3.0), e.Beat(1, 1, 120.0), e.TrackTake("drums", 1, 1)) == []


def test_refresh_lights_everything_as_it_is():
    desk = Desk()
    desk.show(e.TrackLock("bass", True), e.Playing(True))
    desk.sent.clear()
    desk.controller.refresh()
    shown = {message.note: message.velocity for message in desk.sent}
    assert shown == {36: 0, 37: 21, 38: 0, 39: 0, 40: 0, 41: 0, 42: 0, 43: 0, 46: 21, 56: 0}


def test_at_the_end_every_light_goes_out():
    desk = Desk()
    desk.controller.dark()
    assert {m.note for m in desk.sent} == {36, 37, 38, 39, 40, 41, 42, 43, 46, 56}
    assert all(message.velocity == 0 for message in desk.sent)


def test_a_pad_that_puts_its_own_light_out_is_lit_again_when_it_is_let_go():
    desk = Desk()
    desk.show(e.TrackLock("drums", True))
    desk.sent.clear()
    desk.note(36)
    assert desk.sent == []
    desk.note(36, velocity=0)
    assert desk.sent == [light(36, 21)]
    desk.note(36, velocity=0)  # it was let go already
    assert desk.sent == [light(36, 21)]


def test_a_button_with_a_cc_is_lit_by_that_cc():
    desk = Desk(EXTRA + '[[led]]\ncc = 91\nshows = "/rg/playing"')
    assert desk.show(e.Playing(True)) == [mido.Message("control_change", control=91, value=127)]
