"""What a musician hears who asks again: another idea, or the same one changed as the words say."""

from __future__ import annotations

import shutil

import mido
import pytest
import soundfile

from engine import commands as c
from engine import events as e
from engine.music.distance import distance
from engine.music.fresh import ENOUGH
from engine.music.score import Score
from engine.registry import TrackType, default_registry
from tests.engine.outs import Bench

PROMPT = "funk at 110 bpm, 2 bars"


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path / "set")
    yield bench
    bench.close()


def score(bench: Bench, track: str) -> Score:
    stem = bench.engine.core.session.tracks[track].stem
    assert stem is not None and stem.score is not None
    return stem.score


def starts(score: Score) -> list[float]:
    return [note.start_beats for note in score.notes]


def test_asking_again_brings_another_idea(bench):
    bench.do(c.Generate(PROMPT))
    takes = [score(bench, "melody")]
    for _ in range(5):
        bench.do(c.Regenerate("melody"))
        takes.append(score(bench, "melody"))
    away = [distance(one, other) for i, one in enumerate(takes) for other in takes[:i]]
    assert min(away) >= ENOUGH


def test_asking_again_after_relative_words_brings_another_idea_too(bench):
    bench.do(c.Generate(PROMPT))
    bench.do(c.Regenerate("bass", "more aggressive"))
    before = score(bench, "bass")
    bench.do(c.Regenerate("bass"))
    assert distance(score(bench, "bass"), before) >= ENOUGH


def test_relative_words_change_the_take_that_stands(bench):
    bench.do(c.Generate(PROMPT))
    bench.do(c.Regenerate("melody"))
    before = score(bench, "melody")
    bench.do(c.Regenerate("melody", "an octave lower"))
    after = score(bench, "melody")
    assert [note.pitch for note in after.notes] == [note.pitch - 12 for note in before.notes]
    assert starts(after) == starts(before)


def test_words_that_mean_nothing_still_bring_another_take_of_the_idea(bench):
    bench.do(c.Generate(PROMPT))
    before = score(bench, "harmony")
    bench.do(c.Regenerate("harmony", "more purple"))
    assert distance(score(bench, "harmony"), before) > 0.0


def test_an_undone_take_is_the_one_that_is_changed(bench):
    bench.do(c.Generate(PROMPT))
    first = score(bench, "melody")
    bench.do(c.Regenerate("melody"))
    bench.send(c.Undo("melody"))
    bench.do(c.Regenerate("melody", "an octave lower"))
    assert [n.pitch for n in score(bench, "melody").notes] == [n.pitch - 12 for n in first.notes]


def test_a_midi_file_that_came_in_is_changed_too(bench):
    song = mido.MidiFile()
    track = mido.MidiTrack()
    song.tracks.append(track)
    for pitch in (40, 43, 47, 52) * 4:
        track.append(mido.Message("note_on", note=pitch, velocity=90))
        track.append(mido.Message("note_off", note=pitch, time=480))
    folder = bench.engine.core.store.folder / "imports"
    folder.mkdir(exist_ok=True)
    song.save(folder / "line.mid")
    bench.do(c.Import("bass", "line.mid"))
    before = score(bench, "bass")
    bench.do(c.Regenerate("bass", "an octave lower"))
    after = score(bench, "bass")
    assert [note.pitch for note in after.notes] == [note.pitch - 12 for note in before.notes]


def test_after_a_restart_relative_words_still_change_the_take(tmp_path):
    bench = Bench(tmp_path / "set")
    bench.do(c.Generate(PROMPT))
    before = score(bench, "melody")
    bench.close()
    again = Bench(tmp_path / "set")
    again.do(c.Regenerate("melody", "an octave lower"))
    assert [note.pitch for note in score(again, "melody").notes] == [note.pitch - 12 for note in before.notes]
    again.close()


def failed(bench: Bench, command: c.Command) -> e.Failed:
    answer = bench.wait(bench.send(command))
    assert isinstance(answer, e.Failed)
    return answer


def test_a_take_that_no_track_has_is_refused_with_those_there_are(bench):
    bench.do(c.Generate(PROMPT))
    bench.do(c.Regenerate("bass"))
    before = bench.digest("bass")
    refused = failed(bench, c.Regenerate("bass", "more like take 7"))
    assert refused.code == "range"
    assert "take 7" in refused.text and "bass has takes 1, 2" in refused.text
    assert bench.digest("bass") == before
    bench.do(c.Regenerate("bass", "more like take 1"))
    bench.do(c.Generate("more like take 2"))  # the bass has one; the others are told from what stands


def test_words_for_all_keep_what_was_asked_of_each_since(bench):
    bench.do(c.Generate(PROMPT))
    bench.do(c.Regenerate("melody", "an octave higher"))
    bench.do(c.Regenerate("bass", "much more aggressive"))
    before = {track: score(bench, track) for track in ("bass", "melody", "harmony")}
    bench.do(c.Generate("busier drums"))
    for track, score_before in before.items():
        assert score(bench, track).notes == score_before.notes, track


def test_after_undo_relative_words_start_from_what_stands(bench):
    bench.do(c.Generate(PROMPT))
    bench.do(c.Generate("much brighter"))
    once = score(bench, "harmony").settings["brightness"]
    bench.send(c.Undo("*"))
    bench.do(c.Generate("much brighter"))
    assert score(bench, "harmony").settings["brightness"] == once


def test_what_came_in_without_a_score_gives_its_tempo_and_bars_to_what_follows(bench):
    bench.do(c.Generate("house at 100 bpm, 2 bars"))
    core = bench.engine.core
    folder = core.store.folder / "imports"
    folder.mkdir(exist_ok=True)
    stem = core.session.tracks["harmony"].stem
    soundfile.write(folder / "chords_2bars.wav", stem.audio, 44100)
    other = Bench(core.store.folder.parent / "other")
    (other.engine.core.store.folder / "imports").mkdir(exist_ok=True)
    shutil.copy(folder / "chords_2bars.wav", other.engine.core.store.folder / "imports")
    other.do(c.Import("harmony", "chords_2bars.wav"))
    came = other.engine.core.session.tracks["harmony"].stem
    other.do(c.Regenerate("harmony", "less busy"))
    made = other.engine.core.session.tracks["harmony"].stem
    assert (made.tempo_bpm, made.bars) == (came.tempo_bpm, came.bars) != (120.0, 8)
    other.close()


class BrokenError(Exception):
    pass


def test_a_performer_that_breaks_off_leaves_the_other_tracks_alone(tmp_path):
    def breaks(score, progress, cancelled):
        raise BrokenError("no")

    registry = default_registry()
    registry.register(TrackType("bass", perform=breaks))
    bench = Bench(tmp_path / "set", registry)
    refused = failed(bench, c.Generate(PROMPT))
    assert refused.code == "internal" and "BrokenError" in refused.text
    states = {name: track.state for name, track in bench.engine.core.session.tracks.items()}
    assert states == {"drums": "ready", "bass": "failed", "harmony": "ready", "melody": "ready"}
    bench.close()
