"""Training of a codec at debug size: it learns, goes on where it was cut off, refuses what does not fit."""

import functools
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.errors import EngineError
from engine.model.codec.codec import build_codec
from engine.model.codec.config import config_named
from engine.model.codec.weights import load_codec
from engine.training.codec.batches import BATCHES_A_SONG, SongPieces, StemPieces, as_taken
from engine.training.codec.config import TrainingConfig, changed
from engine.training.codec.held_out import HeldOut, read_stems
from engine.training.codec.run import CHECKPOINT, CURVES, METRICS, WEIGHTS, Run
from engine.training.codec.trainer import MOST_LOST
from tests.engine.codec_training import CONFIG, pieces, tones_corpus, trainer


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return tones_corpus(tmp_path_factory.mktemp("codec") / "corpus")


def run(made, out):
    held_out = HeldOut(read_stems(made.pieces_corpus.stems("held_out", ("drums",))), 44_100)
    return Run(made, out, held_out, lambda *_: None)


def made_with(corpus, config=CONFIG):
    made = trainer(corpus, config)
    made.pieces_corpus = corpus
    return made


def weights_of(made):
    return {name: value.clone() for name, value in made.codec.state_dict().items()}


def test_it_learns(corpus):
    made = made_with(corpus, replace(CONFIG, steps=30, learning_rate=1e-2))
    losses = [made.step()["loss/mel"] for _ in range(30)]
    assert np.mean(losses[-6:]) < 0.8 * np.mean(losses[:6])


def test_it_learns_in_half_precision_too(corpus):
    made = trainer(corpus, replace(CONFIG, steps=30, learning_rate=1e-2), precision="bfloat16")
    losses = [made.step()["loss/mel"] for _ in range(30)]
    assert np.mean(losses[-6:]) < 0.8 * np.mean(losses[:6])
    assert {weight.dtype for weight in made.codec.parameters()} == {torch.float32}


def test_compiled_it_takes_the_same_step(corpus, monkeypatch):
    """With a compiler that leaves everything as it is."""
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager"))
    plain, made = trainer(corpus), trainer(corpus)
    made.compile()
    for _ in range(2):
        assert made.step() == pytest.approx(plain.step(), rel=1e-4)


def test_a_mono_codec_learns_the_middle(corpus, tmp_path):
    made = made_with(corpus, CONFIG)
    mono = trainer(corpus, CONFIG, channels=1)
    mono.pieces_corpus = corpus
    assert torch.equal(as_taken(made.pieces.batch(3), 1)[:, 0], made.pieces.batch(3).sum(1) * 0.5**0.5)
    run(mono, tmp_path).go()
    assert load_codec(tmp_path / WEIGHTS).config.channels == 1


def test_frozen_tokens_stay_while_the_decoder_learns(corpus):
    made = made_with(corpus, replace(CONFIG, frozen_encoder=True, frozen_codebooks=True, unquantised_steps=0))
    made.start_from(build_codec(made.codec.config))
    before, audio = weights_of(made), made.pieces.batch(0)
    codes = made.codec.encode(audio)
    for _ in range(3):
        made.step()
    assert torch.equal(made.codec.encode(audio), codes)
    moved = {name for name, value in weights_of(made).items() if not torch.equal(value, before[name])}
    assert moved and all(name.startswith("decoder.") for name in moved)


@pytest.mark.parametrize("codebooks", [False, True])
def test_a_decoder_behind_frozen_parts_learns_from_balanced_losses(corpus, codebooks):
    """Nothing that is frozen gets a gradient of the commitment, and none is asked of it."""
    frozen = {"frozen_encoder": True, "frozen_codebooks": codebooks}
    made = made_with(corpus, replace(CONFIG, balance=True, **frozen))
    made.start_from(build_codec(made.codec.config))
    before = weights_of(made)
    made.step()
    moved = {name.partition(".")[0] for name, now in weights_of(made).items() if not now.equal(before[name])}
    assert moved == ({"decoder"} if codebooks else {"decoder", "quantizer"})


