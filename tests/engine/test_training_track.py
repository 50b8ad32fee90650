"""Training of a track model at debug size: it learns, goes on where it was cut off, refuses what is wrong."""

import json
import random
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from engine.errors import EngineError
from engine.model.track.weights import load_track_model
from engine.training.codec.run import CHECKPOINT, METRICS, Run
from engine.training.corpus.reading import HEAD, Corpus
from engine.training.track.config import TrackTrainingConfig, changed
from engine.training.track.held_out import HeldOutWindows
from engine.training.track.lots import drawn, phase_at
from engine.training.track.trainer import TRACK_WEIGHTS
from tests.engine.track_training import CONFIG, codecs_folder, loops_corpus, material_of, trainer


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("track")


@pytest.fixture(scope="module")
def made(folder):
    return material_of(loops_corpus(folder / "corpus"), folder / "cache", codecs_folder(folder))


def weights_of(one):
    return {name: value.clone() for name, value in one.model.state_dict().items()}


def run(one, out):
    return Run(one, out, lambda *_: {}, lambda *_: None, weights=TRACK_WEIGHTS)


def test_it_learns_latents_and_tokens(folder, made):
    """By the same windows before and after; of the steps some guess masked tokens, some are heard."""
    config = replace(CONFIG, steps=50, masked_share=0.3, heard_every=4, learning_rate=1e-2)
    bass = material_of(Corpus.open(folder / "corpus"), folder / "cache", folder, "bass")
    one = trainer(bass, config)
    held_out = HeldOutWindows(bass.windows("train", config), bass.codec)
    with torch.inference_mode():
        before = held_out(one.model, None)
    told = [one.step() for _ in range(config.steps)]
    with torch.inference_mode():
        after = held_out(one.model, None)
    for name in ("alone", "together"):
        assert after[f"held_out/{name}/latent"] < 0.8 * before[f"held_out/{name}/latent"]
    assert before["held_out/codec/mel"] == after["held_out/codec/mel"]
    masked = [figures["loss/masked"] for figures in told if "loss/masked" in figures]
    assert np.mean(masked[-5:]) < np.mean(masked[:5])
    assert any("loss/mel" in figures for figures in told)


def test_the_units_are_those_of_the_latents(made):
    one = trainer(made)
    rows = np.concatenate([part.target.latents for part in made.parts["train"]]).astype(np.float32)
    normed = one.model.entries.normed(torch.from_numpy(rows))
    assert normed.mean(0).abs().max() < 0.3 and (normed.std(0) - 1).abs().max() < 0.3


def test_the_codec_stays_as_it_is(made):
    before = {name: value.clone() for name, value in made.codec.state_dict().items()}
    one = trainer(made)
    one.step()
    assert all(torch.equal(before[name], value) for name, value in made.codec.state_dict().items())


@pytest.mark.parametrize("cut", [2, 7])
def test_a_run_that_was_cut_off_goes_on_as_if_it_had_not_been(made, tmp_path, cut):
    """Alone, and with bars given."""
    whole = trainer(made)
    for _ in range(CONFIG.steps):
        whole.step()
    first = trainer(made)
    for _ in range(cut):
        first.step()
    run(first, tmp_path).save()
    second = trainer(made, replace(CONFIG, seed=CONFIG.seed))
    going_on = run(second, tmp_path)
    assert going_on.resume() and second.steps == cut
    while second.share_done() < 1.0:
        second.step()
    wanted, given = weights_of(whole), weights_of(second)
    assert all(torch.equal(wanted[name], given[name]) for name in wanted)


def test_a_run_leaves_weights_that_perform(made, tmp_path):
    one = trainer(made)
    Run(one, tmp_path, lambda *_: {"held_out/x": 1.0}, lambda *_: None, made.about(), TRACK_WEIGHTS).go()
    assert {CHECKPOINT, METRICS, TRACK_WEIGHTS} <= {path.name for path in tmp_path.iterdir()}
    assert json.loads((tmp_path / METRICS).read_text().splitlines()[-1])["step"] == CONFIG.steps
    loaded = load_track_model(tmp_path / TRACK_WEIGHTS).take_codebooks(made.codec.quantizer)
    assert torch.allclose(loaded.entries.spread, one.model.entries.spread, rtol=1e-2)
    batch = drawn(one.windows, CONFIG, "alone", random.Random(0))[0]
    with torch.inference_mode():
        latents = loaded(batch.scores, batch.style).latents
    assert latents.shape == batch.latents.shape and bool(torch.isfinite(latents).all())


