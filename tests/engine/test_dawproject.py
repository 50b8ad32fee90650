"""A DAWproject file holds the set by the format's rules: stems bit for bit, notes, mixer, form, scenes."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from engine import commands as c
from engine.context.track_context import TrackContext
from engine.dawproject.archive import write_dawproject
from engine.dawproject.document import project_xml
from engine.dawproject.plan import Plan, plan_scene, plan_set
from engine.errors import EngineError
from engine.music.key import Key, Signature
from engine.music.score import Note, Section
from engine.session import Session
from engine.stem import Stem
from engine.units import beats_to_seconds, db_to_gain
from tests.engine import stems
from tests.engine.dawproject_schema import assert_published, assert_valid
from tests.engine.outs import Bench

ROLES = ("drums", "bass", "harmony", "melody")
SHORT = stems.stem(tempo_bpm=240.0, signature=Signature(1, 16))  # where the samples do not matter


def take(session: Session, stem: Stem) -> None:
    heard = TrackContext(stem.track, stem.tempo_bpm, stem.key, stem.signature, stem.bars)
    session.tracks[stem.track].add(stem, heard, None)


def scored(track: str, seed: int = 1, **changes: object) -> Stem:
    score = stems.score(track, **changes)
    return stems.stem(
        track, score.tempo_bpm, score.bars, score.signature, score.key, "warm & <dark>", score, seed
    )


def band(**changes: object) -> Session:
    session = Session.empty(ROLES)
    for number, role in enumerate(ROLES):
        take(session, scored(role, seed=number, **changes))
    return session


def exported(plan: Plan) -> zipfile.ZipFile:
    file = io.BytesIO()
    write_dawproject(plan, file)
    return zipfile.ZipFile(file)


def project(plan: Plan) -> etree._Element:
    """The project's tree, after it was found valid."""
    root = etree.fromstring(project_xml(plan))
    assert_valid(root)
    return root


def clips(root: etree._Element, track: str) -> list[etree._Element]:
    """The clips of a DAW's track in the arrangement, then in each scene."""
    (identity,) = root.xpath("//Track[@name=$name]/@id", name=track)
    return root.xpath("//*[@track=$id]//Clip", id=identity)


# --- the whole -------------------------------------------------------------------------------------


def test_the_container_holds_two_documents_and_every_stem_once():
    session = band()
    scenes = {"a": json.dumps(session.settings()), "b": json.dumps(session.settings())}
    archive = exported(plan_set("my set", session, scenes))
    names = archive.namelist()
    assert names == [
        "metadata.xml",
        "project.xml",
        *(f"audio/{role}_120bpm_Am_1bars_t1.wav" for role in ROLES),
    ]
    assert archive.testzip() is None
    assert all(entry.flag_bits & 0x08 == 0 for entry in archive.infolist())  # sizes in front


def test_stems_are_whole_and_bit_for_bit():
    session = band(bars=3)
    archive = exported(plan_set("set", session, {}))
    for role in ROLES:
        data = io.BytesIO(archive.read(f"audio/{role}_120bpm_Am_3bars_t1.wav"))
        assert soundfile.info(data).subtype == "PCM_24"
        data.seek(0)
        assert np.array_equal(soundfile.read(data, dtype="float32")[0], session.tracks[role].stem.audio)


def test_it_is_written_piece_by_piece(tmp_path):
    session = band(bars=16)
    plan = plan_set("set", session, {})
    with (tmp_path / "set.dawproject").open("wb") as file:
        tracemalloc.start()
        write_dawproject(plan, file)
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak_bytes < (tmp_path / "set.dawproject").stat().st_size / 5


@settings(max_examples=30)
@given(st.data())
def test_any_set_is_valid(data):
    session = Session.empty(ROLES)
    for role in data.draw(st.lists(st.sampled_from(ROLES), min_size=1, unique=True)):
        score = data.draw(stems.scores(role))
        session.tracks[role].volume_db = data.draw(st.floats(-120, 12))
        session.tracks[role].pan = data.draw(st.floats(-1, 1))
        made = replace(SHORT, track=role, score=score, prompt=data.draw(st.text()), bars=score.bars)
        take(session, replace(made, tempo_bpm=score.tempo_bpm, signature=score.signature, key=score.key))
    project(plan_set("set", session, {"verse": json.dumps(session.settings())}))


