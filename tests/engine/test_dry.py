"""Dry stems: what a model performs before effects and mix, which follow as they follow the instruments."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from bridge.__main__ import main
from bridge.train_codec import data_of, pieces_of
from engine.errors import EngineError
from engine.instruments.palette import NAMES, Instrument, palette_of
from engine.instruments.render import in_the_mix, play_dry, render
from engine.model.codec.config import config_named as codec_named
from engine.model.track.loop import Loop
from engine.model.track.output import Output
from engine.model.track.performing import perform
from engine.model.track.weights import read_track_file, save_track_model
from engine.music.score import Score
from engine.performing import Given
from engine.training.codec.batches import StemPieces
from engine.training.codec.config import TrainingConfig
from engine.training.corpus.reading import SONGS, Corpus
from engine.training.corpus.recipe import DEBUG
from engine.training.corpus.shards import Order, write_corpus
from engine.training.corpus.song import make_song
from engine.training.track.cache import levelling_gain
from engine.training.track.ducking import DryStem, duck_of, undone
from tests.engine.instrument_scores import phrase
from tests.engine.track_parts import debug_codec, debug_model, hearing
from tests.engine.track_parts import score as short_score
from tests.engine.track_training import codecs_folder, ducked_corpus, loops_corpus, material_of, trainer

PITCHED = [*NAMES["bass"], *NAMES["harmony"], *NAMES["melody"]]


@pytest.fixture(scope="module")
def codec():
    return debug_codec()


@pytest.fixture(scope="module")
def dry_model(codec):
    model = debug_model(codec, "bass")
    model.config = replace(model.config, dry=True)
    return model


def dry_of(told: Score) -> np.ndarray:
    """As the instruments play it, at the level of its role."""
    palette = palette_of(told.palette)
    assert isinstance(palette, Instrument)
    dry = play_dry(told, palette)
    return dry * np.float32(levelling_gain(dry, told))


# --- the instruments --------------------------------------------------------------------------------


def test_what_no_palette_of_ours_played_has_no_effects_but_its_place_in_the_mix() -> None:
    told = phrase("supersaw")
    dry = dry_of(told)
    foreign = in_the_mix(dry.copy(), replace(told, palette=""))
    assert np.isfinite(foreign).all() and np.abs(foreign - in_the_mix(dry, told)).max() > 1e-3


def test_hits_are_nothing_for_an_instrument() -> None:
    instrument = palette_of("supersaw")
    assert isinstance(instrument, Instrument)
    with pytest.raises(EngineError) as caught:
        play_dry(replace(phrase("808"), palette="supersaw"), instrument)
    assert caught.value.code == "range"


# --- a corpus ---------------------------------------------------------------------------------------


def test_a_corpus_holds_dry_stems_beside_the_others_which_stay_the_same(tmp_path) -> None:
    recipes = {"wet": DEBUG, "dry": replace(DEBUG, dry=True)}
    for name, recipe in recipes.items():
        write_corpus(Order(tmp_path / name, 3, 1, recipe, songs_a_shard=2), 1)
    wet, dry = (Corpus.open(tmp_path / name) for name in recipes)
    assert dry.head["recipe"]["dry"] is True and "dry" not in wet.head["recipe"]
    roles = ("drums", "bass", "harmony")
    for one, other in zip(wet.stems("train", roles), dry.stems("train", roles), strict=True):
        assert one.path.read_bytes() == other.path.read_bytes()
        name = other.line["tracks"][other.role].get("dry")
        assert (name is None) == (other.role == "drums")
        if name is not None:
            assert soundfile.info(other.path.with_name(name)).frames == other.samples


def test_a_dry_stem_makes_room_as_its_own_does() -> None:
    """Of a song that is carved, and of the same song that is not."""
    recipe = replace(DEBUG, dry=True, carve_share=1.0, raw_share=0.0, min_seconds=2.0, max_seconds=3.0)
    songs = [make_song(seed, recipe) for seed in range(4)]
    plain = [make_song(seed, replace(recipe, carve_share=0.0)) for seed in range(4)]
    pairs = zip((s.tracks["harmony"] for s in songs), (s.tracks["harmony"] for s in plain), strict=True)
    carved = [(a.dry, b.dry) for a, b in pairs if "carve" in a.effects]
    assert carved
    for made_room, before in carved:
        assert made_room is not None and before is not None
        assert 0.0 < np.square(made_room).sum() < np.square(before).sum()


def dry_corpus(folder):
    """Ducked bass that is also there dry, an octave of noise instead of its tone."""
    corpus = ducked_corpus(folder, shared_room={"send_db": -12.0})
    for file in corpus.folder.rglob(SONGS):
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for line in lines:
            for role, track in line["tracks"].items():
                if role == "bass":
                    track["dry"] = track["file"].replace(".flac", "_dry.flac")
                    noise = np.random.default_rng(1).uniform(-0.3, 0.3, (track["samples"], 2))
                    soundfile.write(file.parent / track["dry"], noise, 44_100, subtype="PCM_16")
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return corpus


def test_a_codec_learns_from_dry_stems_and_finished_ones(tmp_path) -> None:
    corpus = dry_corpus(tmp_path / "corpus")
    finished = [stem.path.name for stem in corpus.stems("train", ("drums", "bass"))]
    assert not any("dry" in name for name in finished)
    training = TrainingConfig(seconds=0.5)
    args = Namespace(corpus=corpus.folder, roles="drums,bass")
    learnt = pieces_of(args, codec_named("pitched"), training, 0)
    assert isinstance(learnt, StemPieces)
    dry = [stem.path.name for stem in learnt.stems if stem.path.name.endswith("_bass_dry.flac")]
    assert dry and len(learnt.stems) == len(finished) + len(dry)
    assert data_of(args, codec_named("pitched")).startswith(f"{len(learnt.stems)} stems")


def test_the_dry_stem_is_what_is_learnt(tmp_path) -> None:
    corpus = dry_corpus(tmp_path / "corpus")
    made = material_of(corpus, tmp_path / "cache", codecs_folder(tmp_path), "bass")
    (part,) = made.parts["train"]
    assert isinstance(part.stem, DryStem) and part.stem.path.name.endswith("_bass_dry.flac")
    assert part.gives_way is not None  # when to give way is known all the same
    heard = made.windows("train", trainer(made).config).audio([(part, 0)], 0, 20)
    assert np.allclose(heard[0].T.numpy(), part.stem.read(heard.shape[-1]) * part.target.gain, atol=1e-6)
    assert made.config.dry and trainer(made).model.config.dry
    assert "dry" in made.about()["stems"]


def test_without_dry_stems_a_model_learns_finished_ones(tmp_path) -> None:
    made = material_of(loops_corpus(tmp_path / "corpus"), tmp_path / "cache", codecs_folder(tmp_path), "bass")
    assert not made.config.dry and not trainer(made).model.config.dry


def test_a_dry_stem_needs_no_undoing(tmp_path) -> None:
    corpus = dry_corpus(tmp_path / "corpus")
    (stem,) = corpus.stems("train", ("bass",))
    duck = duck_of(stem, corpus.stems("train", ("drums", "bass")))
    assert isinstance(undone(stem, duck), DryStem)  # though a room is around it


def test_a_corpus_with_some_dry_stems_is_refused(tmp_path) -> None:
    corpus = dry_corpus(tmp_path / "corpus")
    file = corpus.folder / "held_out" / "00000" / SONGS
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        line["tracks"].get("bass", {}).pop("dry", None)
        line["tracks"].get("bass", {}).pop("effects", None)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(EngineError) as caught:
        material_of(corpus, tmp_path / "cache", codecs_folder(tmp_path), "bass")
    assert caught.value.code == "file" and "dry" in caught.value.text


def test_a_corpus_goes_on_as_dry_as_it_was_begun(tmp_path) -> None:
    write_corpus(Order(tmp_path, 1, 1, DEBUG, held_out=0.0), 1)
    with pytest.raises(EngineError) as caught:
        write_corpus(Order(tmp_path, 2, 1, replace(DEBUG, dry=True), held_out=0.0), 1)
    assert caught.value.code == "file" and "dry" in caught.value.text


def test_of_ones_own_stems_nothing_is_dry(tmp_path, capsys) -> None:
    assert main(["train", "corpus", "--stems", str(tmp_path), "--dry", "--out", str(tmp_path / "out")]) == 1
    assert "--dry" in capsys.readouterr().err


def test_runs_and_files_of_before_are_those_of_models_that_are_not_dry(dry_model) -> None:
    assert "dry" not in replace(dry_model.config, dry=False).to_json()
    assert '"dry": true' in dry_model.config.to_json()


@pytest.mark.parametrize("begins_dry", [True, False])
def test_what_learns_to_give_way_alone_performs_as_before(tmp_path, capsys, begins_dry: bool) -> None:
    corpus = (ducked_corpus if begins_dry else dry_corpus)(tmp_path / "corpus")
    codecs = codecs_folder(tmp_path)
    made = material_of(corpus, tmp_path / "cache", codecs, "bass")
    begun = trainer(made).model
    begun.config = replace(begun.config, dry=begins_dry)
    start = tmp_path / "start.safetensors"
    save_track_model(begun, start, codec=made.codec)
    asked = ["train", "track", "bass", "--corpus", str(corpus.folder), "--cache", str(tmp_path / "cache")]
    asked += ["--codecs", str(codecs), "--start-from", str(start), "--steps", "1", "--processes", "1"]
    short = ["--set", "seconds=0.32", "batch_size=2", "heard_seconds=0.2"]
    assert main([*asked, "--out", str(tmp_path / "alone"), *short, "only_giving_way=true"]) == 0
    assert main([*asked, "--out", str(tmp_path / "all"), *short]) == 0
    told = capsys.readouterr()
    assert ("finished ones" if begins_dry else "had them in its sound") in told.err + told.out
    found = [read_track_file(tmp_path / run / "track.safetensors").config.dry for run in ("alone", "all")]
    assert found == [begins_dry, not begins_dry]


# --- performing -------------------------------------------------------------------------------------


def told_by(told, audio, piece: int = 9000):
    """The loop that comes of dry samples of all frames, and what was told on the way."""
    loop, heard = Loop(told.length_samples, 882, 8), []
    places = np.arange(loop.first_sample, loop.stop_frame * loop.hop) % told.length_samples
    samples = torch.from_numpy(np.ascontiguousarray(audio[places].T))[None]
    output = Output(loop, told, None, (), dry=True)
    for part in samples.split(piece, dim=2):
        output.add(part)
        output.tell(lambda new, start, end: heard.append((new, start, end)))
    return output.finished(), heard


@pytest.mark.parametrize("palette", PITCHED)
def test_what_follows_a_dry_performance_is_what_follows_the_instruments(palette: str) -> None:
    told = phrase(palette)
    made, _ = told_by(told, dry_of(told))
    assert np.abs(made - render(told)).max() < 2e-3


@pytest.mark.parametrize("name", ["reverb", "delay", "phaser"])
def test_settings_of_effects_are_played_exactly(name: str) -> None:
    """Though the voice is the same."""
    told = [phrase("rhodes", settings={name: amount}) for amount in (0.0, 1.0)]
    dry = dry_of(told[0])
    takes = [told_by(each, dry)[0] for each in told]
    assert np.abs(takes[0] - takes[1]).max() > 0.01
    assert all(np.abs(take - render(each)).max() < 2e-3 for take, each in zip(takes, told, strict=True))


@pytest.mark.parametrize(("palette", "settings"), [
    ("pluck", {}), ("juno", {}), ("vibraphone", {}), ("pluck", {"gate": 1.0}), ("pluck", {"phaser": 1.0}),
])  # fmt: skip
def test_early_stretches_are_the_loop_s_own_but_for_what_rings_over_its_seam(palette, settings) -> None:
    told = phrase(palette, settings=settings, bars=2)
    made, heard = told_by(told, dry_of(told))
    assert [start for _, start, _ in heard[1:]] == [end for _, _, end in heard[:-1]] and len(heard) > 3
    for new, start, end in heard[1:-1]:
        alike = np.corrcoef(new.ravel(), made[start:end].ravel())[0, 1]
        assert alike > 0.97, (start, end, alike)


def test_a_long_loop_is_told_in_few_stretches() -> None:
    """Each takes the time of the whole."""
    told = phrase("pluck", bars=32)
    _, heard = told_by(told, np.zeros((told.length_samples, 2), np.float32), 44_100)
    assert 4 <= len(heard) <= 9


@pytest.mark.parametrize("loud", [0.0, 1e-5, 3e-4])
def test_what_is_hardly_there_stays_so(loud: float) -> None:
    """An empty score, or a break: nobody is to hear what a decoder leaves in silence."""
    told = replace(phrase("pluck"), notes=())
    noise = np.random.default_rng(3).normal(0.0, loud, (told.length_samples, 2)).astype(np.float32)
    made, _ = told_by(told, noise)
    assert np.abs(made).max() <= 30.0 * loud


def test_bars_that_stay_come_back_bit_for_bit(codec, dry_model) -> None:
    told = short_score("bass")
    ears = hearing(codec)
    standing = perform(dry_model, codec, told, seed=1, hearing=ears)
    standing = (0.5 * standing).astype(np.float32)
    made = perform(dry_model, codec, told, seed=2, hearing=ears, given=Given(standing, frozenset({0})))
    bar = told.length_samples // 2
    assert np.array_equal(made[:bar], standing[:bar]) and not np.array_equal(made[bar:], standing[bar:])


def test_a_dry_model_gives_way_after_its_effects(codec) -> None:
    told = replace(phrase("pluck"), curves=())
    loop = Loop(told.length_samples, codec.config.hop, 4)
    count = (loop.num_frames + 2 * loop.margin) * loop.hop
    torch.manual_seed(1)
    audio = 0.0005 * torch.randn(1, 2, count)  # both are raised as far as is allowed, and nothing is limited
    gain = np.linspace(1.0, 0.2, count, dtype=np.float32)
    made = []
    for each in (None, gain):
        output = Output(loop, told, None, (), each, dry=True)
        output.add(audio)
        made.append(output.finished())
    zero = -loop.first_sample
    assert np.allclose(made[1], made[0] * gain[zero : zero + told.length_samples, None], atol=1e-7)
