"""What an installed package adds without a change in the core: a track type, a family of models."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import soundfile

from engine import commands as c
from engine import events as e
from engine.instruments.render import render
from engine.models import Models
from engine.music.genre import genres
from engine.music.key import Key, Signature
from engine.music.score import Hit, Score
from engine.registry import BAND, default_registry
from engine.track_models import TrackModels
from tests.engine.debug_models import save_debug_models
from tests.engine.installed import install
from tests.engine.outs import Bench

PROMPT = "house at 128 bpm, 1 bar"
HAND = {"shaker", "conga", "tambourine"}


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in ("resonantgen_percussion", "resonantgen_sampler"):
        sys.modules.pop(name, None)


def install_percussion(site):
    tracks = {"percussion": "resonantgen_percussion:percussion"}
    install("resonantgen_percussion", site, {"resonantgen.tracks": tracks})


def install_sampler(site):
    """With recordings of a kick and a hat."""
    points = {
        "resonantgen.tracks": {"clicks": "resonantgen_sampler:clicks"},
        "resonantgen.models": {"sampler": "resonantgen_sampler:sampler"},
    }
    shots = install("resonantgen_sampler", site, points) / "shots"
    shots.mkdir()
    for voice in ("kick", "closed_hat"):
        one = Score(
            "drums",
            240.0,
            Key(),
            Signature(1, 4),
            1,
            "techno",
            genres()["techno"].drums.palette,
            hits=(Hit(0.0, voice, 110),),
        )
        soundfile.write(shots / f"{voice}.wav", render(one), 44_100, subtype="PCM_24")


def engine_with_packages(tmp_path, families=(), render="auto"):
    registry, models = default_registry(), Models(families, render)
    assert registry.load_entry_points() + models.load_entry_points() == []
    return Bench(tmp_path / "set", registry.choose(BAND), models)


def stem_of(bench, track):
    return bench.engine.core.session.tracks[track].stem


def test_percussion_plays_by_the_genre_and_the_instruments_perform_it(tmp_path, site):
    install_percussion(site)
    bench = engine_with_packages(tmp_path)
    bench.do(c.Generate(PROMPT))
    stem = stem_of(bench, "percussion")
    assert {hit.voice for hit in stem.score.hits} == HAND
    assert stem.render == "instruments" and np.abs(stem.audio).max() > 0.01
    before = stem.digest
    bench.do(c.Regenerate("percussion"))
    assert stem_of(bench, "percussion").digest != before
    bench.close()


def test_percussion_is_performed_by_the_model_and_the_codec_of_the_drums(tmp_path, site):
    install_percussion(site)
    family = TrackModels(save_debug_models(tmp_path / "models", ["drums"]))
    bench = engine_with_packages(tmp_path, [family], "model")
    bench.do(c.Regenerate("percussion", PROMPT))
    stem = stem_of(bench, "percussion")
    assert (stem.track, stem.render) == ("percussion", "model")
    assert len(stem.audio) == stem.score.length_samples and np.abs(stem.audio).max() > 0
    assert {event.performer for event in bench.engine.snapshot() if isinstance(event, e.TrackRender)
            and event.track in ("drums", "percussion")} == {"model"}  # fmt: skip
    bench.close()


def test_another_family_of_models_performs_its_tracks(tmp_path, site):
    install_sampler(site)
    bench = engine_with_packages(tmp_path)
    bench.do(c.Generate(PROMPT))
    stem = stem_of(bench, "clicks")
    assert stem.render == "sampler"
    assert {stem_of(bench, name).render for name in BAND} == {"instruments"}
    kick = next(hit for hit in stem.score.hits if hit.voice == "kick")
    start = round(kick.start_beats * 60 / 128 * 44_100)
    assert np.abs(stem.audio[start : start + 4_410]).max() > 0.05
    bench.close()


def test_a_family_that_offers_nothing_says_why_and_the_instruments_play(tmp_path, site):
    install_sampler(site)
    for path in (site / "resonantgen_sampler" / "shots").glob("*.wav"):
        path.unlink()
    bench = engine_with_packages(tmp_path)
    choice = bench.engine.core.choices()["clicks"]
    assert (choice.performer, choice.family) == ("instruments", None)
    assert "no recordings" in choice.why
    bench.close()
