"""EnCodec folders as Hugging Face lays them out: small, of the published structure, with random weights."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.model.codec.codec import build_codec
from engine.model.codec.config import CodecConfig
from engine.model.codec.seanet import SeanetConfig

# The 24 kHz EnCodec and MusicGen's 32 kHz one, but for their widths (32 and 64 filters).
SMALL_24_KHZ = {"num_filters": 4, "hidden_size": 16, "target_bandwidths": [1.5, 6.0]}
SMALL_32_KHZ = {
    "sampling_rate": 32_000,
    "num_filters": 4,
    "hidden_size": 16,
    "upsampling_ratios": [8, 5, 4, 4],
    "use_causal_conv": False,
    "use_conv_shortcut": False,
    "codebook_size": 2048,
    "target_bandwidths": [2.2],
}


def write_folder(folder: Path) -> Path:
    """A small 24 kHz EnCodec."""
    settings = SeanetConfig(ratios=(8, 5, 4, 2), filters=4, padding="reflect")
    config = CodecConfig("small", 24_000, 1, 320, 8, 1024, 16, "seanet", settings=settings)
    torch.manual_seed(0)
    tensors = build_codec(config).state_dict()
    codebooks = tensors.pop("quantizer.codebooks")
    for k, codebook in enumerate(codebooks):
        tensors[f"quantizer.layers.{k}.codebook.embed"] = codebook.clone()
    folder.mkdir(parents=True)
    save_file(tensors, folder / "model.safetensors")
    write_config(folder, {"model_type": "encodec"} | SMALL_24_KHZ)
    return folder


def write_config(folder: Path, values: object) -> None:
    (folder / "config.json").write_text(json.dumps(values))


def change_config(folder: Path, **values: object) -> None:
    write_config(folder, json.loads((folder / "config.json").read_text()) | values)


def tensors_of(folder: Path) -> dict[str, Tensor]:
    return load_file(folder / "model.safetensors")


def split_in_two(folder: Path) -> None:
    """As large models are stored: parts, and an index of them."""
    tensors = tensors_of(folder)
    names = sorted(tensors)
    parts = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for part, of_it in parts.items():
        save_file({name: tensors[name] for name in of_it}, folder / part)
    index = {"weight_map": {name: part for part, of_it in parts.items() for name in of_it}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "model.safetensors").unlink()


def name_as_before_2024(folder: Path) -> None:
    """weight_g and weight_v, as the published files still say."""
    old = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    renamed = {}
    for name, tensor in tensors_of(folder).items():
        for new, before in old.items():
            name = name.replace(new, before)
        renamed[name] = tensor
    save_file(renamed, folder / "model.safetensors")
