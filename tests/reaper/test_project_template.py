"""The project template: four tracks in their folder, routed, coloured, and known to the scripts."""

from __future__ import annotations

import re

import pytest

from tests.reaper.reaper_host import HOME, ReaperHost
from tests.reaper.rpp import Chunk, RppError, read

TEXT = (HOME / "ResonantGen.RPP").read_text(encoding="utf-8")
PROJECT = read(TEXT)
TRACKS = list(PROJECT.all("TRACK"))
BAND = ["drums", "bass", "harmony", "melody"]
# How many words follow each key of a track, in files that REAPER 6 and 7 have written (and what they mean:
# Cockos wiki, State Chunk Definitions).
WORDS = {
    "NAME": 1, "PEAKCOL": 1, "BEAT": 1, "AUTOMODE": 1, "VOLPAN": 5, "MUTESOLO": 3, "IPHASE": 1, "PLAYOFFS": 2,
    "ISBUS": 2, "BUSCOMP": 5, "SHOWINMIX": 8, "REC": 8, "TRACKHEIGHT": 6, "INQ": 8, "NCHAN": 1, "FX": 1,
    "TRACKID": 1, "PERF": 1, "MIDIOUT": 1, "MAINSEND": 2,
}  # fmt: skip
NUMBER = re.compile(r"-?\d+(\.\d+)?")
GUID = re.compile(r"\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}")


def id_of(track: Chunk) -> str:
    (extension,) = track.all("EXT")
    return extension.line("resonantgen")[0]


def test_it_is_a_project_of_reaper():
    assert PROJECT.name == "REAPER_PROJECT" and PROJECT.words[0] == "0.1"
    assert PROJECT.line("TEMPO") == ["120", "4", "4"]


def test_the_folder_holds_the_four_tracks_and_ends_with_the_last():
    assert [id_of(track) for track in TRACKS] == ["band", *BAND]
    assert [track.line("ISBUS") for track in TRACKS] == [["1", "1"], *[["0", "0"]] * 3, ["2", "-1"]]


def test_every_line_of_a_track_has_as_many_words_as_reaper_writes():
    for track in TRACKS:
        for key, *values in track.lines:
            assert len(values) == WORDS[key], (key, values)
            assert key in ("NAME", "TRACKID") or all(NUMBER.fullmatch(value) for value in values)


def test_ids_are_guids_and_unique():
    ids = [track.line("TRACKID")[0] for track in TRACKS]
    assert len(set(ids)) == len(ids) and all(GUID.fullmatch(one) for one in ids)
    assert [track.words for track in TRACKS] == [[one] for one in ids]


def test_the_tracks_play_into_the_folder_and_the_folder_into_the_master():
    assert all(track.line("MAINSEND") == ["1", "0"] for track in TRACKS)


def test_each_track_records_its_own_pair_of_inputs_and_is_not_armed():
    stereo = 1024
    inputs = [track.line("REC")[:3] for track in TRACKS]
    assert inputs[1:] == [["0", str(stereo + 2 * pair), "0"] for pair in range(4)]


def test_names_and_colours_are_those_that_the_scripts_give(tmp_path):
    with ReaperHost(tmp_path) as reaper:
        reaper.lua(f"host.call('tracks', 'ensure', host.project, {{{', '.join(map(repr, BAND))}}})")
        made = reaper.tracks()
    theirs = [(track.line("NAME")[0], int(track.line("PEAKCOL")[0])) for track in TRACKS]
    assert theirs == [(track["name"], track["color"]) for track in made]
    assert [int(track.line("ISBUS")[1]) for track in TRACKS] == [track["depth"] for track in made]


def test_blanks_are_kept_inside_any_quotes():
    chunk = read('<A "b c" \'d "e"\' `f`\n  NAME ""\n>')
    assert chunk.words == ["b c", 'd "e"', "f"] and chunk.line("NAME") == [""]


@pytest.mark.parametrize("text", ["<A\n", "<A\n>\n>\n", "<A\n>\n<B\n>\n", "X 1\n<A\n>\n"])
def test_the_reader_refuses_what_is_not_balanced(text):
    with pytest.raises(RppError):
        read(text)
