"""Takes that a model performs: heard at once, replaced in place, one in the end. Locks and cancel hold."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import commands as c
from engine import events as e
from engine.errors import EngineError
from engine.instruments.render import render
from engine.model.track.splicing import bar_samples
from engine.model_takes import FADE_SAMPLES, in_bar, joined, with_given
from engine.models import Models
from engine.performing import Given, Offer
from engine.registry import TrackType, default_registry
from engine.stem import audio_digest, quantise_24
from tests.engine.families import Mirror, half, upside_down
from tests.engine.outs import Bench

PROMPT = "techno at 140 bpm, 2 bars"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def mirror():
    return Mirror()


@pytest.fixture
def bench(tmp_path, mirror):
    bench = Bench(tmp_path / "set", models=Models([mirror]))
    yield bench
    mirror.first.set()
    mirror.rest.set()
    bench.close()


def track_of(bench, name):
    return bench.engine.core.session.tracks[name]


def shown(bench, mirror, command):
    """A generation of the bass that is heard as far as its first half."""
    mirror.rest.clear()
    bench.outs.replaced.clear()
    origin = bench.send(command)
    bench.until(lambda: bool(bench.outs.replaced))
    return origin


# --- one take -------------------------------------------------------------------------------------


def test_the_models_take_is_the_only_one_and_says_who_performed_it(bench):
    bench.do(c.Generate(PROMPT))
    for track in bench.engine.core.session.tracks.values():
        (take,) = track.takes
        assert take.stem.render == "model"
        assert np.array_equal(take.stem.audio, quantise_24(upside_down(take.stem.score)))


def test_the_preview_sounds_first_and_the_model_takes_its_place_twice(bench):
    bench.do(c.Regenerate("bass", PROMPT))
    score = track_of(bench, "bass").stem.score
    (preview,) = [loops["bass"] for loops, _ in bench.outs.swaps if loops]
    (_, first_old, first_new), (_, last_old, last_new) = bench.outs.replaced
    assert first_old is preview and last_old is first_new
    assert last_new == bench.digest("bass")
    assert len(bench.of(e.TrackPreview)) == 1
    instruments, model = quantise_24(render(score)), upside_down(score)
    assert preview == audio_digest(instruments)
    assert first_new == audio_digest(quantise_24(joined(model[: half(score)], instruments)))


def test_progress_only_grows_and_ends_at_one(bench):
    bench.do(c.Regenerate("bass", PROMPT))
    told = [event.progress for event in bench.of(e.TrackProgress)]
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert {round(done, 6) for done in told} >= {0.6, 0.9}  # half of the model's, and all of it


def test_with_instruments_a_model_changes_nothing(tmp_path, mirror):
    digests = []
    for name, models in (("with", Models([mirror], "instruments")), ("without", None)):
        bench = Bench(tmp_path / name, models=models)
        bench.send(c.SetSeed(7))
        bench.do(c.Generate(PROMPT))
        digests.append(bench.digests())
        assert bench.outs.replaced == []
        bench.close()
    assert digests[0] == digests[1]
    assert mirror.parts == {}


def test_a_quick_look_is_the_instruments(bench, mirror):
    bench.do(c.Preview(PROMPT))
    assert {t.stem.render for t in bench.engine.core.session.tracks.values()} == {"instruments"}
    assert mirror.parts == {}


def test_a_model_hears_what_stays_and_what_was_made_before_it(bench, mirror):
    bench.do(c.Generate(PROMPT))
    bench.send(c.SetLock("melody", True))
    melody = track_of(bench, "melody").stem.audio
    mirror.parts.clear()
    bench.do(c.Generate(PROMPT))
    heard = {name: list(part.context) for name, part in mirror.parts.items()}
    assert {name: set(names) for name, names in heard.items()} == {
        "drums": {"melody"}, "bass": {"melody", "drums"}, "harmony": {"melody", "drums", "bass"},
    }  # fmt: skip
    assert mirror.parts["bass"].context["melody"] is melody
    drums = track_of(bench, "drums").stem.score
    assert np.array_equal(mirror.parts["bass"].context["drums"], quantise_24(render(drums)))


def test_the_words_of_the_prompt_and_the_genre_reach_the_model(bench, mirror):
    bench.do(c.Regenerate("bass", "dark techno with a distorted bass, 1 bar"))
    assert {"dark", "techno", "distorted"} <= set(mirror.parts["bass"].words)


def test_what_is_said_of_one_track_is_not_told_to_another(bench, mirror):
    bench.do(c.Generate("techno, bright lead, no reverb on the drums, 1 bar"))
    said = {name: set(part.words) for name, part in mirror.parts.items()}
    assert "bright" in said["melody"] and "bright" not in said["bass"]
    assert not any(words & {"reverb", "lead"} for words in (said["drums"], said["bass"], said["harmony"]))


# --- cancel, failure, locks, swaps ----------------------------------------------------------------


def test_cancel_brings_back_what_was_playing(bench, mirror):
    bench.do(c.Generate(PROMPT))
    before, swaps = bench.digests(), len(bench.outs.swaps)
    origin = shown(bench, mirror, c.Regenerate("bass"))
    bench.send(c.Cancel("bass"))
    answer = bench.wait(origin)
    assert (type(answer), answer.code) == (e.Failed, "cancelled")
    bench.until(lambda: len(bench.outs.swaps) == swaps + 2)
    assert bench.outs.swaps[-1] == ({"bass": before["bass"]}, "loop")
    assert bench.digests() == before
    assert (len(track_of(bench, "bass").takes), track_of(bench, "bass").state) == (1, "ready")


def test_cancel_of_a_first_take_leaves_silence(bench, mirror):
    shown(bench, mirror, c.Regenerate("bass", PROMPT))
    bench.send(c.Cancel("bass"))
    bench.until(lambda: bench.outs.swaps[-1] == ({"bass": None}, "now"))
    assert track_of(bench, "bass").takes == []


def test_what_is_no_number_is_never_heard(bench, mirror):
    """Not even for as long as the rest is being made: the instruments' take stays."""
    mirror.sound = lambda score: np.full((score.length_samples, 2), np.nan, np.float32)
    bench.do(c.Regenerate("bass", PROMPT))
    assert bench.outs.replaced == [] or all(new == bench.digest("bass") for *_, new in bench.outs.replaced)
    assert track_of(bench, "bass").stem.render == "instruments"


