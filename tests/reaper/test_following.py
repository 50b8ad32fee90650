"""Locks are shown; an engine is found, lost and found again; what goes wrong takes nothing else along."""

from __future__ import annotations

from tests.reaper.paper_engine import BAND, PaperEngine
from tests.reaper.test_landing import places

AMBER = 240 | 180 << 8 | 40 << 16 | 0x1000000


# --- locks ----------------------------------------------------------------------------------------


def test_a_lock_is_seen_on_the_item_and_on_its_button(desk, engine):
    engine.stem("bass", 1)
    desk.action("Lock Bass")  # known to REAPER from now on
    for on in (1, 0):
        engine.say("/rg/track/bass/lock", on)
        (item,) = desk.items("bass")
        assert (item["locked"], item["color"]) == (bool(on), AMBER if on else 0)
        assert desk.light("Lock Bass") == on


def test_the_colour_that_was_there_comes_back(desk, engine):
    engine.stem("bass", 1)
    desk.by_hand("host.all_items(project)[1].values.I_CUSTOMCOLOR = 0x1123456")
    engine.say("/rg/track/bass/lock", 1)
    engine.say("/rg/track/bass/lock", 0)
    assert desk.items("bass")[0]["color"] == 0x1123456


def test_an_item_that_the_musician_locked_stays_locked(desk, engine):
    engine.stem("bass", 1)
    desk.by_hand("host.all_items(project)[1].values.C_LOCK = 1")
    engine.say("/rg/track/bass/lock", 1)
    engine.say("/rg/track/bass/lock", 0)
    assert desk.items("bass")[0]["locked"]


def test_what_is_locked_already_is_shown_when_reaper_comes(desk):
    engine = PaperEngine(desk)
    engine.stem("bass", 1)
    engine.values["/rg/track/bass/lock"] = (1,)
    desk.follow()
    engine.until(lambda: bool(desk.items("bass")))
    engine.turns()
    assert desk.items("bass")[0]["locked"]


def test_nothing_to_show_leaves_no_step_in_reapers_undo(desk, engine):
    before = desk.undo_points()
    engine.say("/rg/track/bass/lock", 1)
    engine.say("/rg/track/bass/lock", 0)
    assert desk.undo_points() == before


# --- the connection -------------------------------------------------------------------------------


def test_an_engine_that_comes_later_is_found_and_one_that_goes_is_told(desk):
    desk.follow()
    desk.turn(2000.0)
    engine = PaperEngine(desk)
    engine.is_there = False
    engine.wait(5.0)
    assert desk.console() == "ResonantGen: waiting for an engine on port 9130 (resonantgen serve)\n"
    engine.is_there = True
    engine.until(lambda: desk.setting("connected") == "1")
    engine.is_there = False
    engine.until(lambda: desk.setting("connected") == "0")
    assert "the engine has gone" in desk.console()
    engine.start()
    engine.is_there = True
    engine.until(lambda: desk.setting("connected") == "1")
    for name in BAND:
        engine.stem(name, 1)
    assert all(places(desk, name) == [(0, 8, 1)] for name in BAND)


def test_a_slow_engine_is_greeted_again_on_another_connection_and_never_twice_on_one(desk):
    engine = PaperEngine(desk)
    engine.is_deaf = True
    desk.follow()
    engine.wait(12.0)
    assert len(engine.greeted_by) == len(set(engine.greeted_by)) == 4  # after 1.5, 3 and 6 s
    engine.is_deaf = False
    engine.until(lambda: desk.setting("connected") == "1", longest_s=20.0)


def test_while_nobody_is_there_no_files_pile_up(desk):
    desk.follow()
    desk.turn(2000.0)
    for step in range(600):
        desk.turn(2000.0 + step * 0.1)
    assert len(list(desk.mailbox.rglob("*.osc"))) == 1


def test_a_folder_that_cannot_be_written_to_is_told_once(desk):
    desk.mailbox.write_text("a file stands there")
    desk.follow()
    for step in range(60):
        desk.turn(2000.0 + step * 0.2)
    assert desk.console().count("cannot write where the engine would read") == 1


def test_what_a_full_disk_did_not_take_is_told_and_not_half_sent(desk, engine):
    desk.lua(
        "local open = io.open io.open = function(path, mode) local file, why = open(path, mode)"
        " if not (file and path:find('%.part$')) then return file, why end"
        " return {write = function() file:write('/rg/tr') return nil, 'No space left on device' end,"
        " close = function() return file:close() end} end"
    )
    desk.action("Lock Bass")
    assert "cannot reach the engine: No space left on device" in desk.console()
    assert [path for path in desk.mailbox.rglob("*") if path.is_file()] == []


def test_what_was_read_is_taken_away(desk, engine):
    engine.stem("bass", 1)
    engine.turns(3)
    assert list(desk.mailbox.rglob("*.osc")) == []


def test_the_lease_is_kept_at_rest(desk, engine):
    for _ in range(18):  # longer than the lease
        engine.wait(2.0)
        assert len(engine.peers) == 1 and desk.setting("connected") == "1"


def test_a_mistake_in_a_message_takes_no_other_with_it(desk, engine):
    engine.values["/rg/tempo"] = ("no number",)
    engine.stem("bass", 1)
    assert places(desk, "bass") == [(0, 8, 1)]


def test_refusals_and_warnings_are_told_and_news_is_not(desk, engine):
    engine.say("/rg/fail", "/rg/track/bass/regenerate", 3, "locked", "the bass is locked")
    engine.say("/rg/log", "warning", "the disk is nearly full")
    engine.say("/rg/log", "info", "JACK came")
    assert "track/bass/regenerate: the bass is locked" in desk.console()
    assert "the disk is nearly full" in desk.console() and "JACK came" not in desk.console()


def test_who_stops_following_is_gone_for_the_other_scripts(desk, engine):
    desk.stop_following()
    assert (desk.setting("alive"), desk.setting("connected"), desk.light("Follow")) == ("", "0", 0)


def test_a_reaper_that_was_held_up_reads_what_lies_there_before_it_gives_the_engine_up(desk, engine):
    engine.is_there = False
    engine.wait(2.2)  # a ping is under way
    engine.box.step(engine.now_s)
    engine.now_s += 20.0  # a dialog, a render
    engine.is_there = True
    engine.turns()
    assert desk.setting("connected") == "1" and "has gone" not in desk.console()
    assert len(engine.peers) == 1


def test_who_stops_following_has_left_the_engine_at_once(desk, engine):
    desk.stop_following()
    engine.turns(1)
    assert engine.peers == [] and list((desk.mailbox / "9130").iterdir()) == []
