"""While a model performs: whatever is asked meanwhile is heard, nothing that plays stops, no take is lost."""

from __future__ import annotations

import threading

import pytest

from engine import commands as c
from engine import events as e
from engine.errors import EngineError
from engine.models import Choice, Models, warm_models
from engine.registry import default_registry
from tests.engine.families import Mirror
from tests.engine.outs import Bench

PROMPT = "techno at 140 bpm, 2 bars"


@pytest.fixture
def mirror():
    return Mirror()


@pytest.fixture
def bench(tmp_path, mirror):
    """Two takes of every track; the bench's pool has two threads, fewer than there are tracks."""
    bench = Bench(tmp_path / "set", models=Models([mirror]))
    bench.do(c.Generate(PROMPT))
    bench.do(c.Generate(PROMPT))
    yield bench
    mirror.first.set()
    mirror.rest.set()
    bench.close()


def track_of(bench, name):
    return bench.engine.core.session.tracks[name]


def take_digest(bench, name, number):
    return track_of(bench, name).takes[number - 1].stem.digest


def performing(bench, mirror, command):
    """A generation of all tracks whose previews sound, and whose models hold both threads of the pool."""
    mirror.first.clear()
    mirror.begun = threading.Semaphore(0)
    origin = bench.send(command)
    bench.until(lambda: all(bench.outs.latest[name] != now for name, now in bench.digests().items()))
    assert all(mirror.begun.acquire(timeout=60.0) for _ in range(2))
    return origin


@pytest.fixture
def all_at_work(bench, mirror):
    return performing(bench, mirror, c.Generate(PROMPT))


def ended(bench, mirror, origin):
    mirror.first.set()
    return bench.wait(origin)


# --- heard at once, whoever computes ----------------------------------------------------------------


def test_a_cancelled_track_goes_back_while_the_others_are_performed(bench, mirror, all_at_work):
    standing = bench.digest("melody")
    bench.send(c.Cancel("melody"))
    bench.until(lambda: bench.outs.latest["melody"] == standing)
    assert isinstance(ended(bench, mirror, all_at_work), e.Done)
    assert [len(track_of(bench, name).takes) for name in ("drums", "melody")] == [3, 2]
    assert bench.outs.latest == bench.digests()


def test_undo_is_heard_while_every_thread_performs_and_the_take_still_comes(bench, mirror, all_at_work):
    first = take_digest(bench, "bass", 1)
    bench.send(c.Undo("bass"))
    bench.until(lambda: bench.outs.latest["bass"] == first)
    assert isinstance(ended(bench, mirror, all_at_work), e.Done)
    assert track_of(bench, "bass").current == 3 and bench.outs.latest == bench.digests()


def test_a_scene_takes_the_place_of_previews_and_the_takes_still_come(bench, mirror):
    bench.do(c.SaveScene("one"))
    standing = bench.digests()
    origin = performing(bench, mirror, c.Generate(PROMPT))
    bench.send(c.LoadScene("one"))
    bench.until(lambda: bench.outs.latest == standing)
    assert isinstance(ended(bench, mirror, origin), e.Done)
    assert {track.current for track in bench.engine.core.session.tracks.values()} == {3}
    assert bench.outs.latest == bench.digests()


def test_a_lock_after_undo_keeps_what_sounds_and_not_the_preview(bench, mirror, all_at_work):
    first = take_digest(bench, "bass", 1)
    bench.send(c.Undo("bass"))
    bench.until(lambda: bench.outs.latest["bass"] == first)
    bench.send(c.SetLock("bass", True))
    ended(bench, mirror, all_at_work)
    assert bench.digest("bass") == first == bench.outs.latest["bass"]
    assert len(track_of(bench, "bass").takes) == 3  # the model's is kept


def test_undo_before_the_launch_is_not_overruled_by_it(bench, mirror):
    bench.send(c.SetWhen("manual"))
    bench.do(c.Regenerate("bass"))
    first = take_digest(bench, "bass", 1)
    bench.send(c.SelectTake("bass", 1))
    bench.until(lambda: bench.outs.latest["bass"] == first)
    with pytest.raises(EngineError, match="nothing waits"):
        bench.send(c.Launch())
    assert bench.outs.latest["bass"] == first


# --- the frame --------------------------------------------------------------------------------------


def test_a_tempo_that_is_set_while_models_perform_holds_for_what_they_make(bench, mirror):
    origin = performing(bench, mirror, c.Generate("techno at 100 bpm, 1 bar"))
    assert bench.outs.calls[-1] == "grid 100 4/4"
    bench.send(c.SetTempo(90))
    assert bench.outs.calls[-1] == "grid 90 4/4"
    ended(bench, mirror, origin)
    assert bench.outs.calls[-1] == "grid 90 4/4" and bench.engine.core.session.frame.tempo_bpm == 90
    assert track_of(bench, "bass").stem.tempo_bpm == 100  # as it was asked for, and nothing is lost
    latest = bench.engine.core.stage.latest
    bench.until(lambda: all(sound.played.tempo_bpm == 90 for sound in latest.values()))
    assert latest["bass"].stem is track_of(bench, "bass").stem


