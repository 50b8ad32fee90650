"""What of other people's sound may be used, and what of it is found: only what sources.toml names."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.music.score import DRUM_VOICES
from engine.training.corpus.samples import places
from engine.training.corpus.sources import (
    UNHEARD,
    data_folder,
    drumkit_titles,
    find_sources,
    kind_of,
    licensed,
    sources_in,
    table,
)
from tests.engine.corpus_sounds import DRUMS, drum_pack, little_font, write_pack

PERMISSIVE = {"MIT", "CC0", "CC-BY-3.0", "MIT, parts public domain or CC0"}


def test_every_source_is_permissive_and_says_whose_it_is_and_how_it_is_had() -> None:
    entries = [*table()["soundfont"], *table()["samples"]]
    assert {entry["licence"] for entry in entries} <= PERMISSIVE
    assert all(entry["by"] and ("apt" in entry) != ("npm" in entry) for entry in entries)
    assert len({entry["name"] for entry in entries}) == len(entries)


def test_kinds_of_the_table_are_voices_or_played_at_a_pitch() -> None:
    kinds = {kind for kind, *_ in table()["names"]["rules"]}
    assert kinds <= {*DRUM_VOICES, "percussion", "bass", "pad", "lead", "none"}
    assert set(places()) == set(DRUM_VOICES)
    stand_ins = {kind for place in places().values() for kind, _ in place.stands_in}
    assert stand_ins <= {*DRUM_VOICES, "percussion"}


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("bd_haus", "kick"), ("Kick 2", "kick"), ("c3 - bass drum 1", "kick"), ("drum_bass_hard", "kick"),
        ("elec_hollow_kick", "kick"), ("sn_dub", "snare"), ("elec_hi_snare", "snare"),
        ("Snare Jazz", "snare"),
        ("Hand Clap", "clap"), ("Stick", "rim"), ("hat_zap", "closed_hat"), ("Closed HH", "closed_hat"),
        ("f#3 - hi-hat closed", "closed_hat"), ("a#3 - hi-hat open", "open_hat"), ("Pedal HH", "pedal_hat"),
        ("drum_cymbal_open", "open_hat"),
        ("drum_cymbal_hard", "crash"), ("drum_splash_soft", "crash"),
        ("ride_tri", "ride"),
        ("Tom Low", "low_tom"), ("drum_tom_hi_soft", "high_tom"), ("Tom Mid", "mid_tom"),
        ("tabla_ghe4", "conga"), ("tabla_na_o", "bongo"), ("drum_cowbell", "cowbell"),
        ("perc_impact1", "percussion"), ("bass_voxy_hit_c", "bass"), ("glitch_bass_g", "bass"),
        ("ambi_choir", "pad"), ("guit_harmonics", "lead"), ("loop_amen_full", "none"),
        ("loop_drone_g_97", "none"), ("arovane_beat_a", "none"), ("mehackit_robot3", "none"),
        ("vinyl_hiss", "none"), ("Sample: beats_01-39.flac", UNHEARD), ("f#4 - ", UNHEARD),
    ],
)  # fmt: skip
def test_a_name_says_what_a_one_shot_is(title: str, kind: str) -> None:
    assert kind_of(title) == kind


def test_only_files_of_the_licence_itself_are_taken_from_a_copyright_file() -> None:
    text = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2016 Somebody
License: MIT

Files: etc/samples/one.flac
Copyright: 2013 A
Source: http://example.org/
License: CC0

Files:
 etc/samples/two.flac
 etc/samples/three.flac
Copyright: 2013 B
License: CC0

Files: etc/samples/four.flac
Copyright: 2013 C
License: CC-BY-SA-4.0

Files: etc/samples/five.flac
Copyright: 2013 D
License: CC0 or something else

License: CC0
 The text of the licence.
"""
    assert licensed(text, "CC0") == {"one.flac", "two.flac", "three.flac"}


def test_files_that_no_licence_is_known_of_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sonic-pi").mkdir()
    write_pack(tmp_path, DRUMS).path.rename(tmp_path / "sonic-pi" / "samples")
    notice = tmp_path / "copyright"
    entry = next(entry for entry in table()["samples"] if entry["name"] == "sonic-pi")
    monkeypatch.setitem(entry, "copyright", str(notice))
    assert not sources_in([], [tmp_path]).packs  # not even the notice is here
    notice.write_text("Files: etc/samples/kick.wav\nLicense: CC0\n\nFiles: etc/samples/*\nLicense: MIT\n")
    assert [shot.path.name for shot in sources_in([], [tmp_path]).pack("sonic-pi").shots] == ["kick.wav"]


