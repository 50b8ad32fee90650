"""Where stems land: at the musician's bar, as takes of their item, and never over the musician's own work."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reaper.paper_engine import BAND, PaperEngine, write_wav
from tests.reaper.reaper_host import ReaperHost
from tests.reaper.test_project_template import PROJECT


def places(desk: ReaperHost, name: str) -> list[tuple[float, float, int]]:
    """Start, length and number of takes of every item."""
    return [(item["at"], item["length"], len(item["takes"])) for item in desk.items(name)]


def take_paths(desk: ReaperHost, name: str) -> list[list[str]]:
    return [[take["path"] for take in item["takes"]] for item in desk.items(name)]


def put_item(desk: ReaperHost, name: str, at: float, length: float) -> None:
    """An item of the musician's own."""
    desk.by_hand(
        "local track for _, t in ipairs(project.tracks) do"
        f" if t.texts['P_EXT:resonantgen'] == '{name}' then track = t end end"
        " local item = reaper.AddMediaItemToTrack(track)"
        f" item.values.D_POSITION, item.values.D_LENGTH = {at}, {length}"
    )


def test_the_first_stem_makes_an_item_that_loops_without_fades(desk, engine):
    path = engine.stem("bass", 1)
    (item,) = desk.items("bass")
    assert (item["at"], item["length"], item["fades"]) == (0, 8, 0)
    assert take_paths(desk, "bass") == [[path]]
    assert desk.undo_points()[-1] == "ResonantGen: bass take 1"


@pytest.mark.parametrize("desk", [{"lua": "lua5.4"}, {"lua": "lua5.3"}], indirect=True)  # REAPER 7's and 6's
def test_the_next_stem_is_another_take_of_the_same_item_and_is_heard(desk, engine):
    paths = [engine.stem("bass", number) for number in (1, 2, 3)]
    assert places(desk, "bass") == [(0, 8, 3)]
    assert take_paths(desk, "bass") == [paths]
    assert desk.heard("bass") == [Path(paths[2]).name]


def test_undo_and_redo_of_the_engine_choose_among_the_takes_that_are_there(desk, engine):
    paths = [engine.stem("bass", number) for number in (1, 2)]
    for number in (1, 2, 1):
        engine.tell_stem("bass", number, Path(paths[number - 1]).name)
        assert desk.heard("bass") == [Path(paths[number - 1]).name]
    assert places(desk, "bass") == [(0, 8, 2)]


def test_another_length_is_an_item_of_its_own_after_the_last(desk, engine):
    engine.stem("bass", 1)
    engine.stem("bass", 2, seconds=4.0, bars=2)
    assert places(desk, "bass") == [(0, 8, 1), (8, 4, 1)]
    engine.stem("bass", 3, seconds=4.0, bars=2)
    assert places(desk, "bass") == [(0, 8, 1), (8, 4, 2)]


def test_and_after_it_wherever_the_musician_has_moved_it(desk, engine):
    engine.stem("bass", 1)
    desk.by_hand("host.all_items(project)[1].values.D_POSITION = 21")
    engine.stem("bass", 2, seconds=4.0, bars=2)
    assert places(desk, "bass") == [(21, 8, 1), (30, 4, 1)]


def test_bars_end_where_the_next_begins_even_when_samples_do_not(desk, engine):
    """A stem is whole samples long: it may end a hair after the bar line."""
    engine.stem("bass", 1, seconds=8.0 + 1 / 44_100)
    engine.stem("bass", 2, seconds=4.0, bars=2)
    assert [at for at, _, _ in places(desk, "bass")] == [0, 8]


@pytest.mark.parametrize(
    ("choice", "bar_s"), [("Place at Cursor", 6.0), ("Place at Loop", 10.0), ("Place at Start", 0.0)]
)
def test_stems_land_at_the_bar_that_the_musician_has_chosen(desk, engine, choice, bar_s):
    desk.by_hand("project.cursor = 7.99; project.loop = {11.0, 19.0}")
    desk.action(choice)
    desk.action("Generate")
    assert places(desk, "drums") == []
    engine.stem("drums", 1)
    assert places(desk, "drums") == [(bar_s, 8, 1)]


def test_without_a_loop_the_cursors_bar_is_meant(desk, engine):
    desk.by_hand("project.cursor = 7.0")
    desk.action("Place at Loop")
    desk.action("Generate")
    engine.stem("drums", 1)
    assert places(desk, "drums") == [(6, 8, 1)]