def test_phases_follow_each_other(made):
    config = replace(CONFIG, no_context=0.0)
    assert [phase_at(share, config) for share in (0.0, 0.3, 0.75)] == ["alone", "context", "regeneration"]
    windows = made.windows("train", config)
    batches = {
        phase: [drawn(windows, config, phase, random.Random(n))[0] for n in range(6)]
        for phase in ("alone", "context", "regeneration")
    }
    assert not any(batch.context for batch in batches["alone"])
    assert any(batch.context for batch in batches["context"])
    assert all(batch.given is None for batch in batches["context"])
    given = [batch.given for batch in batches["regeneration"] if batch.given is not None]
    assert given and not any(bool(rows.all(1).any()) for rows in given)


def test_what_the_others_play_is_the_same_moment(made):
    """Where target and context are of one codec, a track that is heard under itself has the same frames."""
    windows = made.windows("train", CONFIG)
    part = next(part for part in windows.parts if part.heard)
    same = replace(part, heard={"bass": part.target})
    batch = windows.batch([(same, 7), (same, 11)], [("bass",), ()])
    track = batch.context[0]
    assert torch.equal(track.latents[0, :, : windows.frames], batch.latents[0])
    assert track.heard[0].all() and not track.heard[1].any()


def test_a_start_with_trained_weights_is_that_model(made):
    trained, other = trainer(made), trainer(made, replace(CONFIG, seed=8))
    trained.step()
    other.start_from(trained.model)
    wanted, given = weights_of(trained), weights_of(other)
    assert all(torch.equal(wanted[name], given[name]) for name in wanted)


def test_a_run_goes_on_with_its_own_codec_alone_and_tells_of_another_corpus(made, folder, tmp_path, caplog):
    run(trainer(made), tmp_path).save()
    corpus = loops_corpus(tmp_path / "corpus")
    (tmp_path / "others").mkdir()
    others = material_of(corpus, tmp_path / "cache", codecs_folder(tmp_path / "others", seed=4))
    with pytest.raises(EngineError, match="another codec 'debug'"):
        run(trainer(others), tmp_path).resume()
    assert run(trainer(made), tmp_path).resume() and "another corpus" not in caplog.text
    head = json.loads((corpus.folder / HEAD).read_text())
    (corpus.folder / HEAD).write_text(json.dumps(head | {"seed": 5}))
    longer = material_of(Corpus.open(corpus.folder), tmp_path / "cache", folder)
    assert run(trainer(longer), tmp_path).resume() and "another corpus" in caplog.text


def test_compiled_blocks_learn_what_plain_ones_learn(made, monkeypatch):
    """Traced as for a GPU, but not fused: making machine code of it takes minutes."""
    traced = []

    def as_it_is(graph, _):
        traced.append(graph)
        return graph.forward

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=as_it_is))
    plain, compiled = trainer(made), trainer(made)
    compiled.compile()
    assert compiled.step() == pytest.approx(plain.step(), rel=1e-4) and traced
    assert weights_of(compiled).keys() == weights_of(plain).keys()


def test_what_is_wrong_is_refused_in_words(made, folder, tmp_path):
    for settings, words in (
        ({"context_form": "1"}, "did you mean 'context_from'"),
        ({"no_style": "2"}, "0..1"),
        ({"latent": "0", "heard_items": "0"}, "all losses are 0"),
        ({"seconds": "0"}, "above 0"),
        ({"giving_way": "0", "only_giving_way": "true"}, "nothing would be learnt"),
        ({"heard_every": "0"}, "1 or more"),
    ):
        with pytest.raises(EngineError, match=words):
            changed(TrackTrainingConfig(), settings)
    with pytest.raises(EngineError, match="no drums of at least"):
        made.windows("train", replace(CONFIG, seconds=60.0))
    one = trainer(made)
    run(one, tmp_path).save()
    one.model.config = replace(one.model.config, role="bass")
    with pytest.raises(EngineError, match="another track model"):
        run(one, tmp_path).resume()
