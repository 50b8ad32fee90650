"""What a corpus knows of its own ducking is taught: when a track gave way, wherever the drums are heard."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from engine.errors import EngineError
from engine.model.track.giving_way import POINTS
from engine.training.track.ducking import duck_of
from tests.engine.track_training import (
    CONFIG,
    ROLES,
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
    rate = made.codec.config.frame_rate * POINTS
    kicks = [
        int(hit.start_beats * 60.0 / TEMPO_BPM * rate) for hit in score("drums").hits if hit.voice == "kick"
    ]
    known = part.gives_way.flatten()
    at_kicks = np.array([known[point : point + 4].max() for point in kicks])
    before = np.array([known[point - 4] for point in kicks])
    assert part.gives_way.shape == (len(part.heard["drums"].latents), POINTS)
    assert (at_kicks > 0.5).all() and (before < 0.05).all() and known.max() <= 1.0


def test_the_target_is_the_stem_as_it_was_before(tmp_path):
    """Of two corpora alike but for the ducking, windows hold the same."""
    corpora = loops_corpus(tmp_path / "plain"), ducked_corpus(tmp_path / "ducked")
    (stem,) = corpora[1].stems("train", ("bass",))
    duck = duck_of(stem, corpora[1].stems("train", ROLES))
    assert duck is not None
    soft = stem.read() * duck.gain()[:, None]
    soundfile.write(stem.path, soft, 44_100, subtype="PCM_16")
    folder = codecs_folder(tmp_path)
    made = [material_of(corpus, tmp_path / "cache", folder, "bass") for corpus in corpora]
    (plain,), (ducked,) = (each.parts["train"] for each in made)
    windows = [each.windows("train", CONFIG) for each in made]
    heard = [windows[0].audio([(plain, 0)], 9, 30), windows[1].audio([(ducked, 0)], 9, 30)]
    assert torch.allclose(*heard, atol=1e-3) and float(heard[0].abs().max()) > 0.05
    assert np.abs(plain.target.latents - ducked.target.latents).max() < 0.05
    assert plain.gives_way is None and ducked.gives_way is not None
    others = ducked.stem.read(500, 88_000)  # a stretch is that of the whole
    assert np.array_equal(others, ducked.stem.read()[88_000:88_500])


def test_a_stem_with_a_room_around_its_ducking_is_left_out(tmp_path):
    corpus = ducked_corpus(tmp_path / "corpus", shared_room={"send_db": -12.0})
    with pytest.raises(EngineError, match="bass"):
        material_of(corpus, tmp_path / "cache", codecs_folder(tmp_path), "bass").windows("train", CONFIG)


def test_it_is_learned_where_drums_are_heard_and_only_there(made):
    hearing = trainer(made, replace(CONFIG, context_from=0.0, no_context=0.0, masked_share=0.0, steps=60))
    told = [hearing.step()["loss/giving_way"] for _ in range(60)]
    assert np.mean(told[-10:]) < 0.85 * np.mean(told[:3])
    alone = trainer(made, replace(CONFIG, context_from=1.0, masked_share=0.0))
    assert "loss/giving_way" not in alone.step()


def test_it_can_be_learned_alone_and_moves_nothing_else(made):
    alone = trainer(made, replace(CONFIG, only_giving_way=True, batch_size=24, steps=60))
    before = {name: value.clone() for name, value in alone.model.state_dict().items()}
    told = [alone.step() for _ in range(60)]
    assert set(told[0]) == {"loss/giving_way", "gradient", "phase"}
    losses = [each["loss/giving_way"] for each in told]
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])
    after = alone.model.state_dict()
    moved = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert moved and all(name.startswith("giving_way.") for name in moved)


def test_alone_it_is_learned_from_drums_that_nobody_gives_way_to(tmp_path):
    plain = material_of(
        loops_corpus(tmp_path / "corpus"), tmp_path / "cache", codecs_folder(tmp_path), "bass"
    )
    alone = trainer(plain, replace(CONFIG, only_giving_way=True))
    assert alone.windows.parts[0].gives_way is None
    assert set(alone.step()) == {"loss/giving_way", "gradient", "phase"}


def test_without_kicks_there_is_nothing_to_learn_alone(tmp_path):
    corpus = loops_corpus(tmp_path / "corpus")
    for path in corpus.folder.rglob("*_drums.json"):
        path.write_text(path.read_text().replace('"kick"', '"snare"'))
    plain = material_of(corpus, tmp_path / "cache", codecs_folder(tmp_path), "bass")
    with pytest.raises(EngineError, match="no kicks to give way to"):
        trainer(plain, replace(CONFIG, only_giving_way=True))
