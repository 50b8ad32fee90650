"""A new take of chosen bars: those are new, all others are the standing take's bit for bit."""

from __future__ import annotations

import threading
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from engine import commands as c
from engine import events as e
from engine.audio.midi_file import scores_to_midi
from engine.errors import EngineError
from engine.model.track.splicing import bar_samples
from engine.model_takes import FADE_SAMPLES
from engine.models import Models
from engine.music.key import Key
from engine.music.some_bars import in_bars
from engine.performing import Offer
from engine.requests import kept, request_of, resumed_command
from engine.stem import Stem
from tests.engine.families import Mirror
from tests.engine.outs import Bench
from tests.engine.test_engine import gated_registry

PROMPT = "funk at 140 bpm, 4 bars"
TRACKS = ("drums", "bass", "harmony", "melody")


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path / "set")
    yield bench
    bench.close()


@pytest.fixture
def mirror():
    return Mirror()


@pytest.fixture
def with_model(tmp_path, mirror):
    bench = Bench(tmp_path / "set", models=Models([mirror]))
    yield bench
    mirror.first.set()
    mirror.rest.set()
    bench.close()


def track_of(bench: Bench, name: str):
    return bench.engine.core.session.tracks[name]


def stem_of(bench: Bench, name: str) -> Stem:
    stem = track_of(bench, name).stem
    assert stem is not None
    return stem


def in_bar(stem: Stem, bar: int) -> np.ndarray:
    """The samples of a bar, from 1."""
    assert stem.score is not None
    return stem.audio[slice(*bar_samples(stem.score, bar - 1))]


def assert_only_new(before: Stem, after: Stem, new: set[int]) -> None:
    """Bars from 1: bit for bit but for the new ones, and these are others in sound and score."""
    assert after.length_samples == before.length_samples and after.digest != before.digest
    for bar in set(range(1, before.bars + 1)) - new:
        assert np.array_equal(in_bar(after, bar), in_bar(before, bar)), bar
    bars = {bar - 1 for bar in new}
    others = set(range(before.bars)) - bars
    assert in_bars(after.score, bars) != in_bars(before.score, bars)
    assert in_bars(after.score, others).hits == in_bars(before.score, others).hits
    frame = ("tempo_bpm", "key", "signature", "bars", "palette", "settings", "genre", "sections", "track")
    for name in frame:
        assert getattr(after.score, name) == getattr(before.score, name), name
    bar_beats = before.signature.bar_beats
    for start, pitch in {(note.start_beats, note.pitch) for note in before.score.notes}:
        if int(start / bar_beats + 1e-9) in others:
            assert (start, pitch) in {(note.start_beats, note.pitch) for note in after.score.notes}


def refused(bench: Bench, command: c.Command) -> EngineError:
    """Before it is accepted; and nothing is touched."""
    digests, events = bench.digests(), len(bench.events)
    with pytest.raises(EngineError) as caught:
        bench.send(command)
    assert bench.digests() == digests
    assert not [event for event in bench.events[events:] if isinstance(event, e.Accepted | e.TrackState)]
    return caught.value


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


# --- what cannot be done --------------------------------------------------------------------------


def test_without_a_take_there_are_no_bars(bench):
    error = refused(bench, c.RegenerateBars("bass", 1, 2))
    assert (error.code, "bass has no take yet" in error.text) == ("empty", True)


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [(0, 1, "bars 1 to 4, not 0 to 1"), (5, 5, "bars 1 to 4, not 5"), (3, 9, "not 3 to 9"), (3, 2, "after")],
)
def test_bars_that_are_not_there_are_refused_with_those_that_are(bench, first, last, says):
    bench.do(c.Generate(PROMPT))
    error = refused(bench, c.RegenerateBars("bass", first, last))
    assert error.code == "range" and says in error.text


def test_a_track_that_nobody_has_is_unknown(bench):
    assert refused(bench, c.RegenerateBars("guitar", 1, 1)).code == "unknown"


def test_audio_that_came_in_has_no_score_to_write_bars_in(bench):
    folder = bench.engine.core.store.folder / "imports"
    folder.mkdir(exist_ok=True)
    bench.do(c.Generate(PROMPT))
    soundfile.write(folder / "loop_4bars.wav", stem_of(bench, "drums").audio, 44_100)
    bench.do(c.Import("drums", "loop_4bars.wav"))
    error = refused(bench, c.RegenerateBars("drums", 2, 2))
    assert error.code == "not_available" and "audio" in error.text and "regenerate all" in error.text


def test_a_take_in_another_tempo_or_signature_than_the_set_says_which(bench):
    bench.do(c.Generate(PROMPT))
    bench.send(c.SetTempo(150))
    error = refused(bench, c.RegenerateBars("bass", 2, 2))
    assert error.code == "not_available" and "140 bpm" in error.text and "150 bpm" in error.text
    bench.send(c.SetTempo(140))
    bench.send(c.SetSignature(3, 4))
    error = refused(bench, c.RegenerateBars("bass", 2, 2))
    assert error.code == "not_available" and "4/4" in error.text and "3/4" in error.text
    bench.send(c.SetSignature(4, 4))
    bench.do(c.RegenerateBars("bass", 2, 2))


