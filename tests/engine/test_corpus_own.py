"""A musician's own stems: found by name or by ear, laid under bars, heard; never changed, always the same."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.instruments.render import render
from engine.music.score import Score
from engine.prompt.music_context import Frame
from engine.training.corpus.own import Report, make_own_corpus, tasks_of
from engine.training.corpus.own_grid import hear_grid, num_bars, parts_of
from engine.training.corpus.own_hearing import role_heard
from engine.training.corpus.own_scan import OwnSong, find_songs
from engine.training.corpus.own_scores import PartFrame, score_heard
from engine.training.corpus.own_tags import genre_in
from engine.training.corpus.reading import Corpus
from tests.engine.musicians import plain, play

RATE = 44_100


@cache
def band(genre: str, bars: int = 4) -> dict[str, tuple[Score, NDArray[np.float32]]]:
    """role -> (score, audio) as our instruments play it."""
    return {role: (score, render(score)) for role, score in play(plain(genre, bars=bars), 3).items()}


def put(path: Path, audio: NDArray[np.float32] | float, rate: int = RATE) -> None:
    """Written as its ending says; a number is so many seconds of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(audio, float):
        audio = np.random.default_rng(1).normal(0.0, 0.1, (int(audio * rate), 2)).astype(np.float32)
    elif rate != RATE:
        import soxr

        audio = soxr.resample(audio, RATE, rate)
    kind = {".wav": "WAV", ".flac": "FLAC", ".aif": "AIFF"}[path.suffix]
    soundfile.write(path, audio, rate, format=kind)