@pytest.mark.parametrize("failure", [EngineError("internal", "no strings"), ValueError("no strings")])
def test_a_model_that_breaks_off_leaves_the_preview_as_the_take(bench, mirror, failure):
    mirror.failure = failure
    bench.do(c.Regenerate("bass", PROMPT))
    (take,) = track_of(bench, "bass").takes
    assert take.stem.render == "instruments"
    assert np.array_equal(take.stem.audio, quantise_24(render(take.stem.score)))
    assert bench.outs.latest["bass"] == take.stem.digest
    assert any("no strings" in log.text and log.level == "warning" for log in bench.of(e.Log))


@pytest.mark.parametrize("made", [np.zeros((3, 2), np.float32), None])
def test_a_model_that_breaks_its_promise_leaves_the_preview(bench, mirror, monkeypatch, made):
    def perform(part, watch):
        return np.full((part.score.length_samples, 2), np.nan, np.float32) if made is None else made

    monkeypatch.setattr(mirror, "perform", perform)
    bench.do(c.Regenerate("bass", PROMPT))
    assert track_of(bench, "bass").stem.render == "instruments"


def test_a_lock_keeps_the_samples_that_sound_and_the_models_take_waits(bench, mirror):
    bench.do(c.Generate(PROMPT))
    origin = shown(bench, mirror, c.Regenerate("bass"))
    sounding = bench.outs.latest["bass"]
    swaps, replaced = len(bench.outs.swaps), len(bench.outs.replaced)
    bench.send(c.SetLock("bass", True))
    assert bench.digest("bass") == sounding
    mirror.rest.set()
    answer = bench.wait(origin)
    assert (type(answer), answer.code) == (e.Failed, "locked")
    assert bench.digest("bass") == sounding
    assert (len(bench.outs.swaps), len(bench.outs.replaced)) == (swaps, replaced)
    assert [take.stem.render for take in track_of(bench, "bass").takes] == ["model", "model, part", "model"]
    assert all(take.file for take in track_of(bench, "bass").takes)


