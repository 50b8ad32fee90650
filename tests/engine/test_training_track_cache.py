"""The cache of a corpus: what the codec says of every stem, round its seam, made once."""

import numpy as np
import pytest
import torch

from engine.audio.loudness import loudness
from engine.audio.mixing import role_of
from engine.errors import EngineError
from engine.instruments.render import dynamics
from engine.model.codec.weights import load_codec
from engine.model.track.conditioning import score_frames
from engine.training.track.cache import Cache, encoded, lap_frames, levelling_gain
from engine.training.track.scores import ScoreRows, score_of
from engine.training.track.windows import given_frames, read_round
from tests.engine.track_training import codecs_folder, loops_corpus, score


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def corpus(folder):
    return loops_corpus(folder / "corpus")


@pytest.fixture(scope="module")
def codec(folder):
    return load_codec(codecs_folder(folder) / "debug.safetensors")


@pytest.fixture(scope="module")
def cache(folder, corpus, codec):
    return Cache.of(corpus, folder / "cache", {"drums": str(folder / "debug.safetensors")})


def test_a_loop_of_whole_frames_says_the_same_in_its_second_turn(codec):
    rng = np.random.default_rng(0)
    frames = 90
    loop = rng.normal(0, 0.1, (frames * codec.config.hop, 2)).astype(np.float32)
    latents, codes = encoded(codec, loop)
    lap = lap_frames(codec.config.frame_rate)
    assert latents.shape == (frames + lap, codec.config.latent_width)
    assert np.allclose(latents[:lap], latents[frames : frames + lap][:lap], atol=2e-3) or lap > frames
    assert np.allclose(latents[:50], latents[frames : frames + 50], atol=2e-3)
    assert (codes[:50] == codes[frames : frames + 50]).mean() > 0.99


def test_latents_are_those_of_the_endless_loop(codec):
    """In the middle, where the codec's own edges are far."""
    rng = np.random.default_rng(1)
    loop = rng.normal(0, 0.1, (70 * codec.config.hop, 2)).astype(np.float32)
    latents, _ = encoded(codec, loop)
    with torch.inference_mode():
        endless = codec.latents(torch.from_numpy(np.tile(loop, (3, 1)).T)[None])[0].T.numpy()
    assert np.allclose(latents[:60], endless[70:130], atol=2e-3)


def test_stems_are_brought_to_where_the_instruments_leave_them(corpus):
    stem = corpus.stems("train", ("drums",))[0]
    audio, written = stem.read(), score_of(stem)
    gain = levelling_gain(audio, written)
    wanted = role_of("drums").loudness_lufs + 20 * np.log10(dynamics(written))
    assert loudness(audio * np.float32(gain)) == pytest.approx(wanted, abs=0.1)
    assert levelling_gain(audio * np.float32(0.5), written) == pytest.approx(2 * gain, rel=1e-3)
    assert levelling_gain(np.zeros_like(audio), score("drums")) == 1.0


def test_it_is_made_once_and_goes_on_where_it_was_stopped(corpus, cache):
    stems = corpus.stems("train", ("drums",))
    cache.fill(stems[:1], processes=1)
    assert cache.missing(stems) == stems[1:]
    before = cache.read(stems[0]).latents.copy()
    told = []
    cache.fill(stems, processes=1, told=told.append)
    assert len(told) == 1 and not cache.missing(stems)
    assert np.array_equal(before, cache.read(stems[0]).latents)


def test_another_codec_has_another_place(folder, corpus, cache, codec):
    again = Cache.of(corpus, folder / "cache", {"drums": str(folder / "debug.safetensors")})
    assert again.encoders == cache.encoders
    codec.quantizer.codebooks[0, 0, 0] += 1.0
    from engine.training.track.cache import digest_of

    assert digest_of(codec) != cache.encoders["drums"].digest
    codec.quantizer.codebooks[0, 0, 0] -= 1.0


def test_a_torn_file_is_told(corpus, cache):
    stem = corpus.stems("held_out", ("drums",))[0]
    cache.fill([stem], processes=1)
    cache.prefix(stem).with_name(cache.prefix(stem).name + ".latents.npy").write_bytes(b"torn")
    with pytest.raises(EngineError, match="remove it"):
        cache.read(stem)


def test_rows_are_those_of_the_score(folder, corpus, codec):
    stem = corpus.stems("train", ("drums",))[0]
    rows = ScoreRows.of(folder / "cache", codec.config, "drums")
    rows.fill([stem], processes=1)
    wanted = score_frames(score_of(stem), codec.config, 30, 20, "drums")
    assert np.allclose(rows.read(stem)[30:50], wanted, atol=2e-3)
    assert not rows.missing([stem])


def test_sound_is_read_round_the_seam(corpus):
    stem = corpus.stems("train", ("drums",))[0]
    audio = stem.read()
    assert np.array_equal(
        read_round(stem, stem.samples - 100, 300), np.concatenate([audio[-100:], audio[:200]])
    )
    assert np.array_equal(read_round(stem, 3 * stem.samples + 5, 10), audio[5:15])


def test_given_bars_are_whole_and_never_all():
    import random

    for seed in range(40):
        given = given_frames(first=13, frames=100, bar_frames=20.0, dice=random.Random(seed))
        assert not given.all()
        bars = (13 + np.arange(100)) // 20
        assert all(len(set(given[bars == bar])) == 1 for bar in set(bars))