def test_a_run_leaves_all_that_it_promises(corpus, tmp_path):
    run(made_with(corpus), tmp_path).go()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {CHECKPOINT, METRICS, WEIGHTS, CURVES}
    last = json.loads((tmp_path / METRICS).read_text().splitlines()[-1])
    assert last["step"] == CONFIG.steps and "held_out/drums/mel" in last
    assert load_codec(tmp_path / WEIGHTS).config == config_named("debug")


@pytest.mark.parametrize("cut", [2, 5])
def test_a_run_that_was_cut_off_goes_on_as_if_it_had_not_been(corpus, tmp_path, cut):
    """Before its first guess of the codebooks, and after it."""
    whole = made_with(corpus)
    for _ in range(CONFIG.steps):
        whole.step()
    first = made_with(corpus)
    for _ in range(cut):
        first.step()
    run(first, tmp_path).save()
    second = made_with(corpus)
    torch.manual_seed(CONFIG.seed + 1)
    going_on = run(second, tmp_path)
    assert going_on.resume() and second.steps == cut
    while second.share_done() < 1.0:
        second.step()
    wanted, given = weights_of(whole), weights_of(second)
    assert all(torch.equal(wanted[name], given[name]) for name in wanted)


def test_a_folder_that_cannot_be_written_is_refused(corpus, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(EngineError) as caught:
        run(made_with(corpus), tmp_path / "file").go()
    assert caught.value.code == "disk"
    (tmp_path / "codec.safetensors.part").mkdir()
    with pytest.raises(EngineError) as caught:
        run(made_with(corpus), tmp_path).save()
    assert caught.value.code == "disk"


def test_other_settings_on_the_way_are_told(corpus, tmp_path, caplog):
    run(made_with(corpus), tmp_path).save()
    run(made_with(corpus, replace(CONFIG, steps=99)), tmp_path).resume()
    assert not caplog.records
    run(made_with(corpus, replace(CONFIG, dropout=0.9)), tmp_path).resume()
    assert "dropout 0.3 -> 0.9" in caplog.text


def test_the_discriminators_come_in_when_it_is_their_time(corpus, tmp_path):
    config = replace(
        CONFIG, steps=4, adversary_from=0.5, adversary_filters=2, adversary_scales=2, balance=True
    )
    made = made_with(corpus, config)
    told = [made.step() for _ in range(4)]
    assert ["loss/features" in figures for figures in told] == [False, False, True, True]
    assert made.adversary is not None and made.adversary.discriminator.config.windows == (4096, 2048)
    run(made, tmp_path).save()
    again = made_with(corpus, config)
    assert run(again, tmp_path).resume() and again.adversary is not None
    assert again.adversary.steps == 2


def test_a_checkpoint_that_does_not_fit_is_refused(corpus, tmp_path):
    made = made_with(corpus)
    (tmp_path / CHECKPOINT).write_bytes(b"no checkpoint")
    with pytest.raises(EngineError, match="cut short"):
        run(made, tmp_path).resume()
    run(made, tmp_path).save()
    other = made_with(corpus)
    other.codec.config = replace(other.codec.config, name="another")
    with pytest.raises(EngineError, match="another codec"):
        run(other, tmp_path).resume()


def test_starting_from_a_trained_codec_keeps_its_codes(corpus):
    torch.manual_seed(9)
    trained = build_codec(config_named("debug"))
    made = made_with(corpus)
    made.start_from(trained)
    assert made.quantised and torch.equal(made.codec.quantizer.codebooks, trained.quantizer.codebooks)
    with pytest.raises(EngineError, match="cannot start from codec 'drums'"):
        made.start_from(build_codec(config_named("drums")))


def test_codebooks_fitted_to_a_trained_encoder_come_nearer_and_the_encoder_stays(corpus):
    torch.manual_seed(9)
    trained = build_codec(config_named("debug"))
    made = made_with(
        corpus,
        replace(CONFIG, frozen_encoder=True, fit_codebooks=True, unquantised_steps=6, gather_steps=6),
    )
    made.start_from(trained)
    assert not made.quantised
    latents = made.codec.latents(made.pieces.batch(50)).detach()

    def error():
        return float((made.codec.quantizer.decode(made.codec.quantizer.encode(latents)) - latents).norm())

    before = error()
    for _ in range(7):
        made.step()
    assert made.quantised and error() < 0.7 * before
    assert torch.equal(made.codec.latents(made.pieces.batch(50)), latents)


def test_what_is_no_number_moves_nothing_and_ends_a_run_that_does_not_recover(corpus):
    made = made_with(corpus, replace(CONFIG, unquantised_steps=0))
    made.step()
    before, sound = weights_of(made), made.pieces.batch
    made.pieces.batch = lambda step, rank: sound(step, rank) * float("nan")
    for _ in range(MOST_LOST - 1):
        made.step()
    after = weights_of(made)
    assert all(torch.equal(before[name], after[name]) for name in before)
    with pytest.raises(EngineError, match="run away"):
        made.step()


def test_the_rate_rises_then_falls(corpus):
    made = made_with(corpus, replace(CONFIG, steps=100, warmup_steps=10))
    rates = []
    for made.steps in range(100):
        rates.append(made.rate())
    assert rates.index(max(rates)) == 9
    assert rates[:10] == sorted(rates[:10]) and rates[9:] == sorted(rates[9:], reverse=True)


def test_the_same_step_has_the_same_batch_and_another_process_another(corpus):
    first, second = pieces(corpus), pieces(corpus)
    assert torch.equal(first.batch(3), second.batch(3))
    assert not torch.equal(first.batch(3), first.batch(4))
    assert not torch.equal(first.batch(3), first.batch(3, rank=1))


def test_pieces_never_clip(corpus):
    assert max(float(pieces(corpus).batch(step).abs().max()) for step in range(20)) <= 1.0


def test_a_corpus_without_stems_long_enough_is_refused(corpus):
    with pytest.raises(EngineError, match="no stem of at least"):
        StemPieces(corpus.stems("train", ("drums",)), 2, 10**7, 0)
    with pytest.raises(EngineError, match="no stem of at least"):
        StemPieces(corpus.stems("train", ("melody",)), 2, 5000, 0)


def test_songs_made_on_the_fly_fill_batches_too():
    from engine.training.corpus.live import live_songs
    from engine.training.corpus.recipe import Recipe

    recipe = Recipe(min_seconds=1.0, max_seconds=2.0)
    made = SongPieces(lambda first: live_songs(0, recipe, 1, "train", first), ("drums",), 2, 588 * 15, 0)
    assert made.batch(0).shape == (2, 2, 588 * 15)
    with pytest.raises(EngineError, match="no more songs"):
        SongPieces(lambda first: iter(()), ("drums",), 2, 588 * 15, 0).batch(0)


@pytest.mark.parametrize(("step", "first"), [(0, 0), (1, 1), (12, 2), (16, 2), (10 * BATCHES_A_SONG, 10)])
def test_a_run_that_goes_on_hears_new_songs(step, first):
    """Song 0 came with step 0, song 1 with step 8: at step 12 both were heard."""
    asked = []

    def songs_from(first):
        asked.append(first)
        return iter(())

    with pytest.raises(EngineError, match="no more songs"):
        SongPieces(songs_from, ("drums",), 2, 588 * 15, 0).batch(step)
    assert asked == [first]


def test_pieces_too_short_to_compare_are_refused(corpus):
    with pytest.raises(EngineError, match="4096 or more"):
        StemPieces(corpus.stems("train", ("drums",)), 2, 588, 0)


def test_settings_are_checked():
    config = changed(TrainingConfig(), {"batch_size": "3", "balance": "true", "learning_rate": "1e-3"})
    assert (config.batch_size, config.balance, config.learning_rate) == (3, True, 1e-3)
    for settings, words in (
        ({"batchsize": "3"}, "batch_size"),
        ({"batch_size": "many"}, "int"),
        ({"learning_rate": "-1"}, "0 or more"),
        ({"dropout": "2"}, r"0\.\.1"),
        ({"batch_size": "0"}, "above 0"),
        ({"learning_rate": "nan"}, "a number"),
        ({"minutes": "inf"}, "a number"),
        ({"adversary_filters": "0"}, "1 or more"),
        ({"adversary_scales": "6"}, "1..5"),
        (dict.fromkeys(TrainingConfig().weights(), "0"), "all losses"),
    ):
        with pytest.raises(EngineError, match=words):
            changed(TrainingConfig(), settings)
