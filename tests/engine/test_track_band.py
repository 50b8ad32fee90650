"""The resident band: loaded once, warm, asked by many threads, and the engine's family of models."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.config import ModelConfig, parse_config
from engine.errors import EngineError
from engine.model.codec.codec import Codec
from engine.model.codec.weights import load_codec
from engine.model.track.band import Band, passing_of
from engine.model.track.config import config_named
from engine.model.track.hearing import Codecs, Hearing
from engine.model.track.passing import EAGER
from engine.model.track.performing import PerformOptions
from engine.model.track.precision import fastest
from engine.model.track.weights import KEY, load_track_model, save_track_model
from engine.model.weight_files import read_metadata, rewrite_metadata
from engine.models import Models
from engine.performing import Given, Part, Watch
from engine.registry import TrackType
from engine.track_models import TrackModels
from tests.engine.debug_models import save_debug_models
from tests.engine.track_parts import debug_codec, debug_model, score, tone

BAR = 44_100  # samples of a bar at 240 bpm


@pytest.fixture(scope="module")
def codec():
    return debug_codec()


@pytest.fixture(scope="module")
def folder(codec, tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    for role in ("drums", "bass"):
        save_track_model(debug_model(codec, role), folder / f"track_{role}.safetensors", codec=codec)
    return folder


def with_codec(band: Band, codec: Codec) -> Band:
    """The codec of these models is none of those that are bundled."""
    band.codecs = Codecs(lambda name: codec)
    band.hearing = Hearing(band.codecs)
    return band


@pytest.fixture
def band(folder, codec):
    return with_codec(Band(folder), codec)


def watch(ready=lambda audio: None, cancelled=lambda: False) -> Watch:
    return Watch(lambda share: None, cancelled, ready)


def test_a_part_is_performed_and_its_beginning_is_heard_first(band):
    heard = []
    audio = band.perform(Part("drums", score(), context={"bass": tone(2 * BAR)}), watch(heard.append))
    assert audio.shape == (2 * BAR, 2)
    assert len(heard) > 2 and [len(one) for one in heard] == sorted(len(one) for one in heard)
    longest = heard[-1]
    assert all(np.array_equal(one[:-2000], longest[: len(one) - 2000]) for one in heard[:-1])
    assert len(longest) < len(audio)


def test_tracks_on_several_threads_are_those_of_one_after_the_other(band):
    parts = [Part(role, score(role, bars=1), seed=seed) for role in ("drums", "bass") for seed in (1, 2)]
    alone = [band.perform(part, watch()) for part in parts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda part: band.perform(part, watch()), parts))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_a_model_is_loaded_once_whoever_asks(band):
    with ThreadPoolExecutor(4) as pool:
        members = list(pool.map(band.member, ["bass"] * 4))
    assert len({id(member) for member in members}) == 1
    assert members[0].computes == fastest(torch.device("cpu"))


def test_a_warm_model_waits_for_nothing(band):
    band.warm("bass")
    assert set(band.members) == {"bass"} and not band.hearing.kept


def test_cancel_and_given_bars_reach_the_model(band):
    stop = threading.Event()
    stop.set()
    with pytest.raises(EngineError, match="cancelled"):
        band.perform(Part("drums", score()), watch(cancelled=stop.is_set))
    standing = tone(2 * BAR)
    audio = band.perform(Part("drums", score(), given=Given(standing, frozenset({1}))), watch())
    assert np.array_equal(audio[BAR:], standing[BAR:]) and not np.array_equal(audio[:BAR], standing[:BAR])


def test_weights_of_another_codec_are_refused(folder):
    band = with_codec(Band(folder), debug_codec(seed=7))
    with pytest.raises(EngineError, match="another codec") as caught:
        band.warm("drums")
    assert caught.value.code == "file"


def test_a_role_without_weights_says_so(band):
    with pytest.raises(EngineError, match="track model"):
        band.warm("kazoo")


def test_the_engine_hears_of_the_band_as_a_family(folder, codec):
    """Nobody measured these weights: `auto` leaves them alone, and `model` takes them."""
    models = Models([TrackModels(folder)])
    kind = TrackType("drums", model="drums")
    assert models.choose(kind, "auto").family is None
    chosen = models.choose(kind, "model")
    assert chosen.family is not None and chosen.performer == "model"
    with_codec(chosen.family.band(), codec)
    assert chosen.family.perform(Part("drums", score(bars=1)), watch()).shape == (BAR, 2)


def test_weights_of_another_codec_are_not_offered(tmp_path):
    """Else `auto` would take them, and every take would break off."""
    save_debug_models(tmp_path, ["drums"])
    assert TrackModels(tmp_path).offer("drums").available
    codec = load_codec(config_named("drums").codec)
    model = load_track_model(tmp_path / "track_drums.safetensors")
    codec.quantizer.codebooks[0, 0] += 0.1
    save_track_model(model, tmp_path / "track_drums.safetensors", codec=codec)
    offer = TrackModels(tmp_path).offer("drums")
    assert not offer.available and "another codec 'drums'" in offer.why


def test_weights_of_a_later_version_are_told_apart_from_none(tmp_path, codec):
    path = tmp_path / "track_drums.safetensors"
    save_track_model(debug_model(codec), path)
    text = json.dumps(json.loads(read_metadata(path, KEY, "track model")[KEY]) | {"wings": 2})
    rewrite_metadata(path, read_metadata(path, KEY, "track model") | {KEY: text})
    offer = TrackModels(tmp_path).offer("drums")
    assert not offer.available and "wings" in offer.why


def test_the_settings_say_how_the_band_performs(folder):
    settings = ModelConfig(
        precision="bfloat16", compile="on", passes="3 2", renewed=0.25, temperature=0.5, top_k=8, cfg_coef=1.5
    )
    band = TrackModels(folder, settings).band()
    assert (band.precision, band.compiles) == ("bfloat16", "on")
    assert passing_of(band.device, band.compiles) is not EAGER is passing_of(band.device, "off")
    asked = band.options
    assert (asked.passes, asked.renewed) == ((3, 2), 0.25)
    assert (asked.temperature, asked.top_k, asked.cfg_coef) == (0.5, 8, 1.5)
    assert TrackModels(folder).band().options == PerformOptions(first_bars=1)


def test_the_first_bar_is_heard_first_where_windows_are_long(codec, tmp_path):
    """As those of `base` and `full` are: five bars of this tempo."""
    model = debug_model(codec)
    model.config = replace(model.config, window_frames=384, margin_frames=32)
    save_track_model(model, tmp_path / "track_drums.safetensors", codec=codec)
    heard = []
    band = with_codec(TrackModels(tmp_path).band(), codec)
    band.perform(Part("drums", score(bars=8)), watch(heard.append))
    assert BAR <= len(heard[0]) < 1.6 * BAR and len(heard) == 2
    band.options = PerformOptions()
    band.perform(Part("drums", score(bars=8)), watch((later := []).append))
    assert len(later[0]) > 3 * BAR


@pytest.mark.parametrize("passes", ["0 2", "6,2", "-1", "6  2", "100"])
def test_passes_that_are_none_are_refused(passes):
    with pytest.raises(EngineError, match=r'model.passes.*as in "6 2 1"'):
        parse_config(f'[model]\npasses = "{passes}"', "mine.toml")
