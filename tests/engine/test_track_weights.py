"""Track models in files: what is written is read; what is cut short, foreign or does not fit is refused."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import EngineError
from engine.model.codec.weights import load_codec, save_codec
from engine.model.track.weights import (
    CODEC,
    KEY,
    codec_digest,
    load_track_model,
    read_track_file,
    save_track_model,
    track_path,
    write_card,
)
from tests.engine.track_parts import debug_codec, debug_model


@pytest.fixture(scope="module")
def codec():
    return debug_codec()


@pytest.fixture(scope="module")
def model(codec):
    return debug_model(codec)


@pytest.fixture
def file(model, codec, tmp_path):
    path = tmp_path / "track_drums.safetensors"
    save_track_model(model, path, card={"onset.f1": 0.96}, about={"steps": 8}, codec=codec)
    return path


def said(model, codec):
    """The latents of one pass over scores that are always the same."""
    torch.manual_seed(9)
    scores = torch.rand(1, 12, model.frames.scores.in_features)
    return model.take_codebooks(codec.quantizer)(scores).latents


def test_what_is_written_is_read(model, codec, file):
    read = load_track_model(file)
    assert read.config == model.config and not read.training
    assert torch.equal(said(read, codec), said(model, codec))
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_quarter_of_the_bits_says_nearly_the_same(model, codec, file, tmp_path):
    path = tmp_path / "packed.safetensors"
    save_track_model(model, path, packed=True)
    wanted = said(model, codec)
    assert (said(load_track_model(path), codec) - wanted).norm() < 0.05 * wanted.norm()
    assert path.stat().st_size < 0.8 * file.stat().st_size  # a debug model has few large matrices


def test_a_file_tells_its_card_without_its_tensors(file):
    told = read_track_file(file)
    assert (told.config.role, told.codec.name, told.card, told.about) == (
        "drums", "debug", {"onset.f1": 0.96}, {"steps": "8"},
    )  # fmt: skip


def test_a_card_is_told_without_torch(file):
    code = (
        "import sys; from pathlib import Path; from engine.model.track.weights import read_track_file;"
        f"print(read_track_file(Path({str(file)!r})).card, 'torch' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "{'onset.f1': 0.96} False"


def test_a_card_is_written_anew_and_the_weights_stay(model, codec, file):
    write_card(file, {"onset.f1": 0.5})
    assert read_track_file(file).card == {"onset.f1": 0.5}
    assert torch.equal(said(load_track_model(file), codec), said(model, codec))


def test_a_model_knows_its_codec(codec, file, tmp_path):
    told = read_track_file(file)
    told.check_codec(codec)
    for packed in (False, True):
        save_codec(codec, tmp_path / "codec.safetensors", packed)
        told.check_codec(load_codec(tmp_path / "codec.safetensors"))
        told.check_codec_file(tmp_path / "codec.safetensors")
    other = debug_codec(seed=8)
    assert codec_digest(other) != codec_digest(codec)
    with pytest.raises(EngineError, match="another codec 'debug'") as caught:
        told.check_codec(other)
    assert caught.value.code == "file"


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_a_truncated_file_is_refused(file, share):
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    for read in (load_track_model, read_track_file):
        with pytest.raises(EngineError, match="truncated or no safetensors file"):
            read(file)


def test_a_codec_is_no_track_model(codec, tmp_path):
    save_codec(codec, tmp_path / "codec.safetensors")
    with pytest.raises(EngineError, match="of no ResonantGen track model"):
        load_track_model(tmp_path / "codec.safetensors")


def test_weights_that_do_not_fit_are_refused(model, codec, tmp_path):
    tensors = {name: value.clone() for name, value in model.state_dict().items()}
    del tensors["style.nothing"]
    path = tmp_path / "odd.safetensors"
    save_file(tensors, path, {KEY: model.config.to_json(), CODEC: codec.config.to_json()})
    with pytest.raises(EngineError, match=r"lacks style\.nothing"):
        load_track_model(path)


@pytest.mark.parametrize(
    ("key", "text"),
    [(KEY, "{"), (KEY, "[]"), (CODEC, ""), ("resonantgen.track.card", '{"onset.f1": "high"}')],
)
def test_a_description_that_cannot_be_read_is_refused(model, codec, tmp_path, key, text):
    path = tmp_path / "odd.safetensors"
    metadata = {KEY: model.config.to_json(), CODEC: codec.config.to_json()} | {key: text}
    save_file(dict(model.state_dict()), path, metadata)
    with pytest.raises(EngineError, match="configuration"):
        load_track_model(path)


def test_a_configuration_with_another_key_names_the_nearest(model, codec, tmp_path):
    path = tmp_path / "odd.safetensors"
    text = json.dumps(json.loads(model.config.to_json()) | {"heds": 2})
    save_file(dict(model.state_dict()), path, {KEY: text, CODEC: codec.config.to_json()})
    with pytest.raises(EngineError, match="heads"):
        load_track_model(path)


def test_roles_are_found_in_a_folder(file):
    assert track_path("drums", file.parent) == file
    with pytest.raises(EngineError, match="drums") as caught:
        track_path("drumms", file.parent)
    assert caught.value.code == "unknown"
    with pytest.raises(EngineError, match="there is no track model file"):
        load_track_model(file.parent / "none.safetensors")
