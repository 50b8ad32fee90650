"""Published EnCodec folders: what is whole loads; what is broken, foreign or incomplete is told."""

import json

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import EngineError
from engine.model.codec.published import load_published
from tests.engine.published_folders import (
    change_config,
    split_in_two,
    tensors_of,
    write_config,
    write_folder,
)


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "encodec")


def some_of_each_kind(tensors):
    """The first name of every ending: gains, directions, biases, memories, codebooks."""
    return {name.rsplit(".", 1)[-1]: name for name in sorted(tensors, reverse=True)}.values()


def refusal(folder):
    with pytest.raises(EngineError) as refused:
        load_published(folder)
    return refused.value


def test_a_whole_folder_is_a_codec(folder):
    codec = load_published(folder)
    codes = codec.encode(torch.randn(1, 1, 3200), 2)
    assert codes.shape == (1, 2, 10)
    assert codec.decode(codes).shape == (1, 1, 3200)
    assert codec.config.sample_rate == 24_000


def test_weights_in_parts_are_the_same_weights(folder):
    latents = torch.randn(1, 16, 5)
    whole = load_published(folder).decoder(latents)
    split_in_two(folder)
    assert torch.equal(load_published(folder).decoder(latents), whole)


def test_half_precision_files_are_computed_in_full(folder):
    tensors = {name: tensor.half() for name, tensor in tensors_of(folder).items()}
    save_file(tensors, folder / "model.safetensors")
    assert load_published(folder).decode(torch.zeros(1, 8, 4, dtype=torch.long)).dtype == torch.float32


def test_stereo_for_a_mono_codec_is_refused(folder):
    with pytest.raises(EngineError, match=r"takes \[B, 1, N\]"):
        load_published(folder).encode(torch.zeros(1, 2, 320))


def test_audio_of_no_samples_is_refused(folder):
    with pytest.raises(EngineError) as refused:
        load_published(folder).encode(torch.zeros(1, 1, 0))
    assert refused.value.code == "empty"


def test_a_missing_folder_is_not_found(tmp_path):
    error = refusal(tmp_path / "nowhere")
    assert error.code == "not_found" and "nowhere does not exist" in error.text


def test_a_file_in_place_of_a_folder_is_told(folder):
    error = refusal(folder / "model.safetensors")
    assert "is a file" in error.text and "config.json" in error.text


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    error = refusal(folder)
    assert error.code == "not_found" and name in error.text


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_file_is_refused(folder, share):
    path = folder / "model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    error = refusal(folder)
    assert error.code == "file" and "truncated" in error.text and "model.safetensors" in error.text


def test_text_in_place_of_weights_is_refused(folder):
    (folder / "model.safetensors").write_text("version https://example.org/large-file\n" * 20)
    error = refusal(folder)
    assert error.code == "file" and "no safetensors file" in error.text


def test_foreign_weights_are_refused_naming_what_is_missing(folder):
    save_file({"bert.embeddings.weight": torch.zeros(3, 3)}, folder / "model.safetensors")
    error = refusal(folder)
    assert error.code == "file" and "encoder.layers.0.conv" in error.text


def test_a_missing_weight_is_named(folder):
    tensors = tensors_of(folder)
    for name in some_of_each_kind(tensors):
        save_file({other: tensors[other] for other in tensors if other != name}, folder / "model.safetensors")
        error = refusal(folder)
        assert error.code == "file" and name in error.text, name


def test_a_weight_of_another_shape_is_refused(folder):
    tensors = tensors_of(folder)
    for name in some_of_each_kind(tensors):
        wider = torch.cat([tensors[name], tensors[name][:1]])
        save_file(tensors | {name: wider}, folder / "model.safetensors")
        error = refusal(folder)
        assert error.code == "file" and "(" in error.text, name


def test_a_missing_part_is_named(folder):
    split_in_two(folder)
    (folder / "model-00002-of-00002.safetensors").unlink()
    error = refusal(folder)
    assert error.code == "not_found" and "model-00002-of-00002.safetensors" in error.text


def test_an_index_cannot_reach_outside_its_folder(folder, tmp_path):
    (folder / "model.safetensors").rename(tmp_path / "other.safetensors")
    index = {"weight_map": {"encoder.layers.0.conv.bias": "../other.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "not in the folder" in refusal(folder).text


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '"encodec"', '{"audio_encoder": 3}'])
def test_a_config_that_says_nothing_is_refused(folder, text):
    (folder / "config.json").write_text(text)
    assert refusal(folder).code == "file"


def test_another_kind_of_model_is_refused_by_its_name(folder):
    write_config(folder, {"model_type": "bert"})
    error = refusal(folder)
    assert error.code == "file" and "'bert'" in error.text and "encodec" in error.text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_filters", 0),
        ("num_filters", "32"),
        ("num_filters", 10**12),
        ("compress", 5),
        ("sampling_rate", -1),
        ("codebook_size", 1.5),
        ("num_lstm_layers", None),
        ("upsampling_ratios", []),
        ("upsampling_ratios", [2] * 40),
        ("upsampling_ratios", "8542"),
        ("num_residual_layers", 65),
        ("target_bandwidths", []),
        ("target_bandwidths", [0.1]),
        ("target_bandwidths", ["much"]),
        ("pad_mode", "replicate"),
        ("norm_type", ["weight_norm"]),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_key(folder, key, value):
    change_config(folder, **{key: value})
    error = refusal(folder)
    assert error.code == "file"
    assert key in error.text or "kbit/s" in error.text


def test_sizes_whose_product_no_codec_has_are_refused(folder):
    """Each is allowed by itself."""
    change_config(folder, num_filters=65_536, residual_kernel_size=65_536)
    error = refusal(folder)
    assert error.code == "file" and "allowed are" in error.text


@pytest.mark.parametrize(
    "values", [{"normalize": True}, {"chunk_length_s": 1.0}, {"trim_right_ratio": 0.5}, {"codebook_dim": 3}]
)
def test_what_is_not_done_here_is_not_available(folder, values):
    change_config(folder, **values)
    assert refusal(folder).code == "not_available"
