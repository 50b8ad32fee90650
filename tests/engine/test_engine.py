"""The laws of a set: locks, takes, seeds, queue, cancel, scenes, what survives a kill."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import commands as c
from engine import events as e
from engine.errors import EngineError
from engine.music.key import MODES, Key
from engine.registry import Registry, TrackType, default_registry
from tests.engine.outs import Bench

PROMPT = "techno at 140 bpm, 1 bar"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path / "set")
    yield bench
    bench.close()


def gated_registry(gate: threading.Event) -> Registry:
    """The real band, but nobody performs before the gate opens."""

    def perform(score, progress, cancelled):
        while not gate.wait(0.005):
            if cancelled():
                raise EngineError("cancelled", f"{score.track} was cancelled")
        return default_registry()[score.track].perform(score, progress, cancelled)

    return Registry({name: TrackType(name, perform=perform) for name in default_registry()})


@pytest.fixture
def gate():
    return threading.Event()


@pytest.fixture
def gated(tmp_path, gate):
    bench = Bench(tmp_path / "set", gated_registry(gate))
    yield bench
    gate.set()
    bench.close()


# --- generate -------------------------------------------------------------------------------------


def test_a_sentence_becomes_four_stems_of_equal_length(bench):
    bench.do(c.Generate(PROMPT))
    stems = [track.stem for track in bench.engine.core.session.tracks.values()]
    assert {stem.length_samples for stem in stems} == {round(4 * 60 / 140 * 44100)}
    assert {stem.tempo_bpm for stem in stems} == {140}
    assert len({stem.key for stem in stems}) == 1
    assert all(stem.score.chords == stems[0].score.chords for stem in stems)


def test_every_command_is_accepted_once_and_ends_once(bench):
    origin = bench.send(c.Generate(PROMPT))
    bench.wait(origin)
    answers = [type(ev).__name__ for ev in bench.of(e.Answer) if ev.origin == origin]
    assert answers == ["Accepted", "Done"]


def test_the_same_seed_gives_the_same_samples_in_another_set(tmp_path):
    digests = []
    for name in ("one", "two"):
        bench = Bench(tmp_path / name)
        bench.send(c.SetSeed(7))
        bench.do(c.Generate(PROMPT))
        bench.do(c.Regenerate("bass", "more aggressive"))
        digests.append(bench.digests())
        bench.close()
    assert digests[0] == digests[1]


def test_a_fresh_seed_each_time_gives_other_takes(bench):
    bench.do(c.Generate(PROMPT))
    first = bench.digests()
    bench.do(c.Generate(PROMPT))
    assert all(first[track] != digest for track, digest in bench.digests().items())


def test_the_seed_a_stem_reports_brings_the_same_stem_back(bench):
    bench.do(c.Generate(PROMPT))
    bench.do(c.Regenerate("melody"))
    wanted, seed = bench.digest("melody"), bench.engine.core.session.tracks["melody"].stem.seed
    bench.do(c.Regenerate("melody"))
    assert bench.digest("melody") != wanted
    bench.send(c.SetTrackSeed("melody", seed))
    bench.do(c.Regenerate("melody"))
    assert bench.digest("melody") == wanted


def test_regenerating_one_track_leaves_the_others(bench):
    bench.do(c.Generate(PROMPT))
    before = bench.digests()
    bench.do(c.Regenerate("bass", "more aggressive"))
    after = bench.digests()
    assert after.pop("bass") != before.pop("bass")
    assert after == before


def test_what_is_pinned_stays_where_the_prompt_is_silent(bench):
    bench.send(c.SetTempo(97))
    bench.send(c.SetKey("F#m"))
    bench.send(c.SetBars(1))
    bench.do(c.Generate("house"))
    stem = bench.engine.core.session.tracks["harmony"].stem
    assert (stem.tempo_bpm, stem.key.name, stem.bars) == (97, "F#m", 1)


# --- locks ----------------------------------------------------------------------------------------


def test_locked_tracks_outrank_the_prompt(bench):
    bench.do(c.Generate(PROMPT))
    bench.send(c.SetLock("drums", True))
    drums = bench.digest("drums")
    bench.do(c.Generate("house at 110 bpm, 1 bar"))
    assert bench.digest("drums") == drums
    assert {t.stem.tempo_bpm for t in bench.engine.core.session.tracks.values()} == {140}
    assert any("110 bpm" in log.text and log.level == "warning" for log in bench.of(e.Log))
    (told,) = bench.of(e.ContextConflict)
    assert (told.field, told.asked) == ("tempo_bpm", "110 bpm") and told.kept in told.text


def test_a_lock_that_comes_while_a_generation_runs_holds(gated, gate):
    gate.set()
    gated.do(c.Generate(PROMPT))
    gate.clear()
    before = gated.digests()
    swaps = len(gated.outs.swaps)
    origin = gated.send(c.Generate(PROMPT))
    gated.send(c.SetLock("bass", True))
    gate.set()
    assert isinstance(gated.wait(origin), e.Done)
    after = gated.digests()
    assert after["bass"] == before["bass"]
    assert after["drums"] != before["drums"]
    assert all("bass" not in loops for loops, _ in gated.outs.swaps[swaps:])
    bass = gated.engine.core.session.tracks["bass"]
    assert (bass.current, len(bass.takes)) == (1, 2)  # nothing is lost: the result waits as take 2


@pytest.mark.parametrize(
    "command", [c.Regenerate("bass"), c.Undo("bass"), c.SelectTake("bass", 1), c.Import("bass", "x.wav")]
)
def test_a_locked_track_refuses(bench, command):
    bench.do(c.Generate(PROMPT))
    bench.send(c.SetLock("bass", True))
    with pytest.raises(EngineError, match="locked"):
        bench.send(command)


def test_nothing_to_generate_when_all_is_locked(bench):
    bench.send(c.SetLock("*", True))
    with pytest.raises(EngineError, match="unlock"):
        bench.send(c.Generate(PROMPT))


# --- takes ----------------------------------------------------------------------------------------


def test_undo_and_redo_move_through_the_takes(bench):
    bench.do(c.Generate(PROMPT))
    first = bench.digest("bass")
    bench.do(c.Regenerate("bass"))
    second = bench.digest("bass")
    bench.send(c.Undo("bass"))
    assert bench.digest("bass") == first
    bench.send(c.Redo("bass"))
    assert bench.digest("bass") == second
    with pytest.raises(EngineError, match="takes 1 to 2"):
        bench.send(c.Redo("bass"))


def test_a_take_is_chosen_on_all_tracks_or_on_none(bench):
    bench.do(c.Generate(PROMPT))
    bench.do(c.Regenerate("drums"))
    bench.send(c.SelectTake("drums", 1))
    with pytest.raises(EngineError, match="bass has takes 1 to 1"):
        bench.send(c.SelectTake("*", 2))
    assert bench.engine.core.session.tracks["drums"].current == 1


def test_undo_is_heard(bench):
    bench.do(c.Generate(PROMPT))
    first = bench.digest("bass")
    bench.do(c.Regenerate("bass"))
    swaps = len(bench.outs.swaps)
    bench.send(c.Undo("bass"))
    bench.until(lambda: len(bench.outs.swaps) > swaps)
    assert bench.outs.swaps[-1] == ({"bass": first}, "loop")


def test_takes_of_one_generation_take_over_together(bench):
    bench.do(c.Generate(PROMPT))
    bench.outs.swaps.clear()
    bench.do(c.Generate(PROMPT))
    assert bench.outs.swaps == [(bench.digests(), "loop")]


def test_with_manual_nothing_is_heard_before_the_launch(bench):
    bench.do(c.Generate(PROMPT))
    bench.send(c.SetWhen("manual"))
    bench.outs.swaps.clear()
    bench.do(c.Regenerate("bass"))
    assert bench.outs.swaps == []
    bench.send(c.Launch())
    assert bench.outs.swaps == [({"bass": bench.digest("bass")}, "bar")]


# --- queue and cancel -----------------------------------------------------------------------------


def test_requests_wait_their_turn_and_all_end(bench):
    origins = [bench.send(c.Generate(PROMPT)), *(bench.send(c.Regenerate(t)) for t in ("bass", "melody"))]
    assert all(isinstance(bench.wait(origin), e.Done) for origin in origins)
    assert [len(bench.engine.core.session.tracks[t].takes) for t in ("drums", "bass", "melody")] == [1, 2, 2]


def test_cancel_gives_up_what_runs_and_what_waits(gated, gate):
    running, waiting = gated.send(c.Generate(PROMPT)), gated.send(c.Regenerate("bass"))
    gated.send(c.Cancel())
    for origin in (running, waiting):
        answer = gated.wait(origin)
        assert isinstance(answer, e.Failed)
        assert answer.code == "cancelled"
    assert all(track.state == "empty" for track in gated.engine.core.session.tracks.values())
    gate.set()
    assert isinstance(gated.wait(gated.send(c.Generate(PROMPT))), e.Done)


def test_cancel_of_one_track_leaves_the_rest_of_the_generation(gated, gate):
    origin = gated.send(c.Generate(PROMPT))
    gated.send(c.Cancel("melody"))
    gate.set()
    assert isinstance(gated.wait(origin), e.Done)
    assert gated.digest("drums")
    assert not gated.digest("melody")


def test_a_loop_too_long_to_hold_is_refused_with_its_length(bench):
    bench.send(c.SetTempo(40))
    bench.send(c.SetSignature(32, 2))
    with pytest.raises(EngineError, match="a loop may last"):
        bench.send(c.SetBars(64))


def test_a_musician_who_breaks_down_fails_alone(tmp_path):
    def broken(score, progress, cancelled):
        raise EngineError("internal", "out of strings")

    registry = default_registry()
    registry.register(replace(registry["harmony"], perform=broken))
    bench = Bench(tmp_path / "set", registry)
    answer = bench.wait(bench.send(c.Generate(PROMPT)))
    assert isinstance(answer, e.Failed)
    assert "out of strings" in answer.text
    assert bench.engine.core.session.tracks["harmony"].state == "failed"
    assert bench.digest("melody")
    bench.close()


def test_another_track_type_needs_no_change_of_the_core(tmp_path):
    registry = default_registry()
    registry.register(
        TrackType("percussion", compose=lambda _, *rest: registry["drums"].compose("drums", *rest))
    )
    bench = Bench(tmp_path / "set", registry)
    bench.do(c.Generate(PROMPT))
    assert len(bench.digests()) == 5
    bench.close()


# --- disk -----------------------------------------------------------------------------------------


def test_a_full_disk_is_reported_and_retried_while_playing_goes_on(bench, monkeypatch):
    monkeypatch.setattr("engine.writer.RETRY_S", (0.01, 0.01, 0.02))
    bench.outs.disk_error = EngineError("disk", "No space left on device: stems/")
    origin = bench.send(c.Regenerate("bass", PROMPT))
    answer = bench.wait(origin)
    assert isinstance(answer, e.Failed)
    assert answer.code == "disk"
    assert bench.outs.swaps  # it plays all the same
    bench.outs.disk_error = None
    bench.until(lambda: bool(bench.of(e.TrackStem)))
    assert bench.engine.core.session.tracks["bass"].take.file


def test_the_set_comes_back_as_it_was(tmp_path):
    bench = Bench(tmp_path / "set")
    bench.do(c.Generate(PROMPT))
    bench.do(c.Regenerate("bass"))
    bench.send(c.Undo("bass"))
    bench.send(c.SetLock("drums", True))
    bench.send(c.SetVolume("bass", -6.0))
    audio = bench.engine.core.session.tracks["bass"].stem.audio.copy()
    snapshot = bench.engine.snapshot()
    bench.close()
    again = Bench(tmp_path / "set")
    assert again.engine.snapshot() == snapshot
    assert np.array_equal(again.engine.core.session.tracks["bass"].stem.audio, audio)
    assert len(again.engine.core.session.tracks["bass"].takes) == 2
    again.close()


def test_what_was_answered_done_survives_kill_9(tmp_path):
    code = f"""
        import os, sys, signal
        from pathlib import Path
        from engine import commands as c
        from tests.engine.outs import Bench
        bench = Bench(Path({str(tmp_path / "set")!r}))
        bench.do(c.Generate({PROMPT!r}))
        bench.send(c.SetLock("drums", True))
        bench.do(c.SaveScene("one"))
        print(bench.digests(), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == -signal.SIGKILL, result.stderr
    bench = Bench(tmp_path / "set")
    assert str(bench.digests()) == result.stdout.strip()
    assert bench.engine.core.session.tracks["drums"].locked
    assert bench.engine.core.store.names("scenes") == ["one"]
    bench.close()


def test_two_engines_do_not_share_a_set(bench, tmp_path):
    with pytest.raises(EngineError, match="another engine"):
        Bench(tmp_path / "set")


def test_resume_takes_up_what_a_kill_cut_off(gated, gate, tmp_path):
    gated.send(c.Generate(PROMPT))
    gated.engine.core.keeper.drain()
    gated.engine.core.store.lock.close()  # as after a kill
    gate.set()
    again = Bench(tmp_path / "set")
    assert again.engine.resume() == ["generate drums, bass, harmony, melody"]
    again.until(lambda: all(t.state == "ready" for t in again.engine.core.session.tracks.values()))
    again.close()


# --- scenes, contexts, sets, exports --------------------------------------------------------------


def test_a_scene_brings_back_prompts_takes_and_locks(bench):
    bench.do(c.Generate(PROMPT))
    bench.send(c.SetLock("drums", True))
    bench.send(c.SetTrackPrompt("bass", "acid"))
    bench.do(c.SaveScene("verse"))
    verse = bench.digests()
    bench.send(c.SetLock("drums", False))
    bench.send(c.SetTrackPrompt("bass", ""))
    bench.do(c.Generate(PROMPT))
    bench.do(c.LoadScene("verse"))
    assert bench.digests() == verse
    assert bench.engine.core.session.tracks["drums"].locked
    assert bench.engine.core.session.tracks["bass"].prompt == "acid"
    assert bench.outs.swaps[-1][0] == verse


def test_a_scene_leaves_locked_tracks_alone(bench):
    bench.do(c.Generate(PROMPT))
    bench.do(c.SaveScene("verse"))
    bench.do(c.Regenerate("melody"))
    melody = bench.digest("melody")
    bench.send(c.SetLock("melody", True))
    bench.do(c.LoadScene("verse"))
    assert bench.digest("melody") == melody
    assert bench.engine.core.session.tracks["melody"].locked


def test_an_unknown_scene_names_those_there_are(bench):
    bench.do(c.SaveScene("verse"))
    with pytest.raises(EngineError, match="there are: verse"):
        bench.send(c.LoadScene("chorus"))


def test_a_context_brings_the_wishes_back_but_no_audio(bench):
    bench.do(c.Generate(PROMPT))
    bench.do(c.SaveContext("dark"))
    stems = bench.digests()
    bench.do(c.Generate("house at 120 bpm, 2 bars"))
    bench.do(c.LoadContext("dark"))
    assert bench.engine.core.session.frame.tempo_bpm == 140
    assert bench.engine.core.session.context.genre == "techno"
    assert bench.digests() != stems


def test_sets_lie_beside_each_other(bench, tmp_path):
    bench.do(c.Generate(PROMPT))
    first = bench.digests()
    bench.do(c.NewSet("other"))
    assert set(bench.digests().values()) == {""}
    assert bench.of(e.SetFolder)[-1] == e.SetFolder(str(tmp_path / "other"))
    origin = bench.send(c.ListSets())
    assert [ev.values[2] for ev in bench.of(e.Reply) if ev.origin == origin] == ["other", "set"]
    bench.do(c.OpenSet("set"))
    assert bench.digests() == first
    assert bench.of(e.SetFolder)[-1] in bench.engine.snapshot()
    with pytest.raises(EngineError, match="there are"):
        bench.send(c.OpenSet("../elsewhere") if os.sep == "\\" else c.OpenSet("nowhere"))


@pytest.mark.parametrize(
    ("command", "ending"),
    [
        (c.ExportStems(), ".zip"), (c.ExportMix("wav"), ".wav"), (c.ExportMix("flac"), ".flac"),
        (c.ExportMix("mp3"), ".mp3"), (c.ExportMidi(), ".mid"), (c.ExportDawproject(), ".dawproject"),
    ],
)  # fmt: skip
def test_exports_answer_with_the_name_written(bench, tmp_path, command, ending):
    bench.do(c.Generate(PROMPT))
    bench.do(command)
    (reply,) = (ev for ev in bench.of(e.Reply) if ev.address == "/rg/export/name")
    assert (tmp_path / "set" / reply.values[1]).stat().st_size > 100
    assert reply.values[1].endswith(ending)


def test_a_scene_is_exported_under_its_own_name_and_a_set_without_takes_is_told(bench):
    for command in (c.ExportStems(), c.ExportMidi(), c.ExportDawproject()):
        with pytest.raises(EngineError, match="empty: there is nothing to export yet"):
            bench.send(command)
    bench.do(c.Generate(PROMPT))
    bench.do(c.SaveScene("verse"))
    bench.do(c.ExportDawproject("verse"))
    (reply,) = (ev for ev in bench.of(e.Reply) if ev.address == "/rg/export/name")
    assert reply.values[0] == "dawproject" and "/set_verse_140bpm_" in reply.values[1]
    with pytest.raises(EngineError, match=r"not_found: .*'chorus'.*there are: verse"):
        bench.send(c.ExportDawproject("chorus"))


def test_analyses_answer_field_by_field(bench):
    bench.do(c.Generate(PROMPT))
    for command in (c.AnalyzePrompt("dark techno at 128 bpm"), c.AnalyzeTrack("bass")):
        bench.events.clear()
        bench.do(command)
        assert any(ev.values[0] == "tempo_bpm" for ev in bench.of(e.Reply))


# --- any frame, any commands ----------------------------------------------------------------------


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.floats(40, 240), st.integers(1, 15), st.sampled_from([2, 4, 8, 16]), st.integers(1, 5),
    st.integers(0, 11), st.sampled_from(sorted(MODES)),
)  # fmt: skip
def test_any_frame_gives_valid_scores_and_stems_of_exact_length(
    tmp_path_factory, tempo, beats, unit, bars, tonic, mode
):
    bench = Bench(tmp_path_factory.mktemp("frame") / "set")
    for command in (
        c.SetTempo(tempo),
        c.SetSignature(beats, unit),
        c.SetBars(bars),
        c.SetKey(Key(tonic, mode).name),
    ):
        bench.send(command)
    bench.do(c.Generate("house"))
    for track in bench.engine.core.session.tracks.values():
        stem = track.stem
        assert stem.score.validate().key == Key(tonic, mode)
        assert stem.length_samples == math.floor(bars * beats * 4 / unit * 60 / stem.tempo_bpm * 44100 + 0.5)
        assert stem.tempo_bpm == pytest.approx(tempo)
    bench.close()