def test_metadata_says_what_it_is_and_what_was_asked_for():
    archive = exported(plan_set("Übung", band(), {}))
    root = etree.fromstring(archive.read("metadata.xml"))
    assert_published(root, "MetaData.xsd")
    assert [(child.tag, child.text) for child in root] == [
        ("Title", "Übung"), ("Genre", "techno"), ("Comment", "warm & <dark>"),
    ]  # fmt: skip


# --- from the engine -------------------------------------------------------------------------------


def test_what_the_engine_exports_of_a_set_and_of_a_scene_is_valid_and_holds_what_it_made(tmp_path):
    bench = Bench(tmp_path / "a set")
    bench.do(c.Generate("techno at 140 bpm, 2 bars"))
    bench.do(c.SaveScene("Ünion 1"))
    bench.do(c.Regenerate("bass", "half as busy"))
    bench.do(c.ExportDawproject())
    bench.do(c.ExportDawproject("Ünion 1"))
    stems = {track.name: track.stem for track in bench.engine.core.session.tracks.values()}
    bench.close()
    whole, scene = map(zipfile.ZipFile, sorted((tmp_path / "a set" / "exports").iterdir(), key=len_of_name))
    for archive in (whole, scene):
        root = etree.fromstring(archive.read("project.xml"))
        assert_valid(root)
        assert_published(etree.fromstring(archive.read("metadata.xml")), "MetaData.xsd")
        assert root.xpath("//Tempo/@value") == ["140"]
        assert set(root.xpath("//File/@path")) <= set(archive.namelist())
        assert root.xpath("count(//Note)") > 0
    assert etree.fromstring(whole.read("project.xml")).xpath("Scenes/Scene/@name") == ["Current", "Ünion 1"]
    for name, stem in stems.items():
        (file,) = (n for n in whole.namelist() if n.startswith(f"audio/{name}_") and n.endswith(end_of(name)))
        audio, _ = soundfile.read(io.BytesIO(whole.read(file)), dtype="float32")
        assert np.array_equal(audio, stem.audio)


def len_of_name(path: Path) -> int:
    return len(path.name)


def end_of(name: str) -> str:
    return "_t2.wav" if name == "bass" else "_t1.wav"


# --- transport and mixer ---------------------------------------------------------------------------


def test_tempo_and_signature_are_those_that_sound():
    session = band(tempo_bpm=126.5, signature=Signature(7, 8))
    session.frame = replace(session.frame, tempo_bpm=126.5)
    root = project(plan_set("set", session, {}))
    assert root.xpath("//Tempo/@value") == ["126.5"]
    assert root.xpath("//TimeSignature/@*")[:2] == ["7", "8"]


def test_the_mixer_is_as_the_musician_left_it():
    session = band()
    bass, melody = session.tracks["bass"], session.tracks["melody"]
    bass.volume_db, bass.pan, bass.muted, melody.soloed = -6.0, -0.5, True, True
    root = project(plan_set("set", session, {}))
    channel = root.find("Structure/Track[@name='Bass']/Channel")
    assert float(channel.find("Volume").get("value")) == pytest.approx(db_to_gain(-6.0))
    assert (channel.find("Pan").get("value"), channel.find("Mute").get("value")) == ("0.25", "true")
    assert root.xpath("//Track[Channel/@solo='true']/@name") == ["Melody"]
    master = root.xpath("//Channel[@role='master']/@id")
    assert set(root.xpath("//Channel[@role='regular']/@destination")) == set(master)


def test_silence_is_no_gain_at_all():
    session = band()
    session.tracks["bass"].volume_db = -120.0
    root = project(plan_set("set", session, {}))
    assert root.find("Structure/Track[@name='Bass']/Channel/Volume").get("value") == "0"


# --- clips -----------------------------------------------------------------------------------------


