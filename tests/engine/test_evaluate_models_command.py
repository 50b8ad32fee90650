"""`resonantgen evaluate models` on models that were never trained."""

import json

import pytest
import torch

from bridge.__main__ import main
from bridge.evaluate_models import report_names
from engine.errors import EngineError
from engine.evaluation.models import material
from engine.evaluation.models.goals import clears
from engine.model.codec.codec import build_codec
from engine.model.codec.config import config_named as codec_named
from engine.model.codec.weights import save_codec
from engine.model.track.config import config_named
from engine.model.track.track_model import TrackModel
from engine.model.track.weights import load_track_model, read_track_file, save_track_model

for name in ("librosa", "mir_eval", "matplotlib"):
    pytest.importorskip(name)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Weights of two roles and their codec beside them; songs of a second."""
    torch.manual_seed(0)
    codec = build_codec(codec_named("debug")).eval()
    save_codec(codec, tmp_path / "weights" / "debug.safetensors")
    for role in ("drums", "bass"):
        model = TrackModel(config_named(role, size="debug"), codec.config)
        save_track_model(model, tmp_path / "weights" / f"track_{role}.safetensors", codec=codec)
    short = {number: material.held_out(number, seconds=(1.0, 1.6)) for number in range(2)}
    monkeypatch.setattr(material, "songs", lambda count: (short[number] for number in range(count)))
    return tmp_path


def evaluate(folder, *more):
    weights = folder / "weights"
    asked = ["--weights", str(weights), "--codec", str(weights / "debug.safetensors"), "--quick"]
    return main(["evaluate", "models", *asked, "--scores", "2", *more])


def test_an_untrained_model_misses_and_its_card_says_so(folder, capsys):
    out, weights = folder / "out", folder / "weights" / "track_bass.safetensors"
    before = load_track_model(weights).state_dict()
    assert evaluate(folder, "--role", "bass", "--check", "--out", str(out), "--stamp") == 1
    written = capsys.readouterr()
    assert (out / "figures.jsonl").read_text() == written.out
    lines = [json.loads(line) for line in written.out.splitlines()]
    summed = {line["summary"]: line for line in lines if "summary" in line}
    assert {"onset.f1", "pitch.score", "duck.error", "context.shuffled", "style.follows"} <= set(summed)
    assert summed["mel"]["ceiling"] is not None and {line["role"] for line in lines} == {"bass"}
    verdict = lines[-1]
    assert verdict["clears"] is False and any("2 scores" in reason for reason in verdict["reasons"])
    assert "## track_bass: bass" in (out / "bass.md").read_text() and "Below the bar" in written.err
    assert (out / "bass.png").read_bytes().startswith(b"\x89PNG")

    card = read_track_file(weights).card
    assert card["scores"] == 2 and card["pitch.score"] == summed["pitch.score"]["value"]
    assert list(clears("bass", card)[1]) == verdict["reasons"]
    after = load_track_model(weights).state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)


def test_a_run_that_is_cut_off_leaves_the_figures_it_had(folder, monkeypatch, capsys):
    short = [material.held_out(number, seconds=(1.0, 1.6)) for number in range(2)]

    def songs(count):
        yield from short
        raise EngineError("disk", "the third is lost")

    monkeypatch.setattr(material, "songs", songs)
    out = folder / "out"
    assert evaluate(folder, "--role", "bass", "--out", str(out)) == 1
    assert "the third is lost" in capsys.readouterr().err
    lines = [json.loads(line) for line in (out / "figures.jsonl").read_text().splitlines()]
    assert len(lines) > 3 and {line["case"] for line in lines} == {"bass/0"}


def test_the_same_seed_gives_the_same_lines_of_every_role_in_a_folder(folder, capsys):
    assert evaluate(folder) == 0
    first = capsys.readouterr().out
    assert {json.loads(line)["role"] for line in first.splitlines()} == {"bass", "drums"}
    assert evaluate(folder) == 0
    assert capsys.readouterr().out == first


@pytest.mark.parametrize(("args", "said"), [
    (("--weights", "nowhere.safetensors"), "nowhere.safetensors"),
    (("--role", "drum"), "drums"),
    (("--scores", "1"), "2 or more"),
])  # fmt: skip
def test_what_cannot_be_measured_is_refused_with_what_can(args, said, capsys):
    assert main(["evaluate", "models", "--quick", *args]) == 1
    assert said in capsys.readouterr().err


def test_several_models_of_a_role_are_told_apart_in_a_report(tmp_path):
    codec = build_codec(codec_named("debug"))
    paths = {"drums": "drums", "track_bass": "bass", "other_bass": "bass"}
    for name, role in paths.items():
        model = TrackModel(config_named(role, "debug"), codec.config)
        save_track_model(model, tmp_path / f"{name}.safetensors")
    named = report_names([tmp_path / f"{name}.safetensors" for name in paths])
    assert list(named.values()) == ["drums", "track_bass", "other_bass"]


def test_a_role_of_somebodys_own_is_refused_with_those_that_can_be_measured(tmp_path, capsys):
    codec = build_codec(codec_named("debug"))
    model = TrackModel(config_named("kazoo", "debug", "pitched"), codec.config)
    save_track_model(model, tmp_path / "track_kazoo.safetensors")
    assert main(["evaluate", "models", "--quick", "--weights", str(tmp_path)]) == 1
    assert "'kazoo'; roles that can be measured: drums, bass, harmony, melody" in capsys.readouterr().err


def test_a_folder_without_models_of_the_role_says_how_to_name_one(folder, capsys):
    assert evaluate(folder, "--role", "melody") == 1
    assert "--weights" in capsys.readouterr().err
