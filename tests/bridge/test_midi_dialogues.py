"""What each maker's controller says and is told, byte for byte."""

from __future__ import annotations

import mido
import pytest

from bridge.midi_map_file import TRACKS, load_map
from bridge.midi_sysex import text_message
from engine import events as e
from tests.bridge.midi_desk import Desk

BASS = "/rg/track/bass"


def said(desk: Desk, *events: e.Event) -> list[str]:
    return [message.hex() for message in desk.show(*events)]


def turned(desk: Desk, control: int) -> list[str]:
    """What is sent when a page button is pressed."""
    desk.sent.clear()
    desk.push(control)
    return [message.hex() for message in desk.sent]


# --- locked solid, generating pulses, queued and waiting blink, failed red ------------------------

STATES = {  # the lock's light on, generating, queued, waiting for the bar, failed, there
    "launchpad_x": ("90 52 15", "92 48 2D", "90 48 00|91 48 0D", "90 48 00|91 48 0D", "90 48 00|91 48 05",
                    "90 48 01"),
    "apc_mini_mk2": ("96 39 15", "99 31 2D", "9E 31 0D", "9E 31 0D", "9E 31 05", "90 31 03"),
    "push2": ("90 5D 7E|B0 67 7E", "90 55 00|99 55 7D|B0 15 00|B9 15 7D",
              "90 55 00|9E 55 08|B0 15 00|BE 15 08", "90 55 00|9E 55 08|B0 15 00|BE 15 08",
              "90 55 00|9E 55 7F|B0 15 00|BE 15 7F", "90 55 7B|B0 15 7B"),
    "generic_pad": ("90 25 15", "92 29 2D", "91 29 0D", None, "91 29 05", "90 29 01"),
}  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_lights_tell_the_truth_in_the_makers_own_way(name):
    lock, generating, queued, waiting, failed, there = STATES[name]
    desk = Desk(name)
    desk.controller.refresh()

    def shown(*events: e.Event) -> str:
        return "|".join(sorted(said(desk, *events), key=lambda text: text[0]))

    assert shown(e.TrackLock("bass", True)) == lock
    assert shown(e.TrackState("bass", "generating")) == generating
    assert shown(e.TrackState("bass", "queued")) == queued
    assert shown(e.TrackState("bass", "failed")) == failed
    assert shown(e.TrackState("bass", "ready")) == there
    if waiting is not None:
        assert shown(e.TrackWaiting("bass", "boundary")) == waiting
        assert shown(e.TrackWaiting("bass", "none")) == there


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("launchpad_x", "F0 00 20 29 02 0C 0E 01 F7", "F0 00 20 29 02 0C 0E 00 F7"),
        ("launchpad_mini_mk3", "F0 00 20 29 02 0D 0E 01 F7", "F0 00 20 29 02 0D 0E 00 F7"),
        ("launchpad_pro_mk3", "F0 00 20 29 02 0E 0E 01 F7", "F0 00 20 29 02 0E 0E 00 F7"),
        ("push2", "F0 00 21 1D 01 01 0A 01 F7", "F0 00 21 1D 01 01 0A 00 F7"),
        ("apc_mini_mk2", "F0 47 7F 4F 60 00 04 00 01 00 00 F7", None),
        ("mackie_control", "F0 00 00 66 14 20 00 03 F7", "F0 00 00 66 14 62 F7"),
    ],
)
def test_a_controller_is_set_to_its_mode_before_its_lights_and_given_back_after_them(name, first, last):
    desk = Desk(name)
    desk.controller.refresh()
    assert desk.sent[0].hex() == first
    desk.controller.dark()
    if last is not None:
        assert desk.sent[-1].hex() == last


def test_push_keeps_the_palette_that_live_goes_by_and_its_white_lights_are_told_how_bright():
    desk = Desk("push2")
    desk.controller.refresh()
    assert [message.hex() for message in desk.sent if message.type == "sysex"] == [
        "F0 00 21 1D 01 01 0A 01 F7"
    ]
    lamps = desk.lights()
    assert (lamps["cc", 50], lamps["cc", 51]) == ((127, 0), (16, 0))  # the page shown, and another
    assert said(desk, e.TrackWaiting("bass", "launch"))[-1] == "BE 38 7F"