def test_every_take_begins_at_bar_one_and_goes_round_until_the_longest_ends():
    session = band(bars=4)
    take(session, scored("drums", bars=1))
    root = project(plan_set("set", session, {}))
    for track, loop in (("Drums", "4"), ("Drums MIDI", "4"), ("Bass", "16")):
        clip = clips(root, track)[0]
        assert (clip.get("time"), clip.get("loopEnd"), clip.get("duration")) == ("0", loop, "16")
    assert clips(root, "Drums")[1].get("duration") == "4"  # in the launcher a clip is its loop


def test_a_beat_of_the_file_is_a_beat_of_the_project_whatever_its_tempo_was():
    session = band(tempo_bpm=128.0)
    take(session, scored("melody", tempo_bpm=97.0))
    root = project(plan_set("set", session, {}))
    for track, tempo_bpm in (("Bass", 128.0), ("Melody", 97.0)):
        ends = clips(root, track)[0].findall("Warps/Warp")
        assert [float(end.get("time")) for end in ends] == [0, 4]
        assert float(ends[1].get("contentTime")) == pytest.approx(beats_to_seconds(4, tempo_bpm), abs=1e-9)


def test_notes_are_the_score_s():
    session = Session.empty(ROLES)
    notes = (
        Note(0.0, 1.0, 45, 127),
        Note(1.0, 0.5, 52, 64, offset_ms=12.0),
        Note(3.0, 1.0, 40, 1, slide=True),
    )
    take(session, scored("bass", notes=notes))
    root = project(plan_set("set", session, {}))
    found = clips(root, "Bass MIDI")[0].findall("Notes/Note")
    assert [(n.get("key"), float(n.get("duration"))) for n in found] == [("45", 1), ("52", 0.5), ("40", 1)]
    assert [float(n.get("time")) for n in found] == pytest.approx([0, 1.024, 3], abs=1 / 960)
    assert [round(127 * float(n.get("vel"))) for n in found] == [127, 64, 1]
    points = [(float(p.get("time")), p.get("value")) for p in found[2].findall("Points/RealPoint")]
    assert points == [(0, "12"), (pytest.approx(0.12), "0")]  # from 52 down to 40 in 60 ms
    assert root.xpath("count(//Points)") == 2  # in the arrangement and in the scene


def test_what_came_in_as_audio_has_no_notes():
    session = band()
    take(session, stems.stem("melody"))
    root = project(plan_set("set", session, {}))
    assert root.xpath("//Track[@contentType='notes']/@name") == ["Drums MIDI", "Bass MIDI", "Harmony MIDI"]
    assert len(clips(root, "Melody")) == 2


def test_the_form_becomes_markers():
    form = (Section("build", 0, 2), Section("drop", 2, 2))
    root = project(plan_set("set", band(bars=4, sections=form, signature=Signature(3, 4)), {}))
    assert [(m.get("time"), m.get("name")) for m in root.iter("Marker")] == [("0", "Build"), ("6", "Drop")]
    assert project(plan_set("set", band(), {})).find("Arrangement/Markers") is None


def test_text_of_any_kind_stays_xml():
    session = Session.empty(ROLES)
    take(session, stems.stem("bass", prompt="a\0b\x1b ü 🎹 \ud800 <&>"))
    root = project(plan_set("set", session, {}))
    assert clips(root, "Bass")[0].get("comment") == "seed 1: ab ü 🎹  <&>"


# --- scenes ----------------------------------------------------------------------------------------


def two_takes() -> tuple[Session, dict[str, str]]:
    """`verse` has drums alone, first take, panned; now there are second drums and a bass."""
    session = Session.empty(ROLES)
    take(session, scored("drums", seed=1))
    session.tracks["drums"].pan = 1.0
    scenes = {"verse": json.dumps(session.settings()), "nothing": json.dumps(Session.empty(ROLES).settings())}
    session.tracks["drums"].pan = 0.0
    take(session, scored("drums", seed=2))
    take(session, scored("bass"))
    return session, scenes


