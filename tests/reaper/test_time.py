"""REAPER's time and the engine's: both ways, and no echo."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.reaper.paper_engine import PaperEngine
from tests.reaper.reaper_host import ReaperHost
from tests.reaper.test_landing import places


def set_tempo(desk: ReaperHost, bpm: float) -> None:
    """By hand, in REAPER's transport bar."""
    desk.by_hand(f"host.at_new_tempo(project, function() project.bpm = {bpm} end)")


def tempo(desk: ReaperHost) -> tuple[float, int, int]:
    bpm, beats, unit = desk.lua(
        "local beats, unit, bpm = reaper.TimeMap_GetTimeSigAtTime(0, 0) return {bpm, beats, unit}"
    )
    return bpm, beats, unit


def rolling(desk: ReaperHost) -> bool:
    return bool(desk.lua("return host.project.rolling"))


# --- tempo ----------------------------------------------------------------------------------------


def test_reapers_tempo_goes_to_the_engine_and_its_echo_does_nothing(desk, engine):
    engine.heard.clear()
    set_tempo(desk, 128.4)
    engine.wait(0.3)
    assert [round(args[0], 3) for args in engine.heard_at("/rg/tempo")] == [128.4]
    edits = desk.lua("return host.project.edits")
    engine.say("/rg/tempo", 128.4)
    engine.wait(1.0)
    assert desk.lua("return host.project.edits") == edits and len(engine.heard_at("/rg/tempo")) == 1


def test_the_echo_of_a_tempo_that_is_being_dragged_does_not_fight_the_hand(desk, engine):
    for bpm in (121, 122, 123, 124):
        set_tempo(desk, bpm)
        engine.turns(1)
        engine.say("/rg/tempo", bpm - 1.0)  # late
    engine.wait(0.2)
    engine.say("/rg/tempo", 124.0)
    engine.wait(1.0)
    assert tempo(desk)[0] == 124
    assert engine.heard_at("/rg/tempo")[-1] == (124,)


def test_the_engines_tempo_becomes_reapers_and_is_not_sent_back(desk, engine):
    engine.heard.clear()
    engine.say("/rg/tempo", 140.0)
    engine.wait(1.0)
    assert tempo(desk) == (140, 4, 4)
    assert engine.heard_at("/rg/tempo") == []


def test_what_is_told_before_the_engine_has_heard_of_the_change_is_old(desk, engine):
    """However slow the way is: here it takes seconds."""
    set_tempo(desk, 100)
    engine.turns(1)
    engine.is_there = False
    engine.say("/rg/tempo", 120.0)
    engine.wait(2.0)
    assert tempo(desk)[0] == 100
    engine.values["/rg/tempo"] = (100.0,)
    engine.is_there = True
    engine.say("/rg/tempo", 100.0)
    engine.wait(1.0)
    assert tempo(desk)[0] == 100 and engine.heard_at("/rg/tempo")[-1] == (100,)
    assert "ResonantGen: 120 bpm" not in desk.undo_points()


def test_a_tempo_that_is_dragged_is_sent_ten_times_a_second_and_at_the_end(desk, engine):
    engine.heard.clear()
    for step in range(60):
        set_tempo(desk, 100 + step)
        engine.turns(1)
    engine.wait(0.3)
    sent = engine.heard_at("/rg/tempo")
    assert 15 <= len(sent) <= 22 and sent[-1] == (159,)


def test_what_the_engine_says_after_that_is_done(desk, engine):
    set_tempo(desk, 100)
    engine.wait(0.2)
    engine.say("/rg/tempo", 100.0)
    engine.say("/rg/tempo", 90.0)
    engine.turns(2)
    assert tempo(desk)[0] == 90


def test_a_tempo_that_is_refused_goes_back_and_is_told_once(desk, engine):
    """Another clock leads: the engine answers each try with the true tempo, and why."""
    refusal = ("/rg/tempo", -1, "locked", "the 120 bpm are MIDI clock's")
    for bpm in (121, 122, 123, 124):
        set_tempo(desk, bpm)
        engine.turns(4)
        engine.say("/rg/tempo", 120.0)
        engine.say("/rg/fail", *refusal)
    engine.wait(1.0)
    assert tempo(desk)[0] == 120
    assert desk.console().count("MIDI clock's") == 1
    engine.wait(5.0)
    engine.say("/rg/fail", *refusal)
    assert desk.console().count("MIDI clock's") == 2


def test_signatures_go_both_ways(desk, engine):
    engine.say("/rg/signature", 7, 8)
    engine.wait(0.6)
    assert tempo(desk) == (120, 7, 8)
    desk.by_hand("project.markers[1].beats, project.markers[1].unit = 3, 4")
    engine.wait(0.6)
    assert engine.heard_at("/rg/signature")[-1] == (3, 4)


def test_a_tempo_the_engine_cannot_play_is_told_and_not_sent(desk, engine):
    engine.heard.clear()
    set_tempo(desk, 300)
    engine.wait(0.5)
    assert engine.heard_at("/rg/tempo") == [] and "from 40 to 240 bpm, not 300" in desk.console()


def test_a_tempo_map_stays_as_it_is(desk, engine):
    desk.by_hand(
        "project.markers = {{at_s = 0, bpm = 120, beats = 4, unit = 4},"
        " {at_s = 16, bpm = 90, beats = 3, unit = 4}}"
    )
    engine.wait(1.0)
    engine.heard.clear()
    desk.by_hand("project.cursor = 20")
    engine.wait(1.0)
    assert engine.heard_at("/rg/tempo") == []  # a cursor under another tempo is nobody's wish
    engine.say("/rg/tempo", 140.0)
    assert "this project has a tempo map" in desk.console() and tempo(desk)[0] == 120
    desk.lua("reaper.OnPlayButtonEx(0)")
    engine.wait(0.5)
    assert engine.heard_at("/rg/tempo") == [(90,)] and engine.heard_at("/rg/signature") == [(3, 4)]


