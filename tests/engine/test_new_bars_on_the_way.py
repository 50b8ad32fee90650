"""New bars of a take: what is refused, given up or locked on the way, and who performs them."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine import commands as c
from engine import events as e
from engine.errors import EngineError
from engine.model.track.splicing import bar_samples
from engine.model_takes import FADE_SAMPLES
from engine.models import Models
from engine.performing import Offer
from engine.stem import Stem
from tests.engine.families import Mirror
from tests.engine.new_bars import PROMPT, assert_only_new, in_bar, refused, stem_of, track_of
from tests.engine.outs import Bench
from tests.engine.test_engine import gated_registry


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path / "set")
    bench.send(c.SetSeed(7))
    yield bench
    bench.close()


@pytest.fixture
def mirror():
    return Mirror()


@pytest.fixture
def with_model(tmp_path, mirror):
    bench = Bench(tmp_path / "set", models=Models([mirror]))
    bench.send(c.SetSeed(7))
    yield bench
    mirror.first.set()
    mirror.rest.set()
    bench.close()


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


def test_a_real_model_of_debug_size_keeps_the_other_bars(tmp_path):
    pytest.importorskip("torch", reason="missing: torch; pip install 'resonantgen[models]'")
    from engine.track_models import TrackModels
    from tests.engine.debug_models import save_debug_models

    family = TrackModels(save_debug_models(tmp_path / "models", ["drums"]))
    bench = Bench(tmp_path / "set", models=Models([family], "instruments"))
    bench.do(c.Regenerate("drums", "techno at 240 bpm, 3 bars"))
    before = stem_of(bench, "drums")
    bench.send(c.SetRender("model"))
    bench.do(c.RegenerateBars("drums", 2, 2))
    assert_only_new(before, stem_of(bench, "drums"), {2})
    assert stem_of(bench, "drums").render == "model"
    bench.close()