def test_a_lock_before_anything_sounds_holds_the_standing_take(bench, mirror):
    bench.do(c.Generate(PROMPT))
    before, mirror_gate = bench.digest("bass"), mirror.first
    mirror_gate.clear()
    origin = bench.send(c.Regenerate("bass"))
    bench.send(c.SetLock("bass", True))
    mirror_gate.set()
    bench.wait(origin)
    assert bench.digest("bass") == before == bench.outs.latest["bass"]


def test_another_take_chosen_meanwhile_plays_on_until_the_models_is_there(bench, mirror):
    bench.do(c.Generate(PROMPT))
    bench.do(c.Regenerate("bass"))
    first = track_of(bench, "bass").takes[0].stem.digest
    origin = shown(bench, mirror, c.Regenerate("bass"))
    bench.send(c.Undo("bass"))
    bench.until(lambda: bench.outs.latest["bass"] == first)
    mirror.rest.set()
    assert isinstance(bench.wait(origin), e.Done)
    assert bench.outs.swaps[-1] == ({"bass": bench.digest("bass")}, "loop")
    assert track_of(bench, "bass").current == 3


def test_previews_of_one_generation_take_over_together(bench):
    bench.do(c.Generate(PROMPT))
    bench.outs.swaps.clear()
    bench.do(c.Generate(PROMPT))
    ((loops, when),) = bench.outs.swaps
    assert (set(loops), when) == ({"drums", "bass", "harmony", "melody"}, "loop")
    assert bench.outs.latest == bench.digests()


def test_with_manual_nothing_is_heard_before_the_launch(bench, mirror):
    bench.do(c.Generate(PROMPT))
    bench.send(c.SetWhen("manual"))
    bench.outs.swaps.clear()
    bench.do(c.Regenerate("bass"))
    assert bench.outs.swaps == []
    bench.send(c.Launch())
    assert bench.outs.swaps == [({"bass": bench.digest("bass")}, "bar")]


def test_what_was_launched_is_replaced_where_it_plays(bench, mirror):
    bench.do(c.Generate(PROMPT))
    bench.send(c.SetWhen("manual"))
    mirror.rest.clear()
    origin = bench.send(c.Regenerate("bass"))
    bench.until(lambda: "bass" in bench.engine.generation.entrances.ready)
    bench.send(c.Launch())
    mirror.rest.set()
    bench.wait(origin)
    assert bench.outs.latest["bass"] == bench.digest("bass")
    assert len(bench.outs.replaced) >= 1


# --- joints and bars that stay --------------------------------------------------------------------


def test_the_joint_of_model_and_preview_has_no_step():
    steps = np.random.default_rng(1).standard_normal((2, 4000, 2)).astype(np.float32)
    model, preview = np.cumsum(steps, axis=1)
    loop = joined(model[:3000], preview)
    inside = slice(FADE_SAMPLES, 3000 - FADE_SAMPLES)
    assert np.array_equal(loop[inside], model[inside])
    assert np.array_equal(loop[3000:], preview[3000:])
    apart = np.abs(model - preview).max()
    around = np.abs(np.diff(np.concatenate([loop, loop[:1]]), axis=0))
    seam = np.abs(preview[0] - preview[-1]).max()  # the preview's own
    assert around.max() <= max(np.abs(steps).max() + apart / FADE_SAMPLES, seam) + 1e-3


def test_given_bars_come_back_bit_for_bit_and_the_rest_is_the_models(bench, mirror):
    bench.do(c.Regenerate("bass", "techno at 140 bpm, 4 bars"))
    score = track_of(bench, "bass").stem.score
    rng = np.random.default_rng(2)
    made, stands = rng.uniform(-1, 1, (2, score.length_samples, 2)).astype(np.float32)
    loop = with_given(made, Given(stands, frozenset({1, 3})), score)
    for bar in range(4):
        start, end = bar_samples(score, bar)
        source, margin = (stands, 0) if bar in (1, 3) else (made, FADE_SAMPLES)
        assert np.array_equal(loop[start + margin : end - margin], source[start + margin : end - margin])
    assert with_given(loop, Given(stands, frozenset({1, 3})), score) is loop


