"""What a musician hears who asks again: another idea, or the same one changed as the words say."""

from __future__ import annotations

import mido
import pytest

from engine import commands as c
from engine.music.distance import distance
from engine.music.fresh import ENOUGH
from engine.music.score import Score
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
    bench.do(c.Regenerate("bass"))
    before = score(bench, "bass")
    bench.do(c.Regenerate("bass", "an octave lower"))
    after = score(bench, "bass")
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
    before = score(bench, "bass")
    bench.close()
    again = Bench(tmp_path / "set")
    again.do(c.Regenerate("bass", "an octave lower"))
    assert [note.pitch for note in score(again, "bass").notes] == [note.pitch - 12 for note in before.notes]
    again.close()