def test_a_cursor_on_a_bar_line_means_the_bar_that_begins_there(desk, engine):
    desk.by_hand("project.cursor = 3.9999999")
    desk.action("Generate")
    engine.stem("drums", 1)
    assert places(desk, "drums")[0][0] == 4.0


def test_where_the_choice_is_shown_on_its_buttons(desk, engine):
    for name in ("Cursor", "Loop", "Start"):
        desk.action(f"Place at {name}")
    assert [desk.light(f"Place at {name}") for name in ("Cursor", "Loop", "Start")] == [0, 0, 1]
    assert desk.lua(r"return host.kept['ResonantGen\0where']") == "start"


def test_generating_at_another_bar_begins_there_and_leaves_what_is_locked(desk, engine):
    for name in BAND:
        engine.stem(name, 1)
    engine.say("/rg/track/drums/lock", 1)
    desk.by_hand("project.cursor = 16.0")
    desk.action("Generate")
    for name in BAND[1:]:
        engine.stem(name, 2)
        assert places(desk, name) == [(0, 8, 1), (16, 8, 1)]
    engine.say("/rg/track/drums/lock", 0)
    engine.stem("drums", 2)
    assert places(desk, "drums") == [(0, 8, 2)]


def test_generating_again_at_the_same_bar_makes_takes(desk, engine):
    for number in (1, 2):
        desk.action("Generate")
        engine.stem("drums", number)
    assert places(desk, "drums") == [(0, 8, 2)]


# --- the musician's choice ------------------------------------------------------------------------


def chosen(desk: ReaperHost, engine: PaperEngine, number: int) -> list[tuple]:
    """What the engine is told when the musician chooses a take of the bass."""
    engine.wait(0.5)
    engine.heard.clear()
    desk.by_hand(f"host.all_items(project)[1].active = {number}")
    engine.wait(0.5)
    return engine.heard_at("/rg/track/bass/take")


def test_a_take_that_is_chosen_in_reaper_is_the_engines_too(desk, engine):
    paths = [engine.stem("bass", number) for number in (3, 4)]
    assert chosen(desk, engine, 1) == [(3,)]
    engine.heard.clear()
    engine.tell_stem("bass", 3, Path(paths[0]).name)
    assert engine.heard_at("/rg/track/bass/take") == []
    assert chosen(desk, engine, 2) == [(4,)]


def test_each_choice_counts_also_while_the_engine_has_not_answered(desk, engine):
    for number in (3, 4):
        engine.stem("bass", number)
    assert [chosen(desk, engine, active) for active in (1, 2, 1)] == [[(3,)], [(4,)], [(3,)]]


def test_what_was_chosen_before_the_two_met_is_no_news(desk, engine):
    for number in (1, 2):
        engine.stem("bass", number)
    desk.by_hand("host.all_items(project)[1].active = 1")
    desk.stop_following()
    engine.heard.clear()
    desk.follow()
    engine.wait(3.0)
    assert desk.setting("connected") == "1" and engine.heard_at("/rg/track/bass/take") == []


def test_reapers_undo_of_a_take_is_the_engines(desk, engine):
    for number in (1, 2):
        engine.stem("bass", number)
    engine.wait(0.5)
    desk.by_hand("local item = host.all_items(project)[1] item.takes[2] = nil item.active = 1")
    engine.wait(0.5)
    assert engine.heard_at("/rg/track/bass/take") == [(1,)]


def test_a_take_of_the_musicians_own_is_nobodys_choice(desk, engine):
    engine.stem("bass", 1)
    desk.by_hand("reaper.AddTakeToMediaItem(host.all_items(project)[1])")
    assert chosen(desk, engine, 2) == []


# --- the musician's own work ----------------------------------------------------------------------


def test_the_musicians_item_is_never_covered(desk, engine):
    engine.stem("melody", 1)
    desk.by_hand("project.tracks[#project.tracks].items = {}")
    put_item(desk, "melody", 5.0, 6.5)
    engine.stem("melody", 2)
    assert places(desk, "melody") == [(5, 6.5, 0), (12, 8, 1)]


def test_between_two_items_there_must_be_room(desk, engine):
    desk.lua(f"host.call('tracks', 'ensure', host.project, {{{', '.join(map(repr, BAND))}}})")
    for at in (0.0, 14.0):
        put_item(desk, "bass", at, 2.0)
    engine.stem("bass", 1)
    engine.stem("bass", 2, seconds=16.0, bars=8)
    assert sorted(places(desk, "bass")) == [(0, 2, 0), (2, 8, 1), (14, 2, 0), (16, 16, 1)]