def test_a_mixed_colour_goes_by_sysex():
    desk = Desk("launchpad_x")
    desk.controller.refresh()
    assert desk.note(85) == [("/rg/generate", "dark techno with driving bass at 128 bpm")]
    assert desk.sent[-1].hex() == "F0 00 20 29 02 0C 03 03 55 7F 35 00 F7"  # #ff6a00 in seven bits each
    desk = Desk("apc_mini_mk2")
    desk.controller.refresh()
    desk.note(60)
    said_now = [message.hex() for message in desk.sent]
    assert "F0 47 7F 4F 24 00 08 3C 3C 01 7F 00 6A 00 00 F7" in said_now  # and in eight


# --- pages ----------------------------------------------------------------------------------------


def test_a_page_button_changes_what_pads_do_and_show():
    desk = Desk("launchpad_x")
    desk.show(e.TrackTake("drums", 2, 3), e.TrackState("drums", "ready"), e.TrackLock("drums", True))
    desk.controller.refresh()
    shown = turned(desk, 96)
    assert {"B0 5F 01", "B0 60 03"} <= set(shown)  # the page's own light
    assert {"90 51 01", "90 47 15", "90 3D 01", "90 33 00"} <= set(
        shown
    )  # takes 1, 2 (current), 3; no fourth
    assert desk.note(61) == [("/rg/track/drums/take", 3)]
    assert "90 51 15" in turned(desk, 95)  # the lock again
    assert desk.note(81) == [("/rg/track/drums/lock", 0)]


def test_the_take_that_is_being_made_pulses_in_its_place():
    desk = Desk("launchpad_x")
    desk.show(e.TrackTake("drums", 2, 2))
    turned(desk, 96)
    assert said(desk, e.TrackState("drums", "generating")) == ["92 3D 2D", "92 19 2D"]
    assert "90 3D 15" in said(desk, e.TrackState("drums", "ready"), e.TrackTake("drums", 3, 3))
    assert said(desk, e.TrackWaiting("drums", "boundary"))[:2] == ["90 3D 00", "91 3D 0D"]


def test_more_takes_than_a_page_holds_are_scrolled_to():
    desk = Desk("launchpad_x")
    turned(desk, 96)
    assert "B0 5C 01" in said(desk, e.TrackTake("bass", 9, 11))  # there is more below
    assert "90 52 15" in turned(desk, 92)  # take 9, current
    assert desk.note(72) == [(f"{BASS}/take", 10)]
    assert desk.note(42) == [] and desk.refused[-1].code == "range"
    assert turned(desk, 92) == []  # no further


def test_more_tracks_than_columns_are_scrolled_to():
    desk = Desk("launchpad_x", tuple(f"t{i}" for i in range(1, 7)))
    desk.show(e.TrackLock("t6", True))
    assert desk.note(82) == [("/rg/track/t2/lock", 1)]
    assert "90 52 15" in turned(desk, 94)
    assert desk.note(82) == [("/rg/track/t6/lock", 0)]
    assert desk.note(83) == []  # there is no seventh


# --- scenes ---------------------------------------------------------------------------------------


def test_scenes_are_loaded_by_their_place_in_the_list():
    desk = Desk("launchpad_x")
    desk.scenes("intro", "verse")
    desk.show(e.SceneLoaded("intro"))
    assert {"90 51 15", "90 52 01", "90 53 00"} <= set(turned(desk, 97))
    assert desk.note(82) == [("/rg/scene/load", "verse")]
    assert [message.hex() for message in desk.sent][-2:] == ["90 52 00", "91 52 0D"]  # until it is there
    assert set(said(desk, e.SceneLoaded("verse"))) == {"90 51 01", "90 52 15"}
    assert desk.note(83) == [] and "2 scenes" in desk.refused[-1].text


def test_a_held_button_saves_and_another_deletes():
    desk = Desk("launchpad_x")
    desk.scenes("intro")
    turned(desk, 97)
    desk.cc(39)
    assert desk.note(81) == [("/rg/scene/save", "intro")]
    assert desk.note(82) == [("/rg/scene/save", "scene 02")]
    desk.cc(39, 0)
    desk.cc(29)
    assert desk.note(81) == [("/rg/scene/delete", "intro")]
    desk.cc(29, 0)
    assert desk.note(81) == [("/rg/scene/load", "intro")]


def test_a_load_that_fails_stops_blinking():
    desk = Desk("launchpad_x")
    desk.scenes("intro")
    turned(desk, 97)
    desk.note(81)
    assert said(desk, e.Failed(e.Origin("midi", "/rg/scene/load"), "not_found", "")) == ["90 51 01"]