def test_unnamed_soundfonts_and_packs_are_never_used(tmp_path: Path) -> None:
    little_font(tmp_path / "SomebodysOwn.sf2")
    pack = drum_pack(tmp_path)
    pack.path.rename(tmp_path / "Millo-Drums_v.1")
    found = sources_in([tmp_path], [tmp_path])
    assert not found.soundfonts and not found.packs


def test_the_first_place_has_the_first_word(tmp_path: Path) -> None:
    for name in ("own", "system"):
        (tmp_path / name).mkdir()
        little_font(tmp_path / name / "FluidR3_GM.sf2")
        drum_pack(tmp_path / name)
    found = sources_in([tmp_path / "own", tmp_path / "system"], [tmp_path / "own", tmp_path / "system"])
    assert found.soundfont("fluid-gm").path.parent == tmp_path / "own"
    assert found.pack("audiophob").path.parent == tmp_path / "own"


def test_a_folder_given_comes_before_the_places_of_the_system(tmp_path: Path) -> None:
    little_font(tmp_path / "FluidR3_GM.sf2")
    pack = drum_pack(tmp_path)
    found = find_sources(tmp_path)
    assert found.soundfont("fluid-gm").path.parent == tmp_path
    assert found.pack("audiophob") == pack
    assert found.pack("audiophob").licence == "CC0"


def test_the_folder_of_the_users_data_is_looked_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    if tmp_path not in data_folder().parents:
        pytest.skip("a system whose data folder is no setting")
    data_folder().mkdir(parents=True)
    pack = drum_pack(data_folder())
    assert find_sources().pack("audiophob") == pack


def test_a_drumkit_says_what_its_files_are(tmp_path: Path) -> None:
    pack = write_pack(tmp_path, {"86335__tom-0105": DRUMS["kick"], "snare": DRUMS["snare"]})
    (pack.path / "drumkit.xml").write_text(
        '<drumkit_info xmlns="http://www.hydrogen-music.org/drumkit"><name>Kit</name><instrumentList>'
        "<instrument><name>Kick</name><layer><filename>86335__tom-0105.wav</filename></layer></instrument>"
        "</instrumentList></drumkit_info>"
    )
    again = sources_in([], [tmp_path]).pack("audiophob")
    assert {shot.path.stem: shot.kind for shot in again.shots} == {
        "86335__tom-0105": "kick",
        "snare": "snare",
    }
    (pack.path / "drumkit.xml").write_text("<drumkit_info>")
    assert drumkit_titles(pack.path / "drumkit.xml") == {}


def test_a_sound_in_two_forms_is_one(tmp_path: Path) -> None:
    pack = write_pack(tmp_path, {"bd_haus": DRUMS["kick"]})
    (pack.path / "bd_haus.aiff").write_bytes(b"another form of it")
    assert [shot.path.name for shot in sources_in([], [tmp_path]).pack("audiophob").shots] == ["bd_haus.wav"]


def test_what_is_not_here_is_refused_with_what_is(tmp_path: Path) -> None:
    drum_pack(tmp_path)
    found = sources_in([], [tmp_path])
    with pytest.raises(EngineError, match="unknown sample pack 'audiofob'; did you mean 'audiophob'"):
        found.pack("audiofob")
    with pytest.raises(EngineError) as caught:
        find_sources(tmp_path / "nowhere")
    assert caught.value.code == "not_found"


@pytest.mark.parametrize(
    ("name", "at_least"), [("supersonic", 130), ("sonic-pi", 95), ("audiophob", 14), ("rumpf", 120)]
)
def test_an_installed_pack_is_found_whole(name: str, at_least: int) -> None:
    packs = {pack.name: pack for pack in find_sources().packs}
    if name not in packs:
        pytest.skip(f"{name} is not installed")
    assert len(packs[name].shots) >= at_least
    assert all(shot.path.is_file() for shot in packs[name].shots)
    if name == "sonic-pi":  # what Debian's copyright file does not speak of
        assert not [shot for shot in packs[name].shots if shot.path.stem in ("bd_mehackit", "sn_generic")]
