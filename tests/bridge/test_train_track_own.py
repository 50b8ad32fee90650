"""`resonantgen train track ROLE --data my_stems/`: from own stems to weights that sound like them."""

import json
import shutil

import numpy as np
import pytest
import soundfile
import torch

from bridge.__main__ import main
from engine.errors import EngineError
from engine.model.codec.weights import load_codec
from engine.model.track.config import config_named
from engine.model.track.track_model import TrackModel
from engine.model.track.weights import load_track_model, read_track_file, save_track_model
from engine.training.codec.run import METRICS
from engine.training.corpus.reading import Corpus
from engine.training.track import own
from engine.training.track.own import own_corpus
from engine.training.track.trainer import TRACK_WEIGHTS
from tests.engine.track_training import codecs_folder, score, sound

LONG, SHORT = 16, 2  # loops: half a minute that is learned from, and what is held out
LEARNED, HELD_OUT = "Blue", "Red"  # songs, as the lot has it


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Models of debug size and their codec; two songs, of which the lot holds out the short one."""
    folder = tmp_path_factory.mktemp("own")
    codecs_folder(folder)
    codec = load_codec(folder / "debug.safetensors")
    torch.manual_seed(4)
    for role in ("bass", "drums"):
        save_track_model(
            TrackModel(config_named(role, "debug"), codec.config), folder / f"{role}.safetensors", codec=codec
        )
    for song, loops in ((LEARNED, LONG), (HELD_OUT, SHORT)):
        for role in ("bass", "drums"):
            put(folder / "stems" / song / f"{role}.wav", role, loops)
    return folder


def put(path, role, loops):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.tile(sound(score(role)), (loops, 1)), 44_100)


def train(folder, stems, out, *more, role="bass", start="bass.safetensors"):
    begin = ["--start-from", str(folder / start)] if start else []
    return main([
        "train", "track", role, "--data", str(stems), "--out", str(out), "--codecs", str(folder), *begin,
        "--threads", "1", "--processes", "1", "--set", "batch_size=1", "seconds=0.32", "heard_seconds=0.2",
        "heard_items=1", *more,
    ])  # fmt: skip


def test_a_model_goes_on_learning_from_own_stems(folder, tmp_path, capsys):
    assert train(folder, folder / "stems", tmp_path / "run", "--steps", "2") == 0
    told = capsys.readouterr().err
    assert LEARNED in told and HELD_OUT in told and "2 steps" in told
    path = tmp_path / "run" / TRACK_WEIGHTS
    file = read_track_file(path)
    assert file.config.role == "bass" and "of bass; from own" in file.about["data"]
    began = load_track_model(folder / "bass.safetensors").state_dict()
    learned = load_track_model(path).state_dict().items()
    apart = [float((value - began[name]).abs().max()) for name, value in learned]
    assert 0 < max(apart) < 0.1  # a little further than where it began, and nowhere else
    last = json.loads((tmp_path / "run" / METRICS).read_text().splitlines()[-1])
    assert "held_out/codec/mel" in last


def test_too_little_is_told_and_more_stems_are_heard_by_the_same_command(folder, tmp_path):
    stems, out = tmp_path / "stems", tmp_path / "corpus"
    put(stems / "bass.wav", "bass", SHORT)
    with pytest.raises(EngineError, match="4 s of bass to learn from; it takes 30 s or more"):
        own_corpus(stems, out, "bass", 1)
    put(stems / "more bass.wav", "bass", LONG)
    assert own_corpus(stems, out, "bass", 1).stems("train", ("bass",))


def test_a_corpus_that_another_role_learns_from_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(own, "LEAST_SECONDS", 1.0)
    put(tmp_path / "stems" / "bass.wav", "bass", SHORT)
    out = tmp_path / "corpus"
    assert own_corpus(tmp_path / "stems", out, "bass", 1).stems("train", ("bass",))
    with pytest.raises(EngineError, match="0 s of drums to learn from"):
        own_corpus(tmp_path / "stems", out, "drums", 1)
    assert Corpus.open(out).stems("train", ("bass",))


def test_where_the_lot_would_leave_too_little_nothing_is_held_out(folder, tmp_path):
    shutil.copytree(folder / "stems" / LEARNED, tmp_path / "stems" / HELD_OUT)
    shutil.copytree(folder / "stems" / HELD_OUT, tmp_path / "stems" / LEARNED)
    heard = []
    for _ in range(2):  # and the same command goes on with it
        corpus = own_corpus(tmp_path / "stems", tmp_path / "corpus", "bass", 1, heard.append)
        assert len(corpus.stems("train", ("bass",))) > 1 and not corpus.stems("held_out", ("bass",))
        assert len(heard) == 4


def test_stems_of_other_roles_are_told(folder, tmp_path, capsys):
    put(tmp_path / "stems" / "drums.wav", "drums", SHORT)
    assert train(folder, tmp_path / "stems", tmp_path / "run", "--steps", "1") == 1
    assert "0 s of bass to learn from" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("role", "start", "words"),
    [
        ("bas", "bass.safetensors", "did you mean 'bass'"),
        ("bass", "drums.safetensors", "plays drums, not bass"),
        ("bass", "none.safetensors", "none.safetensors"),
    ],
)
def test_what_cannot_be_begun_with_is_told(folder, tmp_path, capsys, role, start, words):
    assert train(folder, folder / "stems", tmp_path / "run", "--steps", "1", role=role, start=start) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_where_no_model_is_bundled_one_is_asked_for(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("engine.model.track.weights.bundled_folder", lambda: tmp_path)
    assert train(folder, folder / "stems", tmp_path / "run", "--steps", "1", start=None) == 1
    assert "--start-from FILE" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "words"), [("empty", "no audio"), ("nowhere", "nowhere")])
def test_a_folder_of_no_use_is_told(folder, tmp_path, capsys, name, words):
    (tmp_path / "empty").mkdir()
    assert train(folder, tmp_path / name, tmp_path / "run", "--steps", "1") == 1
    assert words in capsys.readouterr().err
