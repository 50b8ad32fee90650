"""The autoregressive rival is a fair one: it hears what came before and nothing after, and it learns."""

from pathlib import Path

import pytest
import torch

from engine.evaluation.models.delayed.__main__ import main
from engine.evaluation.models.delayed.model import DelayedModel
from engine.evaluation.models.delayed.pattern import before, delayed, undelayed
from engine.evaluation.models.delayed.trainer import DelayedTrainer
from engine.training.codec.parallel import Place
from tests.engine.track_training import CONFIG, codecs_folder, loops_corpus, material_of

FRAMES = 16


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("delayed")
    return material_of(loops_corpus(folder / "corpus"), folder / "cache", codecs_folder(folder))


@pytest.fixture(scope="module")
def trainer(made):
    torch.manual_seed(0)
    model = DelayedModel(made.config, made.codec.config)
    return DelayedTrainer(
        model, made.codec, CONFIG, made.windows("train", CONFIG), Place(torch.device("cpu"))
    )


def test_the_pattern_delays_each_codebook_by_one_more_step_and_back():
    codes = torch.arange(24).reshape(1, 3, 8)
    steps = delayed(codes, 99)
    assert steps.shape == (1, 3, 10)
    assert steps[0, :, 2].tolist() == [2, 9, 16] and steps[0, :, 0].tolist() == [0, 99, 99]
    assert torch.equal(undelayed(steps), codes)
    assert before(steps, 99)[0, 0].tolist() == [99, *steps[0, 0, :-1].tolist()]


def test_what_is_said_step_by_step_is_what_all_steps_at_once_say(made, trainer):
    """Nothing that comes later is heard, and what is kept from step to step is all there was."""
    model = trainer.model
    windows = made.windows("train", CONFIG)
    batch = windows.batch([(windows.parts[0], 0)])
    with torch.inference_mode():
        codes = model.generate(batch.scores, batch.style)
        steps = delayed(codes, model.mask)
        said = model.logits(before(steps, model.mask), batch.scores, batch.style, ()).argmax(-1)
    again = undelayed(said.transpose(1, 2))
    assert codes.shape == batch.codes.shape and int(codes.max()) < model.mask
    assert torch.equal(again, codes)


def test_the_same_seed_draws_the_same_tokens(made, trainer):
    windows = made.windows("train", CONFIG)
    batch = windows.batch([(windows.parts[0], 0)])
    drawn = [trainer.model.generate(batch.scores, batch.style, (), 1.0, 0, seed) for seed in (1, 1, 2)]
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])


def test_it_learns_the_tokens(trainer):
    losses = [trainer.step()["loss/token"] for _ in range(CONFIG.steps)]
    assert losses[-1] < losses[0]


def test_the_table_has_a_row_for_each_way(tmp_path: Path, capsys):
    loops_corpus(tmp_path / "corpus")
    settings = [f"{name}={getattr(CONFIG, name)}" for name in ("batch_size", "seconds", "heard_seconds")]
    main(
        ["drums", "--corpus", str(tmp_path / "corpus"), "--cache", str(tmp_path / "cache"), "--size", "debug",
         "--codecs", str(codecs_folder(tmp_path)), "--set", "steps=2", *settings]
    )  # fmt: skip
    rows = capsys.readouterr().out.splitlines()
    assert len({row.count("|") for row in rows}) == 1
    assert [row.split("|")[1].strip() for row in rows[2:]] == [
        "the codec's own tokens", "ours, one pass", "ours, refined", "autoregressive, temperature 0",
        "autoregressive, temperature 0.7", "autoregressive, temperature 1",
    ]  # fmt: skip
