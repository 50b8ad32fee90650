"""Several projects, several sets: stems come to the project of the band, and to no other."""

from __future__ import annotations

from pathlib import Path

from tests.reaper.paper_engine import BAND, PaperEngine
from tests.reaper.test_landing import places, take_paths
from tests.reaper.test_project_template import PROJECT


def test_a_project_with_other_music_in_it_is_left_alone_until_something_is_made(desk):
    desk.by_hand(
        "reaper.InsertTrackAtIndex(0) local item = reaper.AddMediaItemToTrack(project.tracks[1])"
        " item.values.D_LENGTH = 60"
    )
    engine = PaperEngine(desk)
    engine.stem("bass", 1)
    desk.follow()
    engine.until(lambda: desk.setting("connected") == "1")
    engine.turns()
    assert len(desk.tracks()) == 1
    engine.stem("bass", 2)
    assert len(desk.tracks()) == 6 and places(desk, "bass") == [(0, 8, 1)]


def test_a_fresh_project_takes_over_what_the_set_holds(desk):
    engine = PaperEngine(desk)
    paths = [engine.stem(name, 1) for name in BAND]
    desk.follow()
    engine.until(lambda: desk.setting("connected") == "1")
    engine.turns()
    assert [desk.heard(name)[0] for name in BAND] == [Path(path).name for path in paths]


def test_another_set_of_the_engine_is_not_poured_into_a_project_of_this_one(desk, engine):
    engine.stem("bass", 1)
    other = engine.folder.parent / "set2"  # its name begins like this one's
    (other / "stems").mkdir(parents=True)
    engine.folder = other
    engine.values["/rg/set/folder"] = (str(other),)
    engine.is_there = False
    engine.wait(8.0)
    engine.start()
    engine.stem("bass", 5)
    engine.is_there = True
    engine.until(lambda: desk.setting("connected") == "1")
    engine.turns()
    assert places(desk, "bass") == [(0, 8, 1)]


def test_a_set_that_is_opened_comes_into_the_project(desk, engine):
    engine.stem("bass", 1)
    other = engine.folder.parent / "other"
    (other / "stems").mkdir(parents=True)
    (other / "stems" / "bass_120bpm_Am_4bars_t1.wav").write_bytes(
        (engine.folder / "stems" / "bass_120bpm_Am_4bars_t1.wav").read_bytes()
    )
    engine.values["/rg/set/folder"] = (str(other),)
    engine.say("/rg/set/open", "other")
    engine.turns(4)
    assert take_paths(desk, "bass")[0][1] == str(other / "stems" / "bass_120bpm_Am_4bars_t1.wav")


def test_stems_go_on_to_the_project_of_the_band_while_another_is_in_front(desk, engine):
    engine.stem("bass", 1)
    desk.lua("FIRST = host.project; host.project = host.new_project('second.RPP')")
    engine.stem("bass", 2)
    assert desk.tracks() == []
    assert len(desk.lua("return host.seen(FIRST)")[2]["items"][0]["takes"]) == 2


def test_the_project_in_front_is_the_one_if_it_has_the_band(desk, engine):
    engine.stem("bass", 1)
    desk.lua("host.project = host.new_project('second.RPP')")
    desk.load(PROJECT)
    engine.turns()
    assert places(desk, "bass") == [(0, 8, 1)]  # what the set holds
    engine.stem("bass", 2)
    assert places(desk, "bass") == [(0, 8, 2)]


def test_a_project_that_was_closed_is_followed_by_the_one_in_front(desk, engine):
    desk.lua("objects.delete(host.project); host.project = host.new_project('second.RPP')")
    engine.turns()
    engine.stem("bass", 1)
    assert places(desk, "bass") == [(0, 8, 1)]