def test_the_list_is_asked_for_when_scenes_change():
    desk = Desk("launchpad_x")
    desk.show(e.SceneSaved("one"), e.SceneDeleted("one"), e.SetOpened("other"))
    assert desk.listings == 3


def test_a_name_for_a_new_scene_is_free():
    desk = Desk("mackie_control")
    desk.scenes("a", "scene 03")
    assert desk.tap(80) == [("/rg/scene/save", "scene 04")]
    assert desk.tap(80) == [("/rg/scene/save", "scene 05")]  # before the first is in the list
    desk.scenes("a", "scene 03", "scene 04", "scene 05")
    assert desk.world.saving == set()


def test_the_next_scene_comes_after_the_one_that_is_loaded():
    desk = Desk("mackie_control")
    assert desk.note(92) == [] and desk.refused[-1].code == "empty"
    desk.scenes("a", "b")
    assert desk.tap(92) == [("/rg/scene/load", "a")]
    desk.show(e.SceneLoaded("b"))
    assert desk.tap(92) == [("/rg/scene/load", "a")]


# --- prompts, choices, launching ------------------------------------------------------------------


def test_prompts_are_the_maps_own_and_the_last_one_asked_for_is_bright():
    desk = Desk("push2")
    desk.controller.refresh()
    assert desk.note(97) == [("/rg/generate", "warm deep house at 122 bpm")]
    assert [message.hex() for message in desk.sent][-1] == "90 61 03"
    assert desk.note(64) == [("/rg/generate", "more aggressive")]
    assert {m.hex() for m in desk.sent[-2:]} == {"90 61 7B", "90 40 16"}


def test_a_prompt_is_bright_until_somebody_else_asks_for_another():
    desk = Desk("push2")
    desk.controller.refresh()
    desk.note(97)
    assert said(desk, e.Accepted(e.Origin("midi", "/rg/generate"))) == []  # its own
    assert said(desk, e.Accepted(e.Origin("127.0.0.1:9", "/rg/scene/load"))) == []
    assert said(desk, e.Accepted(e.Origin("127.0.0.1:9", "/rg/generate"))) == ["90 61 7B"]


def test_a_choice_goes_round():
    desk = Desk("launchpad_x")
    desk.show(e.When("loop"))
    assert desk.push(19) == [("/rg/when", "manual")]
    assert said(desk, e.When("manual")) == ["B0 13 31"]
    assert desk.push(19) == [("/rg/when", "now")]


def test_launch_blinks_while_a_take_waits_for_it():
    desk = Desk("launchpad_x")
    desk.controller.refresh()
    assert said(desk, e.TrackWaiting("melody", "launch"))[-2:] == ["B0 3B 00", "B1 3B 0D"]
    assert desk.push(59) == [("/rg/launch",)]
    assert "B0 3B 00" in said(desk, e.TrackWaiting("melody", "none"))


def test_a_column_of_pads_is_a_fader_with_a_bar_of_lights():
    desk = Desk("launchpad_x")
    desk.show(e.TrackVolume("drums", -6.0))
    turned(desk, 98)
    shown = desk.lights()
    lit = [shown["note", 10 * row + 1][0] for row in range(1, 9)]
    assert lit == [21, 21, 21, 21, 0, 0, 0, 0]  # -48, -24, -12 and -6 dB; not -3 and more
    assert desk.note(61) == [("/rg/track/drums/volume", 0.0)]


# --- knobs and faders -----------------------------------------------------------------------------


def test_an_endless_knob_moves_the_value_by_its_clicks_and_stays_in_range():
    desk = Desk("push2")
    desk.show(e.TrackVolume("bass", -6.0), e.TrackParam("bass", "density", 0.5), e.Tempo(120.0))
    assert desk.cc(72, 2) == [(f"{BASS}/volume", -5.0)]
    assert desk.cc(72, 127) == [(f"{BASS}/volume", -6.5)]  # two's complement
    assert desk.cc(72, 60) == [(f"{BASS}/volume", 6.0)]
    assert desk.cc(76, 1) == [(f"{BASS}/param", "density", pytest.approx(0.51))]
    assert desk.cc(14, 126) == [("/rg/tempo", 118.0)]
    desk.cc(49)
    assert desk.cc(14, 1) == [("/rg/tempo", pytest.approx(120.1))]