def test_a_locked_track_is_refused_and_several_leave_it_out(bench):
    bench.do(c.Generate(PROMPT))
    bench.send(c.SetLock("bass", True))
    error = refused(bench, c.RegenerateBars("bass", 2, 2))
    assert (error.code, error.text) == ("locked", refused(bench, c.Regenerate("bass")).text)


# --- on the way -----------------------------------------------------------------------------------


def test_what_waits_for_the_take_is_checked_when_it_stands(tmp_path):
    gate = threading.Event()
    bench = Bench(tmp_path / "set", gated_registry(gate))
    origins = [bench.send(command) for command in (
        c.Generate(PROMPT), c.RegenerateBars("bass", 2, 2), c.RegenerateBars("bass", 9, 9),
    )]  # fmt: skip
    gate.set()
    answers = [bench.wait(origin) for origin in origins]
    assert [type(answer) for answer in answers] == [e.Done, e.Done, e.Failed]
    assert answers[2].code == "range" and "bars 1 to 4" in answers[2].text
    first, second = track_of(bench, "bass").takes
    assert_only_new(first.stem, second.stem, {2})
    assert track_of(bench, "bass").state == "ready"
    bench.close()


def test_cancel_leaves_what_was(tmp_path):
    gate = threading.Event()
    gate.set()
    bench = Bench(tmp_path / "set", gated_registry(gate))
    bench.do(c.Generate(PROMPT))
    before = bench.digests()
    gate.clear()
    origin = bench.send(c.RegenerateBars("bass", 2, 2))
    bench.send(c.Cancel("bass"))
    answer = bench.wait(origin)
    assert (type(answer), answer.code) == (e.Failed, "cancelled")
    assert bench.digests() == before and len(track_of(bench, "bass").takes) == 1
    gate.set()
    bench.close()


def test_a_lock_meanwhile_keeps_the_result_as_a_take(tmp_path):
    gate = threading.Event()
    gate.set()
    bench = Bench(tmp_path / "set", gated_registry(gate))
    bench.do(c.Generate(PROMPT))
    before = bench.digest("bass")
    gate.clear()
    origin = bench.send(c.RegenerateBars("bass", 2, 2))
    bench.send(c.SetLock("bass", True))
    gate.set()
    answer = bench.wait(origin)
    assert (type(answer), answer.code, bench.digest("bass")) == (e.Failed, "locked", before)
    assert_only_new(*(take.stem for take in track_of(bench, "bass").takes), {2})
    bench.close()


# --- by a model -----------------------------------------------------------------------------------


def test_a_model_is_given_the_other_bars_and_performs_into_them(with_model, mirror):
    with_model.do(c.Generate(PROMPT))
    before = stem_of(with_model, "bass")
    assert before.render == "model"
    with_model.do(c.RegenerateBars("bass", 2, 3))
    after = stem_of(with_model, "bass")
    assert_only_new(before, after, {2, 3})
    part = mirror.parts["bass"]
    assert part.given is not None and part.given.bars == {0, 3} and part.given.audio is before.audio
    assert part.score == after.score and after.render == "model"
    start, end = bar_samples(after.score, 1)[0], bar_samples(after.score, 2)[1]
    inside = slice(start + FADE_SAMPLES, end - FADE_SAMPLES)
    assert np.allclose(after.audio[inside], mirror.sound(after.score)[inside], atol=2**-23)


def test_all_that_is_heard_on_the_way_has_the_bars_that_stay(with_model, mirror):
    """The instruments' preview, and the preview with the model's first bars."""
    with_model.do(c.Generate(PROMPT))
    before = stem_of(with_model, "bass")
    heard: list[Stem] = []
    prepare = with_model.outs.prepare
    with_model.outs.prepare = lambda stem, score=None: (heard.append(stem), prepare(stem, score))[1]
    with_model.do(c.RegenerateBars("bass", 1, 3))
    assert [stem.render for stem in heard] == ["instruments", "model, part", "model"]
    for stem in heard:
        assert np.array_equal(in_bar(stem, 4), in_bar(before, 4))
        assert not np.array_equal(in_bar(stem, 2), in_bar(before, 2))


def test_a_model_that_breaks_off_leaves_the_instruments_bars_among_the_standing_ones(with_model, mirror):
    with_model.do(c.Generate(PROMPT))
    before = stem_of(with_model, "bass")
    mirror.failure = EngineError("internal", "no strings")
    with_model.do(c.RegenerateBars("bass", 2, 2))
    assert_only_new(before, stem_of(with_model, "bass"), {2})
    assert stem_of(with_model, "bass").render == "instruments"


def test_whoever_performs_now_plays_into_what_somebody_else_performed(tmp_path: Path):
    bench = Bench(tmp_path / "set", models=Models([Mirror(offer=Offer(True, True, "here"))], "instruments"))
    bench.do(c.Generate(PROMPT))
    before = stem_of(bench, "bass")
    bench.send(c.SetRender("model"))
    bench.do(c.RegenerateBars("bass", 2, 2))
    after = stem_of(bench, "bass")
    assert_only_new(before, after, {2})
    assert (before.render, after.render) == ("instruments", "model")
    bench.close()
