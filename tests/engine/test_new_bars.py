"""A new take of chosen bars: those are new, all others are the standing take's bit for bit."""

from __future__ import annotations

import mido
import numpy as np
import pytest

from engine import commands as c
from engine import events as e
from engine.audio.midi_file import scores_to_midi
from engine.model.track.splicing import bar_samples
from engine.model_takes import FADE_SAMPLES
from engine.music.key import Key
from engine.music.some_bars import in_bars
from engine.requests import kept, request_of, resumed_command
from tests.engine.new_bars import PROMPT, assert_only_new, in_bar, refused, stem_of, track_of
from tests.engine.outs import Bench

TRACKS = ("drums", "bass", "harmony", "melody")


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path / "set")
    bench.send(c.SetSeed(7))
    yield bench
    bench.close()


# --- what is new, and what is not -----------------------------------------------------------------


@pytest.mark.parametrize("track", TRACKS)
def test_only_the_chosen_bars_are_new(bench, track):
    bench.do(c.Generate(PROMPT))
    others = {name: digest for name, digest in bench.digests().items() if name != track}
    takes = [stem_of(bench, track)]
    for _ in range(3):
        bench.do(c.RegenerateBars(track, 2, 3))
        takes.append(stem_of(bench, track))
        assert_only_new(takes[-2], takes[-1], {2, 3})
    assert [take.number for take in track_of(bench, track).takes] == [1, 2, 3, 4]
    sounds = {in_bar(take, 2).tobytes() + in_bar(take, 3).tobytes() for take in takes}
    assert len(sounds) == 4  # each another idea
    assert {name: bench.digest(name) for name in others} == others


@pytest.mark.parametrize(("first", "last"), [(1, 1), (4, 4), (1, 3)])
def test_the_ends_of_the_loop_too(bench, first, last):
    bench.do(c.Generate(PROMPT))
    before = stem_of(bench, "melody")
    bench.do(c.RegenerateBars("melody", first, last))
    assert_only_new(before, stem_of(bench, "melody"), set(range(first, last + 1)))


def test_the_new_bars_are_the_performers_own_but_for_short_fades(bench):
    bench.do(c.Generate(PROMPT))
    before = stem_of(bench, "drums")
    bench.do(c.RegenerateBars("drums", 2, 2))
    after = stem_of(bench, "drums")
    played = bench.engine.core.registry["drums"].perform(after.score, lambda _: None, lambda: False)
    start, end = bar_samples(after.score, 1)
    inside = slice(start + FADE_SAMPLES, end - FADE_SAMPLES)
    assert np.allclose(after.audio[inside], played[inside], atol=2**-23)
    edges = np.abs(np.diff(after.audio[start - 2 : start + 2], axis=0)).max()
    assert edges <= np.abs(np.diff(before.audio, axis=0)).max() + np.abs(np.diff(played, axis=0)).max()


def test_words_count_for_these_bars(bench):
    bench.do(c.Generate(PROMPT))
    before = stem_of(bench, "melody")
    bench.do(c.RegenerateBars("melody", 3, 4, "an octave lower"))
    after = stem_of(bench, "melody")
    assert_only_new(before, after, {3, 4})
    bars = {2, 3}
    pitches = [[note.pitch for note in in_bars(stem.score, bars).notes] for stem in (before, after)]
    assert np.mean(pitches[1]) < np.mean(pitches[0]) - 6
    assert after.prompt == "an octave lower"


def test_the_wishes_of_the_take_stay_those_it_was_made_from(bench):
    bench.do(c.Generate(PROMPT))
    bench.do(c.RegenerateBars("bass", 1, 1, "much busier, at 90 bpm in C major"))
    first, second = track_of(bench, "bass").takes
    assert second.context == first.context
    session = bench.engine.core.session
    assert (session.frame.tempo_bpm, second.stem.key) == (140, first.stem.key)
    told = {event.field for event in bench.of(e.ContextConflict)}
    assert "tempo_bpm" in told


def test_words_that_say_nothing_of_these_bars_bring_another_idea(bench):
    bench.do(c.Generate(PROMPT))
    before = stem_of(bench, "bass")
    bench.do(c.RegenerateBars("bass", 4, 4, "more purple"))
    assert_only_new(before, stem_of(bench, "bass"), {4})


def test_the_same_seed_brings_the_same_bars(tmp_path):
    digests = []
    for name in ("one", "two"):
        bench = Bench(tmp_path / name)
        bench.send(c.SetSeed(7))
        bench.do(c.Generate(PROMPT))
        bench.do(c.RegenerateBars("melody", 2, 3))
        digests.append(bench.digests())
        bench.close()
    assert digests[0] == digests[1]