def test_when_the_tempo_changes_the_stem_at_the_new_one_is_a_take_of_the_same_item(desk, engine):
    engine.stem("bass", 1)
    engine.say("/rg/tempo", 150.0)
    assert places(desk, "bass") == [(0, 6.4, 1)]  # REAPER stretches what is there
    engine.stem("bass", 2, seconds=6.4, bpm=150.0)
    (item,) = desk.items("bass")
    assert [take["rate"] for take in item["takes"]] == [1.25, 1]


def test_a_fresh_project_takes_the_sets_tempo_and_one_with_music_leads(desk):
    engine = PaperEngine(desk)
    engine.values["/rg/tempo"] = (99.0,)
    engine.stem("bass", 1, seconds=4 * 4 * 60 / 99, bpm=99.0)
    desk.follow()
    engine.until(lambda: bool(desk.items("bass")))
    assert tempo(desk)[0] == 99
    engine.is_there = False
    set_tempo(desk, 132)
    engine.wait(8.0)
    engine.is_there = True
    engine.start()
    engine.until(lambda: engine.heard_at("/rg/tempo")[-1:] == [(132,)])
    assert tempo(desk)[0] == 132


def test_before_the_two_have_met_reapers_tempo_is_not_told(desk):
    """A clock that leads would bring it into the set, and every stem there to another tempo."""
    engine = PaperEngine(desk)
    engine.values["/rg/tempo"] = (99.0,)
    engine.stem("bass", 1, seconds=4 * 4 * 60 / 99, bpm=99.0)
    engine.dumps = False
    desk.follow()
    engine.wait(2.0)
    assert engine.heard_at("/rg/clock/position") == [] and desk.setting("connected") == "0"
    engine.dumps = True
    for peer in engine.peers:
        engine.dump(peer)
    engine.wait(0.2)
    assert [args[1] for args in engine.heard_at("/rg/clock/position")] == [99]


# --- transport ------------------------------------------------------------------------------------


def test_positions_are_told_as_quarter_notes_ten_times_a_second_while_rolling(desk, engine):
    set_tempo(desk, 90)
    engine.wait(0.5)
    engine.heard.clear()
    desk.lua("reaper.OnPlayButtonEx(0)")
    started_s = engine.now_s
    engine.wait(2.0)
    told = engine.heard_at("/rg/clock/position")
    assert 15 <= len(told) <= 21
    assert all((bpm, on) == (90, 1) for _, bpm, on in told)
    assert told[-1][0] == pytest.approx((engine.now_s - started_s) * 1.5, abs=0.3)
    steps = [after[0] - before[0] for before, after in pairwise(told)]
    assert max(steps) - min(steps) < 1e-3


def test_at_rest_only_what_changes_is_told(desk, engine):
    engine.wait(1.0)
    engine.heard.clear()
    engine.wait(2.0)
    assert engine.heard_at("/rg/clock/position") == []
    desk.by_hand("project.cursor = 6.0")
    engine.wait(1.0)
    assert engine.heard_at("/rg/clock/position") == [(12, 120, 0)]


def test_a_stop_is_told_at_once(desk, engine):
    desk.lua("reaper.OnPlayButtonEx(0)")
    engine.wait(1.0)
    desk.lua("reaper.OnStopButtonEx(0)")
    engine.turns(2)
    assert engine.heard_at("/rg/clock/position")[-1][2] == 0


def test_the_engines_start_and_stop_move_reaper(desk, engine):
    engine.wait(1.0)
    engine.say("/rg/playing", 1)
    assert rolling(desk)
    engine.wait(1.0)
    engine.say("/rg/playing", 0)
    assert not rolling(desk)


def test_a_late_answer_to_reapers_own_start_does_not_stop_it(desk, engine):
    engine.wait(1.0)
    for _ in range(2):
        desk.lua("reaper.OnPlayButtonEx(0)")
        engine.turns(1)
        engine.say("/rg/playing", 0)
        assert rolling(desk)
    engine.say("/rg/playing", 1)
    engine.wait(1.0)
    assert rolling(desk)


def test_a_stop_right_after_reapers_start_is_done_in_the_end(desk, engine):
    engine.wait(1.0)
    desk.lua("reaper.OnPlayButtonEx(0)")
    engine.turns(3)
    engine.say("/rg/playing", 1)
    engine.say("/rg/playing", 0)
    engine.wait(1.0)
    assert not rolling(desk)


def test_what_the_dump_says_of_the_transport_is_no_order(desk):
    desk.lua("reaper.OnPlayButtonEx(0)")
    engine = PaperEngine(desk)
    engine.values["/rg/playing"] = (0,)
    desk.follow()
    engine.until(lambda: desk.setting("connected") == "1")
    engine.wait(1.0)
    assert rolling(desk)


def test_a_musician_can_keep_reapers_transport_to_themselves(desk, engine):
    desk.action("Transport Follows")
    assert desk.light("Transport Follows") == 0
    engine.wait(1.0)
    engine.say("/rg/playing", 1)
    assert not rolling(desk)


def test_at_another_play_rate_reaper_leads_nobody(desk, engine):
    desk.by_hand("project.play_rate = 0.5")
    engine.heard.clear()
    desk.lua("reaper.OnPlayButtonEx(0)")
    engine.wait(1.0)
    assert engine.heard_at("/rg/clock/position") == []
