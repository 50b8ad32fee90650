"""`resonantgen train codec`: a run in short, and what its command line refuses."""

import pytest

from bridge.__main__ import build_parser, main
from bridge.train_codec import about, evaluation_of, pieces_of
from engine.errors import EngineError
from engine.model.codec.config import config_named
from engine.model.codec.weights import load_codec
from engine.training.codec.config import TrainingConfig
from engine.training.codec.run import METRICS, WEIGHTS
from engine.training.corpus import live, sources
from engine.training.corpus.sources import sources_in
from tests.engine.codec_training import tones_corpus
from tests.engine.corpus_sounds import drum_pack


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train") / "corpus"
    tones_corpus(folder)
    return folder


def train(corpus, out, *more):
    usual = [
        "--roles",
        "drums",
        "--threads",
        "1",
        "--set",
        "batch_size=1",
        "seconds=0.1",
        "unquantised_steps=1",
    ]
    return main(["train", "codec", "debug", "--corpus", str(corpus), "--out", str(out), *usual, *more])


def test_a_run_ends_with_its_weights_and_goes_on_when_asked_for_more(corpus, tmp_path, capsys):
    for steps in ("2", "3"):
        assert train(corpus, tmp_path, "--steps", steps) == 0
        assert f"{steps} steps" in capsys.readouterr().err
    assert (tmp_path / WEIGHTS).exists()
    lines = (tmp_path / METRICS).read_text().splitlines()
    assert sum("loss/mel" in line for line in lines) == 2  # the last step of each part is told


def test_what_a_run_began_with_stays_said_however_it_goes_on(corpus, tmp_path):
    assert train(corpus, tmp_path / "one", "--steps", "1") == 0
    begin = ("--start-from", str(tmp_path / "one" / WEIGHTS))
    other = ("--start-from", str(tmp_path / "none.safetensors"))
    told = []
    for steps, more in (("1", begin), ("2", ()), ("3", begin)):
        assert train(corpus, tmp_path / "two", "--steps", steps, *more) == 0
        told.append(load_codec(tmp_path / "two" / WEIGHTS).about["start_from"])
    assert told == [WEIGHTS] * 3
    assert train(corpus, tmp_path / "two", "--steps", "4", *other) == 1  # not there, whatever is gone on with
    assert train(corpus, tmp_path / "one", "--steps", "2", *begin) == 0
    assert "start_from" not in load_codec(tmp_path / "one" / WEIGHTS).about


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--steps", "0"], "above 0"),
        (["--minutes", "0"], "above 0"),
        (["--minutes", "nan"], "a number"),
        ([], "say how long"),
        (["--steps", "1", "--threads", "0"], "--threads 0"),
        (["--steps", "1", "--processes", "0"], "--processes 0"),
        (["--steps", "1", "--processes", "2"], "--corpus"),
        (["--steps", "1", "--roles", ""], "unknown role"),
        (["--steps", "1", "--roles", "drum"], "did you mean 'drums'"),
        (["--steps", "1", "--roles", "melody"], "no stem of at least"),
        (["--steps", "1", "--set", "seconds=0.01"], "4096 or more"),
        (["--steps", "1", "--set", "loud"], "KEY=VALUE"),
        (["--steps", "1", "--device", "gpu"], "unknown device"),
        (["--steps", "1", "--start-from", "none.safetensors"], "no codec file"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(corpus, tmp_path, capsys, more, words):
    assert train(corpus, tmp_path / "run", *more) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_the_weights_say_how_they_were_made(corpus):
    words = ["--start-from", "runs/one.safetensors", "--corpus", str(corpus), "--roles", "drums"]
    args = build_parser("train").parse_args(["train", "codec", "debug", "--out", "x", *words])
    training = TrainingConfig(frozen_encoder=True, frozen_codebooks=True, balance=True, complex=0.0)
    told = about(args, config_named("debug"), training)
    assert told == {
        "data": "2 stems, 0.0 hours, of drums; from own",
        "losses": "mel 1, stft 0.5, excess 0.3, attack 0.3, balanced",
        "start_from": "one.safetensors",
        "frozen": "encoder, codebooks",
    }


def test_songs_made_on_the_fly_use_what_is_installed_and_those_held_out_do_not(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "find_sources", lambda folder: sources_in([], [tmp_path]))
    drum_pack(tmp_path)
    recipes = []
    monkeypatch.setattr(live, "live_songs", lambda seed, recipe, *_: recipes.append(recipe) or iter(()))
    args = build_parser("train").parse_args(["train", "codec", "debug", "--out", str(tmp_path / "run")])
    pieces = pieces_of(args, config_named("debug"), TrainingConfig(), 0)
    with pytest.raises(EngineError, match="no more songs"):
        pieces.batch(0)
    evaluation_of(args, config_named("debug"), TrainingConfig())
    assert [recipe.packs for recipe in recipes] == [("audiophob",), ()]


def test_somebody_elses_folder_cannot_be_begun_with(corpus, tmp_path, capsys):
    (tmp_path / "encodec").mkdir()
    assert train(corpus, tmp_path / "run", "--steps", "1", "--start-from", str(tmp_path / "encodec")) == 1
    assert "only our own codecs can be begun with" in capsys.readouterr().err