def test_a_relative_prompt_keeps_the_audio_of_the_bars_it_does_not_touch(bench, mirror):
    bench.send(c.SetSeed(11))
    bench.do(c.Generate("techno at 140 bpm, 4 bars"))
    bench.do(c.Regenerate("drums"))
    before = track_of(bench, "drums").stem
    bench.do(c.Regenerate("drums", "more like take 1"))
    after = track_of(bench, "drums").stem
    same = {bar for bar in range(4) if in_bar(before.score, bar) == in_bar(after.score, bar)}
    given = mirror.parts["drums"].given
    assert (given.bars if given else frozenset()) == (same if 0 < len(same) < 4 else frozenset())
    for bar in given.bars if given else ():
        start, end = bar_samples(after.score, bar)
        assert np.array_equal(after.audio[start:end], before.audio[start:end])


def test_a_new_idea_is_given_nothing(bench, mirror):
    bench.do(c.Generate(PROMPT))
    bench.do(c.Regenerate("drums"))
    assert mirror.parts["drums"].given is None


# --- who performs ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offer", "render", "performer"),
    [
        (Offer(True, True, "clears"), "auto", "model"),
        (Offer(True, False, "onset.f1 is 0.5"), "auto", "instruments"),
        (Offer(True, False, "onset.f1 is 0.5"), "model", "model"),
        (Offer(False, False, "no weights"), "auto", "instruments"),
        (Offer(True, True, "clears"), "instruments", "instruments"),
    ],
)
def test_who_performs_and_why(offer, render, performer):
    choice = Models([Mirror(offer=offer)]).choose(default_registry()["bass"], render)
    assert choice.performer == performer
    assert choice.why == ("render = instruments" if render == "instruments" else offer.why)


def test_a_model_that_is_demanded_and_missing_fails_the_take(tmp_path):
    models = Models([Mirror(offer=Offer(False, False, "no weights are here"))], "model")
    bench = Bench(tmp_path / "set", models=models)
    answer = bench.wait(bench.send(c.Generate(PROMPT)))
    assert (type(answer), answer.code) == (e.Failed, "not_available")
    assert "no weights are here" in answer.text and "instruments" in answer.text
    bench.close()


def test_a_demand_that_nothing_can_meet_is_refused(tmp_path):
    bench = Bench(tmp_path / "set")
    with pytest.raises(EngineError, match="auto, instruments"):
        bench.send(c.SetRender("model"))
    with pytest.raises(EngineError, match="did you mean 'model'"):
        bench.send(c.SetRender("modle"))
    assert e.Render("auto") in bench.engine.snapshot()
    bench.close()


def test_the_setting_is_told_kept_with_the_set_and_outranks_the_file(tmp_path, mirror):
    bench = Bench(tmp_path / "set", models=Models([mirror]))
    assert e.TrackRender("bass", "model", "its card clears the bar") in bench.engine.snapshot()
    bench.send(c.SetRender("instruments"))
    assert e.Render("instruments") in bench.events
    assert e.TrackRender("bass", "instruments", "render = instruments") in bench.events
    bench.close()
    again = Bench(tmp_path / "set", models=Models([mirror], "model"))
    assert e.Render("instruments") in again.engine.snapshot()
    again.close()


def test_a_track_without_a_model_is_its_own_performers(tmp_path, mirror):
    registry = default_registry()
    registry.register(
        TrackType("texture", compose=lambda _, *rest: registry["harmony"].compose("harmony", *rest))
    )
    registry.register(replace(registry["bass"], family="nobody"))
    bench = Bench(tmp_path / "set", registry, Models([mirror]))
    bench.do(c.Generate(PROMPT))
    renders = {name: t.stem.render for name, t in bench.engine.core.session.tracks.items()}
    assert (renders["texture"], renders["bass"], renders["drums"]) == ("instruments", "instruments", "model")
    bench.close()


def test_nothing_that_computes_models_is_loaded_until_one_performs():
    code = (
        "import sys\n"
        "from engine.config import Config\n"
        "from engine.models import models_of\n"
        "from engine.registry import default_registry\n"
        "models, registry = models_of(Config()), default_registry()\n"
        "print([models.choose(registry[name], 'auto').performer for name in registry])\n"
        "print(sorted({'torch', 'transformers', 'matplotlib'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == "[]"