def test_an_item_that_was_moved_and_cut_takes_the_next_take_as_it_is(desk, engine):
    engine.stem("bass", 1)
    desk.by_hand(
        "local item = host.all_items(project)[1] item.values.D_POSITION = 20.5 item.values.D_LENGTH = 3"
        " item.takes[1].values.D_STARTOFFS = 2"
    )
    engine.stem("bass", 2)
    (item,) = desk.items("bass")
    assert (item["at"], item["length"]) == (20.5, 3)
    assert [take["offset"] for take in item["takes"]] == [2, 2]


def test_an_item_on_another_track_is_still_the_one(desk, engine):
    engine.stem("bass", 1)
    desk.by_hand(
        "reaper.InsertTrackAtIndex(0) local item = host.all_items(project)[1]"
        " item.track.items = {} project.tracks[1].items = {item}"
    )
    engine.stem("bass", 2)
    assert len(desk.tracks()[0]["items"][0]["takes"]) == 2 and desk.items("bass") == []


def test_an_item_that_was_deleted_is_not_missed(desk, engine):
    engine.stem("bass", 1)
    desk.by_hand("for _, track in ipairs(project.tracks) do track.items = {} end")
    engine.stem("bass", 2)
    assert places(desk, "bass") == [(0, 8, 1)]


# --- tracks ---------------------------------------------------------------------------------------


def test_tracks_of_the_template_are_known_by_their_ids_whatever_they_are_called(desk, tmp_path):
    desk.load(PROJECT)
    desk.by_hand("project.tracks[3].texts.P_NAME = 'Sub'")
    engine = PaperEngine(desk)
    desk.follow()
    engine.until(lambda: desk.setting("connected") == "1")
    engine.stem("bass", 1)
    assert [track["name"] for track in desk.tracks()] == ["ResonantGen", "Drums", "Sub", "Harmony", "Melody"]
    assert len(desk.tracks()[2]["items"]) == 1


def test_a_track_that_was_deleted_is_made_again_inside_the_folder(desk, engine):
    desk.by_hand("table.remove(project.tracks, 3)")
    engine.stem("bass", 1)
    names = [(track["name"], track["depth"]) for track in desk.tracks()]
    assert sorted(names) == sorted(
        [("ResonantGen", 1), ("Drums", 0), ("Bass", 0), ("Harmony", 0), ("Melody", -1)]
    )
    assert names[-1] == ("Melody", -1) and places(desk, "bass") == [(0, 8, 1)]


def test_a_track_type_of_a_plug_in_gets_a_track_as_well(desk, engine):
    engine.say("/rg/track/vocal/lock", 0)
    engine.values["/rg/track/vocal/take"] = (0, 0)
    engine.stem("vocal", 1)
    assert desk.track("vocal")["name"] == "Vocal" and places(desk, "vocal") == [(0, 8, 1)]


# --- what cannot be read --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (None, "cannot be read here"), (b"", "no audio that REAPER can read"),
        (b"RIFF no wave", "no audio that REAPER can read"), ("no samples", "holds no audio"),
    ],
)  # fmt: skip
def test_a_stem_that_cannot_be_read_changes_nothing_and_is_told(desk, engine, data, told):
    engine.stem("bass", 1)
    before, undo = desk.tracks(), desk.undo_points()
    if data == "no samples":
        write_wav(engine.folder / "stems" / "broken.wav", 0.0)
    elif data is not None:
        (engine.folder / "stems" / "broken.wav").write_bytes(data)
    engine.tell_stem("bass", 2, "broken.wav")
    assert desk.tracks() == before and desk.undo_points() == undo
    assert f"{engine.folder / 'stems' / 'broken.wav'} {told}" in desk.console().replace("is no", "no")
    assert desk.lua("return host.sources_open") == 1
    engine.stem("bass", 3)
    assert places(desk, "bass") == [(0, 8, 2)]


def test_new_takes_get_their_pictures(desk, engine):
    for name in BAND:
        engine.stem(name, 1)
    engine.wait(1.0)
    count = (
        "local count = 0 for _, item in ipairs(host.all_items(host.project)) do"
        " count = count + (rawget(item.takes[1].source, 'has_peaks') and 1 or 0) end return count"
    )
    assert desk.lua(count) == 4
