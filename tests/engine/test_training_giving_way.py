"""What a corpus knows of its own ducking is taught: when a track gave way, wherever the drums are heard."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.errors import EngineError
from tests.engine.track_training import (
    CONFIG,
    TEMPO_BPM,
    codecs_folder,
    ducked_corpus,
    loops_corpus,
    material_of,
    score,
    trainer,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ducked")
    corpus = ducked_corpus(folder / "corpus")
    return material_of(corpus, folder / "cache", codecs_folder(folder), "bass")


def test_it_is_known_at_the_kicks(made):
    (part,) = made.parts["train"]
    rate = made.codec.config.frame_rate
    kicks = [
        int(hit.start_beats * 60.0 / TEMPO_BPM * rate) for hit in score("drums").hits if hit.voice == "kick"
    ]
    at_kicks = np.array([part.gives_way[frame : frame + 2].max() for frame in kicks])
    before = np.array([part.gives_way[frame - 2] for frame in kicks])
    assert part.gives_way.shape == (len(part.target.latents),)
    assert (at_kicks > 0.5).all() and (before < 0.05).all() and part.gives_way.max() <= 1.0


def test_it_is_learned_where_drums_are_heard_and_only_there(made):
    hearing = trainer(made, replace(CONFIG, context_from=0.0, no_context=0.0, masked_share=0.0, steps=60))
    told = [hearing.step()["loss/giving_way"] for _ in range(60)]
    assert np.mean(told[-5:]) < 0.8 * np.mean(told[:5])
    alone = trainer(made, replace(CONFIG, context_from=1.0, masked_share=0.0))
    assert "loss/giving_way" not in alone.step()


def test_it_can_be_learned_alone_and_moves_nothing_else(made):
    alone = trainer(made, replace(CONFIG, only_giving_way=True, batch_size=24, steps=60))
    before = {name: value.clone() for name, value in alone.model.state_dict().items()}
    told = [alone.step() for _ in range(60)]
    assert set(told[0]) == {"loss/giving_way", "gradient", "phase"}
    losses = [each["loss/giving_way"] for each in told]
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    after = alone.model.state_dict()
    moved = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert moved and all(name.startswith("giving_way.") for name in moved)


def test_where_nobody_gives_way_there_is_nothing_to_learn_alone(tmp_path):
    plain = material_of(
        loops_corpus(tmp_path / "corpus"), tmp_path / "cache", codecs_folder(tmp_path), "bass"
    )
    with pytest.raises(EngineError, match="bass of this corpus give way to no drums"):
        trainer(plain, replace(CONFIG, only_giving_way=True))