def test_each_saved_scene_is_a_scene_of_the_launcher_after_the_present_one():
    session, scenes = two_takes()
    root = project(plan_set("set", session, scenes))
    assert root.xpath("Scenes/Scene/@name") == ["Current", "verse"]
    names = [root.xpath(f"Scenes/Scene[{n}]//ClipSlot/Clip[Warps]/@name") for n in (1, 2)]
    assert names == [["drums_120bpm_Am_1bars_t2", "bass_120bpm_Am_1bars_t1"], ["drums_120bpm_Am_1bars_t1"]]
    assert root.xpath("count(Scenes/Scene[2]//ClipSlot)") == 4  # the bass's slots stop it
    assert len(exported(plan_set("set", session, scenes)).namelist()) == 2 + 3


def test_a_saved_scene_may_have_the_name_of_the_present_one():
    session, scenes = two_takes()
    plan = plan_set("set", session, {"Current": scenes["verse"]})
    assert [(scene.name, scene.takes["drums"].number) for scene in plan.scenes] == [
        ("Current", 2),
        ("Current", 1),
    ]
    project(plan)


def test_one_scene_alone_is_the_arrangement_with_its_own_mixer():
    session, scenes = two_takes()
    root = project(plan_scene("set", session, "verse", scenes["verse"]))
    assert root.xpath("Scenes/Scene/@name") == ["verse"]
    assert root.xpath("Structure/Track/@name") == ["Drums", "Drums MIDI", "Master"]
    assert root.find("Structure/Track/Channel/Pan").get("value") == "1"
    assert session.tracks["drums"].current == 2 and session.tracks["drums"].pan == 0.0


def test_where_nothing_stands_now_the_first_scene_that_has_takes_leads():
    session, scenes = two_takes()
    for track in session.tracks.values():
        track.current = 0
    assert plan_set("set", session, scenes).scenes[0].name == "verse"


def test_nothing_at_all_is_said():
    with pytest.raises(EngineError, match="empty: there is nothing to export yet"):
        plan_set("set", Session.empty(ROLES), {})
    session, scenes = two_takes()
    with pytest.raises(EngineError, match="empty: the scene 'nothing' has no takes"):
        plan_scene("set", session, "nothing", scenes["nothing"])


# --- the check itself ------------------------------------------------------------------------------

SCHEMA_FINDS = [
    ("//Tempo", lambda e: e.attrib.pop("unit")),
    ("//Channel", lambda e: e.append(e[0])),  # Mute behind Volume
    ("//Clip", lambda e: e.attrib.pop("time")),
    ("//Clip[Notes]", lambda e: e.append(e[0].__copy__())),  # content twice
    ("//Note", lambda e: e.set("key", "C3")),
    ("//Warps", lambda e: e.extend(list(e)[:1])),  # Audio behind the points
    ("//Scene", lambda e: e.remove(e[0])),
    ("//Audio", lambda e: e.set("id", "id0")),
    ("//ClipSlot", lambda e: e.set("track", "not an id")),
]
GRAMMAR_FINDS = [
    ("//Note", lambda e: e.set("key", "128")),
    ("//Warps", lambda e: e.remove(e[-1])),  # the format wants two points, its schema is content with one
    ("//File", lambda e: e.set("path", "/tmp/a.wav")),
    ("//ClipSlot", lambda e: e.set("track", "id9999")),
]


def broken(path: str, break_it: Callable[[etree._Element], object]) -> etree._Element:
    root = project(plan_set("set", band(key=Key(2, "dorian")), {}))
    break_it(root.xpath(path)[0])
    return etree.fromstring(etree.tostring(root))


@pytest.mark.parametrize(("path", "break_it"), SCHEMA_FINDS)
def test_the_published_schema_finds_what_is_broken(path, break_it):
    with pytest.raises(AssertionError):
        assert_published(broken(path, break_it), "Project.xsd")


@pytest.mark.parametrize(("path", "break_it"), GRAMMAR_FINDS)
def test_our_grammar_finds_what_the_schema_lets_pass(path, break_it):
    root = broken(path, break_it)
    assert_published(root, "Project.xsd")
    with pytest.raises(AssertionError):
        assert_valid(root)