def test_bars_and_beats_of_a_preview_that_nobody_heard_go_with_it(bench, mirror):
    bench.send(c.SetWhen("manual"))
    mirror.first.clear()
    origin = bench.send(c.Generate("techno at 100 bpm, 1 bar"))
    bench.until(lambda: len(bench.engine.generation.entrances.ready) == 4)
    bench.send(c.Cancel("*"))
    assert bench.outs.calls[-1] == "grid 140 4/4" and bench.engine.core.session.frame.tempo_bpm == 140
    assert isinstance(bench.wait(origin), e.Failed) and bench.outs.latest == bench.digests()


# --- other requests ---------------------------------------------------------------------------------


def test_a_second_generation_waits_and_both_are_answered(bench, mirror, all_at_work):
    second = bench.send(c.Regenerate("bass", "more aggressive"))
    assert bench.engine.state == "generating" and len(bench.engine.generation.queue) == 1
    assert isinstance(ended(bench, mirror, all_at_work), e.Done)
    assert isinstance(bench.wait(second), e.Done)
    assert len(track_of(bench, "bass").takes) == 4
    assert bench.outs.latest == bench.digests()


@pytest.mark.parametrize("command", [c.NewSet("other"), c.OpenSet("set")])
def test_no_other_set_is_opened_meanwhile(bench, mirror, all_at_work, command):
    with pytest.raises(EngineError) as caught:
        bench.send(command)
    assert caught.value.code == "busy"
    assert isinstance(ended(bench, mirror, all_at_work), e.Done)


def test_who_quits_is_answered_and_finds_every_take_again(tmp_path, mirror):
    bench = Bench(tmp_path / "set", models=Models([mirror]))
    bench.do(c.Generate(PROMPT))
    standing = bench.digests()
    origin = performing(bench, mirror, c.Generate(PROMPT))
    waiting = bench.send(c.Regenerate("bass"))
    bench.engine.generation.cancel("*")
    bench.close()
    answers = [bench.wait(one) for one in (origin, waiting)]
    assert [(type(answer), answer.code) for answer in answers] == [(e.Failed, "cancelled")] * 2
    again = Bench(tmp_path / "set", models=Models([mirror]))
    assert again.digests() == standing and again.engine.resume() == []
    again.close()


# --- what breaks ------------------------------------------------------------------------------------


def test_a_model_that_calls_itself_cancelled_leaves_the_preview(bench, mirror):
    mirror.failure = EngineError("cancelled", "no wish to")
    bench.do(c.Regenerate("bass"))
    assert track_of(bench, "bass").stem.render == "instruments"
    assert bench.outs.latest == bench.digests()


def test_a_model_that_breaks_after_its_cancel_is_cancelled(bench, mirror):
    standing = bench.digest("bass")
    mirror.rest.clear()
    origin = bench.send(c.Regenerate("bass"))
    bench.until(lambda: bench.engine.generation.entrances.previewing() == {"bass"})
    mirror.failure = ValueError("no strings")
    bench.send(c.Cancel("bass"))
    answer = bench.wait(origin)
    assert (type(answer), answer.code) == (e.Failed, "cancelled")
    bench.until(lambda: bench.outs.latest["bass"] == standing)
    assert len(track_of(bench, "bass").takes) == 2


def test_a_full_disk_costs_no_take_of_a_model(bench, mirror, monkeypatch):
    monkeypatch.setattr("engine.writer.RETRY_S", (0.01, 0.01, 0.02))
    bench.outs.disk_error = EngineError("disk", "No space left on device: stems/")
    answer = bench.wait(bench.send(c.Regenerate("bass")))
    assert (type(answer), answer.code) == (e.Failed, "disk")
    take = track_of(bench, "bass").take
    assert take.stem.render == "model" and bench.outs.latest["bass"] == take.stem.digest
    bench.outs.disk_error = None
    bench.until(lambda: bool(track_of(bench, "bass").take.file))
    assert track_of(bench, "bass").current == 3


class Broken(Mirror):
    def warm(self, role):
        raise OSError("a library of it is missing")


def test_a_family_that_cannot_be_loaded_keeps_no_engine_from_starting(caplog):
    warm_models(default_registry(), {"bass": Choice("broken", "", Broken("broken"))})
    assert "a library of it is missing" in caplog.text


# --- threads ----------------------------------------------------------------------------------------


def test_each_part_knows_how_many_share_the_machine(bench, mirror):
    bench.send(c.SetLock("drums", True))
    bench.do(c.Generate(PROMPT))
    assert mirror.parts["bass"].together == 3
    bench.do(c.Regenerate("bass"))
    assert mirror.parts["bass"].together == 1


def test_what_brings_a_take_back_never_waits_for_performers(tmp_path):
    bench, gate = Bench(tmp_path / "set"), threading.Event()
    pool, done = bench.engine.core.pool, threading.Event()
    for _ in range(4):
        pool.submit(gate.wait)
    bench.engine.core.preparer.submit(done.set)
    assert done.wait(10.0)
    gate.set()
    bench.close()