@pytest.fixture(scope="module")
def stems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder song, a flat song, a loop, and what is of no use."""
    folder = tmp_path_factory.mktemp("stems")
    techno, house = band("techno"), band("house")
    put(folder / "Dark Techno" / "drums.wav", techno["drums"][1])
    put(folder / "Dark Techno" / "Bass 01.flac", techno["bass"][1], 48_000)
    put(folder / "Dark Techno" / "lead synth.aif", techno["melody"][1])
    put(folder / "flat" / "blue_drums.wav", house["drums"][1].mean(axis=1))
    put(folder / "flat" / "blue-keys.wav", house["harmony"][1], 22_050)
    put(folder / "Loops" / "thing 120bpm.wav", band("jazz")["melody"][1])
    put(folder / "flat" / "blue_lead.wav", np.zeros((len(house["drums"][1]), 2), np.float32))
    put(folder / "kick.wav", 0.3)
    (folder / "broken.wav").write_bytes(b"RIFF and nothing else")
    (folder / "notes.txt").write_text("buy strings")
    return folder


@pytest.fixture(scope="module")
def made(stems: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    out = tmp_path_factory.mktemp("corpus") / "own"
    return out, make_own_corpus(stems, out, 0.3)


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def lines(out: Path) -> Iterator[tuple[Path, dict]]:
    corpus = Corpus.open(out)
    yield from corpus.songs("train")
    yield from corpus.songs("held_out")


def starts_s(score: Score) -> list[float]:
    """One for everything that starts at one time."""
    beat_s = 60.0 / score.tempo_bpm
    items = [(item.start_beats, item.offset_ms) for item in (*score.notes, *score.hits)]
    found = sorted(max(0.0, beats * beat_s + ms / 1000.0) for beats, ms in items)
    return [at for place, at in enumerate(found) if place == 0 or at - found[place - 1] > 0.02]


def onset_f1(written: list[float], heard: list[float]) -> float:
    left, hits = list(heard), 0
    for at in written:
        near = [other for other in left if abs(other - at) <= 0.05]
        if near:
            left.remove(min(near, key=lambda other: abs(other - at)))
            hits += 1
    return 2.0 * hits / (len(written) + len(heard))


# --- names ------------------------------------------------------------------------------------------

LAYOUTS = {
    "a folder of stems": (
        ["Blue/drums.wav", "Blue/Bass 01.wav", "Blue/Dark Pad.wav", "Blue/LeadSynth.wav"],
        {"Blue": ["bass", "drums", "harmony", "melody"]},
    ),
    "folders named after roles": (
        ["R/01 Drums/top.wav", "R/01 Drums/low.wav", "R/Bass/di.wav"], {"R": ["bass", "drums", "drums"]},
    ),
    "names that begin alike": (
        ["s1_drums.wav", "s1-bass.wav", "s2 - Keys.wav", "s2 - 808.wav"],
        {"s1": ["bass", "drums"], "s2": ["bass", "harmony"]},
    ),
    "names that end alike": (
        ["drums_red.wav", "bass_red.wav", "drums_green.wav", "vox_green.wav"],
        {"red": ["bass", "drums"], "green": ["drums", "melody"]},
    ),
    "a song that is named after a role": (
        ["Bass Face_lead.wav", "Bass Face_drums.wav"], {"bass face": ["drums", "melody"]},
    ),
    "drums and stems of other people's separation": (
        ["a/mixture.wav", "a/drums.wav", "a/bass.wav", "a/other.wav", "a/vocals.wav"],
        {"a": ["bass", "drums", "harmony", "melody"]},
    ),
    "loops of several tempi": (
        ["drums 120bpm.wav", "bass 90bpm.wav"], {"drums 120bpm": ["drums"], "bass 90bpm": ["bass"]},
    ),
    "a folder of loops": (
        ["Loops/deep bass.wav", "Loops/beat.wav"], {"Loops/deep bass": ["bass"], "Loops/beat": ["drums"]},
    ),
    "a bass drum is no bass": (["x/bass drum.wav", "x/sub.wav"], {"x": ["bass", "drums"]}),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_songs_and_roles_are_told_by_names(layout: str, tmp_path: Path) -> None:
    files, songs = LAYOUTS[layout]
    for name in files:
        put(tmp_path / name, 2.0, 8_000)
    found = {song.name: sorted(file.role for file in song.files) for song in find_songs(tmp_path).songs}
    assert found == songs


def test_a_genre_is_told_by_a_word_of_the_path() -> None:
    assert genre_in("Dark Techno/3") == "techno" and genre_in("Untitled 4") == ""


# --- hearing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("genre", ["techno", "house", "rock"])
def test_strokes_of_drums_are_heard_where_they_were_written(genre: str) -> None:
    score, audio = band(genre)["drums"]
    frame = PartFrame(score.tempo_bpm, score.key, score.signature, score.bars)
    heard = score_heard(audio, "drums", frame)
    assert onset_f1(starts_s(score), starts_s(heard)) > 0.8
    assert {"kick", "snare"} & {hit.voice for hit in heard.hits} and heard.length_samples == len(audio)


def test_chords_are_heard_as_notes_in_their_classes() -> None:
    score, audio = band("house")["harmony"]
    heard = score_heard(audio, "harmony", PartFrame(score.tempo_bpm, score.key, score.signature, score.bars))
    played = {note.pitch % 12 for note in score.notes}
    right = sum(note.length_beats for note in heard.notes if note.pitch % 12 in played)
    assert right > 0.8 * sum(note.length_beats for note in heard.notes) > 0.0


@pytest.mark.parametrize("genre", ["techno", "house", "rock"])
def test_roles_are_told_by_ear(genre: str) -> None:
    heard = {role: role_heard(audio) for role, (_, audio) in band(genre).items()}
    assert sum(role == found for role, found in heard.items()) >= 3, heard


@pytest.mark.parametrize("late_s", [0.0, 0.31])
def test_a_song_is_cut_at_its_bar_lines_and_silence_is_left_out(late_s: float) -> None:
    score, loop = band("house")["drums"]
    bar_s = 240.0 / score.tempo_bpm
    gap = np.zeros((round(6 * bar_s * RATE), 2), np.float32)
    tail = np.zeros((RATE // 3, 2), np.float32)
    late = np.zeros((round(late_s * RATE), 2), np.float32)
    song = np.concatenate([late, loop, loop, loop, loop, gap, loop, tail])
    grid, strokes = hear_grid(song, "drums", song, None, Frame())
    assert abs(grid.tempo_bpm - score.tempo_bpm) < 0.05 and abs(grid.first_s - late_s) < 0.02
    edges = [round((grid.first_s + bar * grid.bar_s) * RATE) for bar in range(num_bars(grid, len(song)) + 1)]
    sounds = [bool(np.any(song[a + 999 : b - 999])) for a, b in pairwise(edges)]
    parts = list(parts_of(grid, strokes, sounds, len(song)))
    assert sum(part.bars for part in parts) == 20
    assert all(part.bars * grid.bar_s <= 24.0 for part in parts)
    for part in parts:
        bars = (part.start_sample / RATE - late_s) / bar_s
        assert abs(bars - round(bars)) * bar_s < 0.02


# --- a corpus ---------------------------------------------------------------------------------------


def test_stems_become_a_corpus(made: tuple[Path, Report]) -> None:
    out, report = made
    found = {line["own"]["song"]: line for _, line in lines(out)}
    assert set(found) == {"Dark Techno", "flat/blue", "Loops/thing 120bpm"}
    assert (report.songs, report.held_out_songs, report.made) == (3, 1, 3)
    techno, house = found["Dark Techno"], found["flat/blue"]
    assert set(techno["tracks"]) == {"drums", "bass", "melody"} and set(house["tracks"]) == {
        "drums",
        "harmony",
    }
    assert found["Loops/thing 120bpm"]["tempo_bpm"] == 120.0
    for line, genre in ((techno, "techno"), (house, "house")):
        assert abs(line["tempo_bpm"] - band(genre)["drums"][0].tempo_bpm) < 0.05 and line["bars"] == 4
    assert techno["genre"] == "techno" and techno["caption"].startswith("techno")
    assert techno["tracks"]["bass"]["source"] == "own:Dark Techno/Bass 01.flac"
    assert {"melody", "lead", "synth"} <= set(techno["tracks"]["melody"]["tags"])


def test_every_stem_is_as_long_as_its_score_in_the_format_of_a_corpus(made: tuple[Path, Report]) -> None:
    for shard, line in lines(made[0]):
        for role, track in line["tracks"].items():
            score = Score.from_json((shard / track["score"]).read_text()).validate()
            info = soundfile.info(shard / track["file"])
            assert info.frames == track["samples"] == score.length_samples and score.track == role
            assert (info.samplerate, info.channels, info.subtype) == (RATE, 2, "PCM_16")


def test_resampled_and_mono_stems_sound_as_they_did(made: tuple[Path, Report]) -> None:
    for shard, line in lines(made[0]):
        if line["own"]["song"] == "Dark Techno":
            audio = soundfile.read(shard / line["tracks"]["bass"]["file"], dtype="float32")[0]
            was = band("techno")["bass"][1]
            gain = float((audio * was).sum() / (was**2).sum())
            assert np.square(audio - gain * was).sum() < 1e-3 * np.square(audio).sum()


def test_what_is_of_no_use_is_told_and_stops_nothing(made: tuple[Path, Report]) -> None:
    reasons = {one.name: one.reason for one in made[1].skipped}
    assert set(reasons) == {"broken.wav", "notes.txt", "kick.wav", "flat/blue_lead.wav"}
    assert "cannot be read" in reasons["broken.wav"] and "no audio" in reasons["notes.txt"]
    assert "0.30 s" in reasons["kick.wav"] and reasons["flat/blue_lead.wav"] == "silent"


def test_the_same_stems_give_the_same_bytes_and_are_left_as_they_were(
    stems: Path, made: tuple[Path, Report], tmp_path: Path
) -> None:
    before = digests(stems)
    again = make_own_corpus(stems, tmp_path / "again", 0.3)
    assert digests(tmp_path / "again") == digests(made[0]) and again == made[1]
    assert digests(stems) == before


def test_a_corpus_that_was_stopped_is_gone_on_with(
    stems: Path, made: tuple[Path, Report], tmp_path: Path
) -> None:
    out, heard = tmp_path / "own", []
    shutil.copytree(made[0], out)
    (out / "held_out" / "00000").rename(out / "held_out" / ".00000.part")
    report = make_own_corpus(stems, out, 0.3, told=heard.append)
    assert len(heard) == report.made == 1 and digests(out) == digests(made[0])
    assert report.skipped == made[1].skipped and report.stems == made[1].stems


def test_no_song_is_on_both_sides() -> None:
    songs = tuple(OwnSong(f"song {n}", ()) for n in range(40))
    tasks = tasks_of(songs, 0.1)
    assert sorted(task.song.name for task in tasks) == sorted(song.name for song in songs)
    assert sum(task.shard.split == "held_out" for task in tasks) == 4
    assert tasks_of(tuple(reversed(songs)), 0.1) == tasks


# --- refusals ---------------------------------------------------------------------------------------


def refused(stems: Path, out: Path) -> EngineError:
    with pytest.raises(EngineError) as caught:
        make_own_corpus(stems, out)
    return caught.value


def test_a_folder_of_no_use_is_refused(tmp_path: Path) -> None:
    out, empty = tmp_path / "out", tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "file.wav").write_bytes(b"")
    assert refused(tmp_path / "nowhere", out).code == "not_found"
    assert refused(tmp_path / "file.wav", out).code == "file"
    assert refused(empty, out).code == "empty"
    (empty / "notes.txt").write_text("buy strings")
    assert "notes.txt: no audio file" in refused(empty, out).text
    put(empty / "drums.wav", np.zeros((2 * RATE, 2), np.float32))
    assert "silent" in refused(empty, out).text


def test_nothing_is_written_among_the_stems(stems: Path, tmp_path: Path) -> None:
    before = digests(stems)
    assert "inside" in refused(stems, stems / "corpus").text and "inside" in refused(stems, stems).text
    (tmp_path / "link").symlink_to(stems)
    assert "inside" in refused(stems, tmp_path / "link" / "corpus").text
    assert digests(stems) == before


def test_another_corpus_is_not_gone_on_with(made: tuple[Path, Report], tmp_path: Path) -> None:
    put(tmp_path / "in" / "drums.wav", band("techno")["drums"][1])
    with pytest.raises(EngineError, match="own_stems"):
        make_own_corpus(tmp_path / "in", made[0], 0.3)
    assert "is a corpus already" in refused(made[0], tmp_path / "out").text


@pytest.mark.parametrize("kind", ["noise", "constant", "one click", "one tone"])
def test_sound_that_is_no_music_breaks_nothing(kind: str, tmp_path: Path) -> None:
    at = np.arange(3 * RATE) / RATE
    sound = {
        "noise": np.random.default_rng(2).normal(0.0, 0.3, len(at)), "constant": np.full(len(at), 0.5),
        "one click": (at == 1.0) * 1.0, "one tone": 0.5 * np.sin(2 * np.pi * 333.0 * at),
    }[kind]  # fmt: skip
    for role in ("drums", "bass", "keys", "lead", "what"):
        put(tmp_path / "in" / f"loop {role}.wav", sound.astype(np.float32))
    assert make_own_corpus(tmp_path / "in", tmp_path / "out", 0.0).songs == 5