def test_all_bars_are_a_regeneration(tmp_path):
    digests = []
    for name, command in (("bars", c.RegenerateBars("bass", 1, 4)), ("all", c.Regenerate("bass"))):
        bench = Bench(tmp_path / name)
        bench.send(c.SetSeed(7))
        bench.do(c.Generate(PROMPT))
        bench.do(command)
        digests.append(bench.digest("bass"))
        bench.close()
    assert digests[0] == digests[1]


def test_several_tracks_each_keep_their_own_bars(bench):
    bench.do(c.Generate(PROMPT))
    bench.send(c.SetLock("melody", True))
    before = {track: stem_of(bench, track) for track in TRACKS}
    bench.do(c.RegenerateBars("*", 2, 2))
    for track in TRACKS[:3]:
        assert_only_new(before[track], stem_of(bench, track), {2})
    assert bench.digest("melody") == before["melody"].digest


def test_a_set_whose_next_takes_are_longer_and_in_another_key_keeps_both_for_them(bench):
    bench.do(c.Generate(PROMPT))
    before = stem_of(bench, "bass")
    bench.send(c.SetBars(8))
    bench.send(c.SetKey("F#m"))
    bench.do(c.RegenerateBars("bass", 2, 2))
    assert_only_new(before, stem_of(bench, "bass"), {2})
    frame = bench.engine.core.session.frame
    assert (frame.bars, frame.key) == (8, Key.parse("F#m"))


def test_a_midi_file_that_came_in_may_have_new_bars(bench):
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
    before = stem_of(bench, "bass")
    bench.do(c.RegenerateBars("bass", 2, 2))
    assert_only_new(before, stem_of(bench, "bass"), {2})


def test_midi_and_audio_are_the_same_take(bench):
    """Performed anew from its score, a take has its attacks where the spliced one has them."""
    bench.do(c.Generate(PROMPT))
    bench.do(c.RegenerateBars("drums", 3, 3))
    stem = stem_of(bench, "drums")
    played = bench.engine.core.registry["drums"].perform(stem.score, lambda _: None, lambda: False)
    for bar in range(1, 5):
        span = slice(*bar_samples(stem.score, bar - 1))
        one, other = stem.audio[span].ravel(), played[span].ravel()
        assert np.corrcoef(one, other)[0, 1] > 0.95, bar
    assert len(scores_to_midi([stem.score]).tracks) == 2


# --- the history ----------------------------------------------------------------------------------


def test_undo_redo_and_take_go_through_it_like_any_other(bench):
    bench.do(c.Generate(PROMPT))
    first = bench.digest("melody")
    bench.do(c.RegenerateBars("melody", 2, 2))
    second = bench.digest("melody")
    for command, digest in ((c.Undo, first), (c.Redo, second)):
        bench.send(command("melody"))
        assert bench.digest("melody") == digest
        bench.until(lambda digest=digest: bench.outs.latest["melody"] == digest)
    bench.send(c.SelectTake("melody", 1))
    bench.do(c.RegenerateBars("melody", 4, 4))  # of the take that stands, not of the last one
    assert_only_new(track_of(bench, "melody").takes[0].stem, stem_of(bench, "melody"), {4})
    assert track_of(bench, "melody").current == 3


def test_after_a_restart_the_take_and_its_bars_are_there(tmp_path):
    bench = Bench(tmp_path / "set")
    bench.do(c.Generate(PROMPT))
    bench.do(c.RegenerateBars("bass", 2, 2))
    before = stem_of(bench, "bass")
    bench.close()
    again = Bench(tmp_path / "set")
    assert np.array_equal(stem_of(again, "bass").audio, before.audio)
    again.do(c.RegenerateBars("bass", 3, 3))
    assert_only_new(before, stem_of(again, "bass"), {3})
    again.close()


def test_what_a_kill_cut_off_is_taken_up_again(bench):
    bench.do(c.Generate(PROMPT))
    command = c.RegenerateBars("bass", 2, 3, "busier")
    request = request_of(bench.engine.core.session, command, e.Origin("test", "", 1, 1))
    assert resumed_command(kept(request)) == command


# --- words ----------------------------------------------------------------------------------------


def test_a_prompt_for_one_track_may_name_the_bars(bench):
    bench.do(c.Generate(PROMPT))
    for prompt, new in (("redo bars 3-4", {3, 4}), ("bar 2 an octave lower", {2})):
        before = stem_of(bench, "melody")
        bench.do(c.Regenerate("melody", prompt))
        assert_only_new(before, stem_of(bench, "melody"), new)
    bench.send(c.SetTrackPrompt("melody", "new bar 1"))
    before = stem_of(bench, "melody")
    bench.do(c.Regenerate("melody"))
    assert_only_new(before, stem_of(bench, "melody"), {1})
    assert refused(bench, c.Regenerate("melody", "redo bars 4-5")).code == "range"


def test_a_track_without_a_take_reads_the_same_words_as_ever(bench):
    bench.do(c.Regenerate("bass", "techno, 2 bars, like bar 1"))
    assert stem_of(bench, "bass").bars == 2
