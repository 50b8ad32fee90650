"""Track models and codecs whose weights are averaged, by the command that does it."""

import dataclasses

import pytest
import torch

from bridge.__main__ import main
from engine.errors import EngineError
from engine.model.codec.weights import load_codec, save_codec
from engine.model.track.config import config_named
from engine.model.track.track_model import TrackModel
from engine.model.track.weights import load_track_model, read_track_file, save_track_model
from engine.training.codec.averaging import average_codecs
from engine.training.track.averaging import average_track_models
from tests.engine.track_models import debug_codec, debug_model


@pytest.fixture
def files(tmp_path):
    codec = debug_codec()
    for name, add in (("long", 0.0), ("last", 1.0)):
        model = debug_model(codec, "bass").requires_grad_(False)
        for weight in model.parameters():
            weight.add_(add)
        save_track_model(model, tmp_path / f"{name}.safetensors", about={"steps": name}, codec=codec)
    return [tmp_path / "long.safetensors", tmp_path / "last.safetensors"]


def test_every_weight_lies_between_by_its_share(files, tmp_path, capsys):
    out = tmp_path / "track_bass.safetensors"
    assert main(["train", "average", *map(str, files), "--shares", "0.25", "0.75", "--out", str(out)]) == 0
    assert f"--weights {out}" in capsys.readouterr().out
    first, made = load_track_model(files[0]).state_dict(), load_track_model(out).state_dict()
    learnt = dict(load_track_model(files[0]).named_parameters())
    for name in learnt:
        assert torch.allclose(made[name], first[name] + 0.75, atol=0.02), name
    file = read_track_file(out)
    assert file.codec_digest == read_track_file(files[0]).codec_digest and not file.card
    assert "0.25 of" in file.about["averaged"] and "(last)" in file.about["averaged"]


@pytest.mark.parametrize("shares", [[0.5], [0.5, 0.6], [-0.5, 1.5], [0.2, 0.3, 0.5], [float("nan"), 0.5]])
def test_shares_that_do_not_fit_are_refused_with_those_that_would(files, tmp_path, shares):
    with pytest.raises(EngineError, match=r"add up to 1|each with one") as error:
        average_track_models(files, shares, tmp_path / "out.safetensors")
    assert error.value.code == "range" and not (tmp_path / "out.safetensors").exists()


def test_models_that_mean_something_else_are_not_mixed(files, tmp_path):
    codec = debug_codec()
    wider = dataclasses.replace(config_named("bass", "debug"), width=64)
    save_track_model(TrackModel(wider, codec.config), tmp_path / "wider.safetensors", codec=codec)
    save_track_model(debug_model(codec, "bass"), tmp_path / "foreign.safetensors", digest="another")
    for name, said in (("wider", "shape"), ("foreign", "codec")):
        with pytest.raises(EngineError, match=said):
            average_track_models([files[0], tmp_path / f"{name}.safetensors"], [0.5, 0.5], tmp_path / "o")


def test_one_file_is_no_average_and_another_kind_of_file_is_not_written(files, tmp_path, capsys):
    assert main(["train", "average", str(files[0]), "--out", str(tmp_path / "o.safetensors")]) == 1
    assert main(["train", "average", *map(str, files), "--out", str(tmp_path / "o.pt")]) == 1
    said = capsys.readouterr().err
    assert "two files or more" in said and "*.safetensors" in said


# --- codecs -----------------------------------------------------------------------------------------


@pytest.fixture
def codecs(tmp_path):
    """Two whose decoders have gone on by themselves, and one whose encoder has."""
    codec = debug_codec().requires_grad_(False)
    for name, part in (("one", codec.decoder), ("other", codec.decoder), ("foreign", codec.encoder)):
        for weight in part.parameters():
            weight.add_(1.0)
        codec.about = {"steps": f"{name} steps"}
        save_codec(codec, tmp_path / f"{name}.safetensors")
    return {name: tmp_path / f"{name}.safetensors" for name in ("one", "other", "foreign")}


def test_decoders_of_one_encoder_are_averaged_and_their_tokens_stay(codecs, tmp_path, capsys):
    out = tmp_path / "both.safetensors"
    asked = [str(codecs["one"]), str(codecs["other"]), "--shares", "0.25", "0.75"]
    assert main(["train", "average", *asked, "--out", str(out)]) == 0
    assert f"evaluate codec --codec {out}" in capsys.readouterr().out
    first, made = load_codec(codecs["one"]), load_codec(out)
    assert torch.allclose(made.decoder.gain.bias, first.decoder.gain.bias + 0.75, atol=0.02)
    audio = torch.randn(1, 2, made.config.hop * 8, generator=torch.Generator().manual_seed(1))
    assert torch.equal(made.encode(audio), first.encode(audio))
    assert "0.25 of" in made.about["averaged"] and "(other steps)" in made.about["averaged"]


def test_codecs_of_other_tokens_and_track_models_are_not_mixed_with_a_codec(codecs, files, tmp_path, capsys):
    with pytest.raises(EngineError, match="only decoders are averaged"):
        average_codecs([codecs["one"], codecs["foreign"]], [0.5, 0.5], tmp_path / "o.safetensors")
    mixed = [str(codecs["one"]), str(files[0])]
    assert main(["train", "average", *mixed, "--out", str(tmp_path / "o.safetensors")]) == 1
    assert not (tmp_path / "o.safetensors").exists() and files[0].name in capsys.readouterr().err
    # A bundled codec has another shape than these.
    assert (
        main(["train", "average", str(codecs["one"]), "drums", "--out", str(tmp_path / "o.safetensors")]) == 1
    )
    assert "not of the shape" in capsys.readouterr().err