def test_what_the_apc_does_itself_with_shift_asks_for_nothing():
    desk = Desk("apc_mini_mk2")
    assert desk.tap(118) == [("/rg/generate", "")]
    desk.note(122)
    assert desk.tap(117) == desk.tap(118) == []  # DRUM, NOTE
    assert desk.tap(112) == [("/rg/cancel",)] and desk.controller.layer.page == "band"
    desk.note(122, 0)
    assert desk.tap(117) == [("/rg/launch",)]


def test_a_fader_picks_the_value_up_before_it_leads():
    desk = Desk("apc_mini_mk2")
    desk.show(e.TrackVolume("drums", 0.0))  # three quarters up
    assert desk.cc(48, 20) == desk.cc(48, 60) == []
    assert desk.cc(48, 100) == [("/rg/track/drums/volume", pytest.approx((100 / 127 - 0.75) / 0.25 * 6.0))]


# --- Mackie Control -------------------------------------------------------------------------------


def test_mackie_lights_are_on_blinking_or_off():
    desk = Desk("mackie_control")
    desk.controller.refresh()
    desk.show(e.TrackTake("bass", 1, 1))
    assert said(desk, e.TrackLock("bass", True)) == ["90 19 7F", *lcd(2, "1/1L", slot=1)]
    assert "90 01 01" in said(desk, e.TrackState("bass", "generating"))
    assert "90 01 00" in said(desk, e.TrackState("bass", "ready"))
    assert said(desk, e.Playing(True)) == ["90 5E 7F"]


def lcd(line: int, text: str, slot: int = 0, width: int = 7) -> list[str]:
    offset = (line - 1) * 56 + slot * 7
    letters = " ".join(f"{ord(letter):02X}" for letter in text.ljust(width)[:width])
    return [f"F0 00 00 66 14 12 {offset:02X} {letters} F7"]


def test_the_display_names_tracks_takes_and_what_they_are_doing():
    desk = Desk("mackie_control")
    desk.controller.refresh()
    shown = [message.hex() for message in desk.sent]
    assert lcd(1, "harmony", 2)[0] in shown
    assert said(desk, e.TrackTake("bass", 2, 5)) == lcd(2, "2/5", 1)
    assert lcd(2, "2/5...", 1)[0] in said(desk, e.TrackState("bass", "generating"))
    assert lcd(2, "2/5L", 1)[0] in said(desk, e.TrackState("bass", "ready"), e.TrackLock("bass", True))
    assert lcd(2, "2/5L!!", 1)[0] in said(desk, e.TrackState("bass", "failed"))


def test_the_display_shows_what_a_knob_sets_and_the_prompt():
    desk = Desk("mackie_control")
    desk.show(e.TrackParam("bass", "density", 0.25), e.Tempo(128.0), e.KeyChanged("Am"))
    desk.sent.clear()
    desk.tap(41)
    shown = [message.hex() for message in desk.sent]
    assert lcd(2, "0.25", 1)[0] in shown
    assert "B0 31 24" in shown  # the ring of the second knob: fourth place of a bar
    assert desk.cc(17, 1) == [(f"{BASS}/param", "density", pytest.approx(0.26))]
    assert desk.cc(17, 65) == [(f"{BASS}/param", "density", pytest.approx(0.24))]  # the sign bit
    desk.tap(62)
    desk.sent.clear()
    desk.tap(52)
    shown = [message.hex() for message in desk.sent]
    assert lcd(1, "dark techno with driving bass at 128 bpm", width=55)[0] in shown
    assert lcd(2, "128 Am", width=55)[0] in shown


def test_a_display_is_sent_letters_alone():
    shown = text_message("F0 00 {offset} {text} F7", 5, "a\nb\x7f\u00e9").hex()
    assert shown == "F0 00 05 61 20 62 20 3F F7"


def test_strips_without_a_track_are_dark_and_rings_go_out_with_their_page():
    desk = Desk("mackie_control")
    desk.tap(41)  # density
    desk.show(*(e.TrackParam(track, "density", 0.0) for track in TRACKS), e.TrackTake("bass", 1, 1))
    desk.sent.clear()
    desk.controller.refresh()
    shown = [message.hex() for message in desk.sent]
    assert {"B0 31 21", "B0 34 00", *lcd(2, "", 4)} <= set(shown)  # the first lamp; the fifth strip
    desk.sent.clear()
    desk.tap(40)  # takes
    shown = [message.hex() for message in desk.sent]
    assert {f"B0 {number:02X} 00" for number in (0x30, 0x31, 0x32, 0x33)} <= set(shown)
    assert lcd(2, "1/1", 1)[0] in shown and lcd(2, "/", 4)[0] not in shown


