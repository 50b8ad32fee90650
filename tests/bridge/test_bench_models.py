"""`resonantgen bench models`, on models of thousands of weights."""

import gc
import json
import sys
from dataclasses import replace

import pytest
import torch

from bridge import bench_models, bench_players
from bridge.__main__ import main
from engine.evaluation.models.floors import BYTES, Floor, flops_of, weights_of
from engine.model.codec.codec import build_codec
from engine.model.codec.config import config_named as codec_named
from engine.model.track import passing, weights
from engine.model.track.config import config_named
from engine.model.track.passing import EAGER, compiled
from engine.model.track.track_model import TrackModel
from engine.model.track.weights import save_track_model
from engine.music.score import Score


def test_every_figure_stands_beside_its_floor_or_baseline(capsys, monkeypatch):
    pytest.importorskip("transformers")
    from engine.evaluation.models import floors

    monkeypatch.setattr(floors, "SIDE_CPU", 64)
    monkeypatch.setattr(floors, "COPIED_CPU", 1 << 16)
    monkeypatch.setattr(bench_models, "ROUNDS_QUICK", 1)
    monkeypatch.setattr(bench_players, "BARS", 2)
    monkeypatch.setattr(bench_models, "SECONDS", 4.0)
    monkeypatch.setattr(bench_models, "RIVAL_FRAMES_QUICK", 4)
    assert main(["bench", "models", "--quick", "--size", "debug"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(line["value"] > 0 and line["baseline"] > 0 and line["baseline_name"] for line in lines)
    assert {line["size"] for line in lines} == {"debug"} and all("version" in line for line in lines)
    names = {line["name"] for line in lines}
    for role in ("drums", "bass"):
        assert {f"first pass over 8 s, {role}, {name}" for name in BYTES} <= names
        assert {f"8-second track, {role}", f"one bar anew, {role}", f"first bar of {role}"} <= names
    assert {"four 8-second tracks at once", "MusicGen of like size, 8 s"} <= names
    for line in lines:
        if "share" in line:
            assert line["share"] == pytest.approx(line["baseline"] / line["value"], rel=0.05, abs=0.001)


def test_musicgen_generates_as_many_frames_as_are_asked_for():
    pytest.importorskip("transformers")
    from engine.evaluation.models.rival import generated_frames, musicgen

    assert generated_frames(musicgen("debug", torch.device("cpu")), 7) == 7


def test_without_transformers_the_rest_is_measured_and_a_line_says_what_is_missing(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    bench = bench_models.Bench("debug", torch.device("cpu"), 1, True)
    assert list(bench_models.musicgens(bench)) == []
    assert 'pip install "resonantgen[test]"' in capsys.readouterr().err


@pytest.mark.parametrize(("size", "said"), [("smal", "small"), ("full", "CUDA")])
def test_a_size_that_cannot_be_is_refused_with_those_that_can(size, said, capsys):
    if size == "full" and torch.cuda.is_available():
        pytest.skip("full can be, here")
    assert main(["bench", "models", "--size", size]) == 1
    assert said in capsys.readouterr().err


def test_a_floor_is_the_slower_of_computing_and_reading():
    assert Floor(2.0, 3.0).ms == 3.0 and Floor(5.0, 3.0).ms == 5.0


def test_operations_and_weights_are_those_of_the_layer():
    layer, rows = torch.nn.Linear(8, 16), torch.zeros(4, 8)
    assert flops_of(lambda: layer(rows)) == 2 * 4 * 8 * 16 and weights_of(layer) == 8 * 16 + 16


@pytest.mark.parametrize("role", ["drums", "bass", "harmony", "melody"])
def test_what_is_performed_is_eight_seconds_long(role):
    score = bench_players.written(role)
    assert isinstance(score.validate(), Score) and score.length_seconds == bench_models.SECONDS
    assert {len(audio) for audio in bench_players.heard_by(role).values()} == {score.length_samples}


def test_a_bundled_model_of_that_size_plays_whatever_its_windows(tmp_path, monkeypatch):
    """Training leaves windows as long as its own in the file."""
    codec = build_codec(codec_named("debug"))
    config = replace(config_named("drums", "debug"), window_frames=20, margin_frames=2)
    save_track_model(TrackModel(config, codec.config), tmp_path / "track_drums.safetensors")
    monkeypatch.setattr(weights, "bundled_folder", lambda: tmp_path)
    of = bench_players.player("drums", "debug", torch.device("cpu"))
    assert of.trained and of.model.config == config
    assert not bench_players.player("bass", "debug", torch.device("cpu")).trained


def test_each_model_is_made_resident_once_and_none_outlives_it():
    of = bench_players.player("drums", "debug", torch.device("cpu"))
    by = bench_players.resident(of)
    assert bench_players.resident(of) is by and len(bench_players._RESIDENTS) == 1
    assert by.model is not of.model
    del of, by
    gc.collect()
    assert not bench_players._RESIDENTS


def test_a_part_and_a_beginning_are_fewer_operations_than_the_whole():
    of = bench_players.player("bass", "debug", torch.device("cpu"))
    whole, first = bench_players.flops_performed(of), bench_players.flops_performed(of, first_only=True)
    assert 0 < first < whole


def test_a_pass_that_is_timed_compiled_says_the_same_tokens(monkeypatch):
    monkeypatch.setattr(bench_models, "SECONDS", 1.0)
    of = bench_players.player("bass", "debug", torch.device("cpu"))
    eager = bench_models.one_pass(of, "float32", EAGER)()
    fast = bench_models.one_pass(of, "float32", compiled(torch.device("cpu"), "eager"))()
    assert eager.dtype == torch.long and torch.equal(eager, fast)


def test_on_cuda_a_pass_is_timed_both_ways(monkeypatch):
    bench = bench_models.Bench("debug", torch.device("cuda"), 1, True)
    of = bench_players.player("bass", "debug", torch.device("cpu"))
    monkeypatch.setattr(passing, "compiled", lambda device: EAGER)
    assert [way for way, _ in bench_models.ways(of, "float32", bench)] == ["", ", compiled"]