tracks = st.sampled_from(["drums", "bass", "harmony", "melody", "*", "drums,bass"])
texts = st.sampled_from(["", "techno", "more aggressive", "in 7/8", "half as busy", "\x00ü", "no drums"])
commands = st.one_of(
    st.builds(c.Generate, texts), st.builds(c.Preview, texts), st.builds(c.Regenerate, tracks, texts),
    st.builds(c.SetLock, tracks, st.booleans()), st.builds(c.Cancel, tracks), st.builds(c.Undo, tracks),
    st.builds(c.Redo, tracks), st.builds(c.SelectTake, tracks, st.integers(0, 3)),
    st.builds(c.SetTempo, st.floats(40, 240)), st.builds(c.SetKey, st.sampled_from(["Am", "Bb dorian"])),
    st.builds(c.SetSignature, st.integers(1, 9), st.sampled_from([4, 8])),
    st.builds(c.SaveScene, st.just("s")), st.builds(c.LoadScene, st.just("s")),
    st.builds(c.SetWhen, st.sampled_from(["now", "loop", "manual"])), st.builds(c.Launch),
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(commands, min_size=3, max_size=12))
def test_whatever_is_asked_a_locked_stem_never_changes(tmp_path_factory, asked):
    bench = Bench(tmp_path_factory.mktemp("any") / "set")
    bench.send(c.SetBars(1))
    held: dict[str, str] = {}
    waiting = []
    for command in asked:
        try:
            origin = bench.send(command)
        except EngineError:
            continue
        if command.is_async:
            waiting.append(origin)
        for name, track in bench.engine.core.session.tracks.items():
            if track.locked:
                assert held.setdefault(name, bench.digest(name)) == bench.digest(name)
            else:
                held.pop(name, None)
    for origin in waiting:
        bench.wait(origin)
        for name, digest in held.items():
            assert bench.digest(name) == digest
    bench.close()