def test_a_motor_fader_follows_the_value_but_never_a_hand():
    desk = Desk("mackie_control")
    assert said(desk, e.TrackVolume("drums", 0.0)) == ["E0 7F 5F"]  # 12287 of 16383: three quarters
    desk.note(104)  # touched
    assert desk.bend(0, 8191) == [("/rg/track/drums/volume", 10.0)]
    assert said(desk, e.TrackVolume("drums", 10.0)) == []
    desk.sent.clear()
    desk.note(104, 0)
    assert [message.hex() for message in desk.sent] == ["E0 7F 7F"]
    assert said(desk, e.TrackVolume("melody", -96.0)) == ["E3 00 00"]


def test_a_fader_that_tells_of_no_fingers_is_not_sent_where_it_was_moved():
    volume = 'bend = 1\naddress = "/rg/track/{t}/volume"\nargs = ["$value"]\n'
    desk = Desk(f'[[bind]]\n{volume}[[position]]\nbend = 1\nshows = "/rg/track/{{t}}/volume"')
    for pitch in (-8192, -5000, 1, 8191):
        [(_, volume_db)] = desk.bend(0, pitch)
        assert said(desk, e.TrackVolume("drums", volume_db)) == []
    assert [text[:2] for text in said(desk, e.TrackVolume("drums", 0.0))] == ["E0"]  # somebody else's


def test_14_bits_reach_values_that_7_could_not():
    desk = Desk("mackie_control")
    first, second = (desk.bend(0, pitch)[0][1] for pitch in (4096, 4097))
    assert 0 < second - first < 0.01


def test_levels_move_their_meters_each_time_they_are_told():
    desk = Desk("mackie_control")
    assert said(desk, e.TrackLevel("bass", -5.0)) == ["D0 19"]
    assert said(desk, e.TrackLevel("bass", -4.5)) == ["D0 19"]  # it falls by itself: say it again
    assert said(desk, e.TrackLevel("harmony", 0.5), e.TrackLevel("drums", -80.0)) == ["D0 2C", "D0 00"]


def test_the_figures_show_bar_and_beat():
    desk = Desk("mackie_control")
    assert said(desk, e.Beat(12, 3, 120.0)) == [
        "B0 49 20", "B0 48 31", "B0 47 32",  # " 12"
        "B0 46 20", "B0 45 33",
    ]  # fmt: skip


def test_every_track_keeps_its_strip_when_the_bank_moves():
    desk = Desk("mackie_control", tuple(f"t{i}" for i in range(1, 11)))
    desk.show(e.TrackVolume("t9", 0.0), e.TrackLock("t9", True))
    desk.sent.clear()
    desk.tap(47)
    shown = [message.hex() for message in desk.sent]
    assert {"90 18 7F", "E0 7F 5F", *lcd(1, "t9")} <= set(shown)
    assert desk.tap(24) == [("/rg/track/t9/lock", 0)]
    desk.tap(48)
    assert desk.tap(24) == [("/rg/track/t8/lock", 1)]


# --- odds and ends --------------------------------------------------------------------------------


def test_messages_that_are_no_control_do_nothing():
    desk = Desk("mackie_control")
    others = [
        mido.Message("sysex", data=(0, 0, 0x66, 0x14, 1)), mido.Message("aftertouch", value=3),
        mido.Message("polytouch", note=1, value=3), mido.Message("songpos", pos=3),
    ]  # fmt: skip
    assert desk.play(*others) == [] and desk.refused == []


def test_what_is_held_is_let_go_when_the_controller_is_pulled_out():
    desk = Desk("launchpad_x")
    desk.scenes("a")
    desk.controller.refresh()
    desk.cc(39)
    desk.sent.clear()
    desk.controller.let_go()
    assert [message.hex() for message in desk.sent] == ["B0 27 01"]  # its light knows
    turned(desk, 97)
    assert desk.note(81) == [("/rg/scene/load", "a")]


def test_a_map_that_names_no_prompt_shows_none():
    assert load_map("generic_pad").names.prompts == {}
