"""`resonantgen train track`: the whole way from a corpus to weights, and what its command line refuses."""

import json

import pytest

from bridge.__main__ import main
from engine.evaluation.models.performer import track_files
from engine.model.track.weights import read_track_file
from engine.track_models import TrackModels
from engine.training.codec.run import METRICS
from engine.training.track.trainer import TRACK_WEIGHTS
from tests.engine.track_training import codecs_folder, loops_corpus

USUAL = (
    "--size", "debug", "--threads", "1", "--processes", "1",
    "--set", "batch_size=1", "seconds=0.32", "heard_seconds=0.2", "heard_items=1",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train")
    loops_corpus(folder / "corpus")
    codecs_folder(folder)
    return folder


def train(folder, out, *more, role="drums", usual=USUAL):
    where = ["--out", str(out), "--codecs", str(folder), "--cache", str(folder / "cache")]
    return main(["train", "track", role, *where, *usual, *more])


def test_a_run_ends_with_its_weights_and_goes_on_when_asked_for_more(folder, tmp_path, capsys):
    corpus = str(folder / "corpus")
    for steps in ("2", "3"):
        assert train(folder, tmp_path, "--corpus", corpus, "--steps", steps) == 0
        told = capsys.readouterr().err
        assert f"{steps} steps" in told and f'[folders] models = "{tmp_path}"' in told
        assert 'render = "model"' in told and "--stamp" in told
    file = read_track_file(tmp_path / TRACK_WEIGHTS)
    found = TrackModels(tmp_path).offer("drums")
    assert "never measured" in found.why or "another codec" in found.why  # by the name that the engine reads
    assert track_files(tmp_path, ()) == [tmp_path / "track_drums.safetensors"]
    assert file.config.role == "drums" and "2 stems" in file.about["data"] and "3 of 1" in file.about["steps"]
    last = json.loads((tmp_path / METRICS).read_text().splitlines()[-1])
    assert {"held_out/codec/mel", "held_out/alone/mel", "held_out/together/latent"} <= last.keys()
    # ... and is refused as the beginning of one that would speak another codec's tokens.
    begin = ("--steps", "4", "--start-from", str(tmp_path / TRACK_WEIGHTS))
    (tmp_path / "others").mkdir()
    others = codecs_folder(tmp_path / "others", seed=4)
    assert train(others, tmp_path / "next", "--corpus", corpus, *begin) == 1
    assert "another codec" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ((), "say how long"),
        (("--steps", "0"), "1 or more"),
        (("--steps", "1", "--set", "loud"), "KEY=VALUE"),
        (("--steps", "1", "--set", "maskd=1"), "did you mean 'masked'"),
        (("--steps", "1", "--set", "only_giving_way=true"), "--start-from"),
        (("--steps", "1", "--size", "smal"), "did you mean 'small'"),
        (("--steps", "1", "--threads", "0"), "--threads 0"),
        (("--steps", "1", "--processes", "0"), "--processes 0"),
        (("--steps", "1", "--start-from", "none.safetensors"), "none.safetensors"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(folder, tmp_path, capsys, more, words):
    assert train(folder, tmp_path, "--corpus", str(folder / "corpus"), *more) == 1
    assert words in capsys.readouterr().err


def test_a_role_of_ones_own_is_trained_as_the_kind_that_it_says(folder, tmp_path):
    loops_corpus(tmp_path / "corpus", ("drums", "kazoo"))
    asked = ("--corpus", str(tmp_path / "corpus"), "--steps", "1", "--kind", "pitched")
    assert train(folder, tmp_path / "out", *asked, role="kazoo") == 0
    config = read_track_file(tmp_path / "out" / TRACK_WEIGHTS).config
    assert (config.role, config.kind) == ("kazoo", "pitched")


@pytest.mark.parametrize(
    ("role", "kind", "words"),
    [
        ("kazoo", (), "--kind drums or pitched"),
        ("kazoo", ("--kind", "picked"), "did you mean 'pitched'"),
        ("drums", ("--kind", "pitched"), "the kind of drums is drums"),
        ("../kazoo", ("--kind", "pitched"), "letters, digits and _"),
    ],
)
def test_a_role_of_ones_own_that_cannot_be_is_refused(folder, tmp_path, capsys, role, kind, words):
    assert train(folder, tmp_path, "--corpus", str(folder / "corpus"), "--steps", "1", *kind, role=role) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("role", "words"), [("drum", "did you mean 'drums'"), ("melody", "no stem of melody")]
)
def test_a_role_that_is_not_there_is_told(folder, tmp_path, capsys, role, words):
    corpus = ("--corpus", str(folder / "corpus"), "--steps", "1")
    assert train(folder, tmp_path, *corpus, role=role) == 1
    assert words in capsys.readouterr().err


def test_a_folder_that_is_no_corpus_is_told(folder, tmp_path, capsys):
    assert train(folder, tmp_path, "--corpus", str(tmp_path), "--steps", "1") == 1
    assert "no corpus" in capsys.readouterr().err
