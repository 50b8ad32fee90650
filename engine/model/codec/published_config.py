"""What the config.json of a published EnCodec says, as a CodecConfig."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.model.codec.config import (
    LARGEST,
    LARGEST_RATIO,
    MOST,
    MOST_LAYERS,
    MOST_RATIOS,
    CodecConfig,
    are_ratios,
)
from engine.model.codec.seanet import SeanetConfig
from engine.model.codec.streaming import NORMS, PADDINGS

# What a configuration leaves out has the value of the published 24 kHz model.
PUBLISHED: Mapping[str, Any] = {
    "sampling_rate": 24_000,
    "audio_channels": 1,
    "target_bandwidths": [1.5, 3.0, 6.0, 12.0, 24.0],
    "codebook_size": 1024,
    "hidden_size": 128,
    "num_filters": 32,
    "num_residual_layers": 1,
    "upsampling_ratios": [8, 5, 4, 2],
    "kernel_size": 7,
    "last_kernel_size": 7,
    "residual_kernel_size": 3,
    "dilation_growth_rate": 2,
    "compress": 2,
    "num_lstm_layers": 2,
    "use_conv_shortcut": True,
    "use_causal_conv": True,
    "pad_mode": "reflect",
    "norm_type": "weight_norm",
    "normalize": False,
    "chunk_length_s": None,
    "trim_right_ratio": 1.0,
}
WORDS = {"pad_mode": PADDINGS, "norm_type": NORMS[1:]}
HIGHEST = {  # where it is not LARGEST
    "sampling_rate": MOST["sample_rate"],
    "num_residual_layers": MOST_LAYERS,
    "num_lstm_layers": MOST_LAYERS,
}


def read_config(folder: Path) -> tuple[Mapping[str, Any], str]:
    """The EnCodec part of config.json, its gaps filled, and what the names of its weights begin with."""
    path = folder / "config.json"
    if not folder.is_dir():
        kind = "is a file" if folder.exists() else "does not exist"
        raise EngineError(
            "not_found", f"{folder} {kind}; wanted is a folder with config.json and model.safetensors"
        )
    if not path.is_file():
        raise EngineError("not_found", f"{folder} has no config.json: it is no Hugging Face model folder")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError("file", f"{path}: no JSON ({error})") from error
    values, prefix = _encodec_part(path, values)
    return {**PUBLISHED, **values}, prefix


def _encodec_part(path: Path, values: Any) -> tuple[Mapping[str, Any], str]:
    inner = values.get("audio_encoder") if isinstance(values, dict) else None
    part, prefix = (values, "") if inner is None else (inner, "audio_encoder.")
    kind = part.get("model_type") if isinstance(part, dict) else None
    if kind != "encodec":
        raise EngineError(
            "file", f"{path}: describes the model type {kind!r}; allowed is encodec, alone or in a MusicGen"
        )
    return part, prefix


def codec_config(name: str, values: Mapping[str, Any]) -> CodecConfig:
    """Ours for a published configuration; EngineError `file`, `not_available`."""
    _check_supported(values)
    numbers = {key: _number(values, key) for key, usual in PUBLISHED.items() if type(usual) is int}
    ratios = values["upsampling_ratios"]
    if not are_ratios(ratios):
        raise EngineError(
            "file",
            f"config.json: upsampling_ratios is {ratios!r}; allowed are 1 to {MOST_RATIOS} numbers of 1 to "
            f"{LARGEST_RATIO}",
        )
    hop = math.prod(ratios)
    return CodecConfig(
        name=name,
        sample_rate=numbers["sampling_rate"],
        channels=numbers["audio_channels"],
        hop=hop,
        num_codebooks=num_codebooks(values, math.ceil(numbers["sampling_rate"] / hop)),
        codebook_size=numbers["codebook_size"],
        latent_width=numbers["hidden_size"],
        pair="seanet",
        settings=_seanet(values, numbers, tuple(ratios)),
    )


def num_codebooks(values: Mapping[str, Any], frame_rate: int) -> int:
    """As many as the greatest of the published kbit/s pays for."""
    rates = values["target_bandwidths"]
    bits = math.ceil(math.log2(values["codebook_size"])) if values["codebook_size"] > 1 else 1
    if not isinstance(rates, list) or not rates or not isinstance(rates[-1], int | float):
        raise EngineError("file", f"config.json: target_bandwidths is {rates!r}; it is a list of kbit/s")
    count = int(1000 * rates[-1] // (frame_rate * bits))
    most = MOST["num_codebooks"]
    if not 1 <= count <= most:
        raise EngineError(
            "file", f"config.json: {rates[-1]} kbit/s make {count} codebooks; allowed is 1 to {most}"
        )
    return count


def _seanet(values: Mapping[str, Any], numbers: Mapping[str, int], ratios: tuple[int, ...]) -> SeanetConfig:
    norm = values["norm_type"]
    if numbers["compress"] > numbers["num_filters"]:
        raise EngineError(
            "file",
            f"config.json: compress {numbers['compress']} exceeds num_filters {numbers['num_filters']}",
        )
    return SeanetConfig(
        ratios=ratios,
        filters=numbers["num_filters"],
        kernel=numbers["kernel_size"],
        last_kernel=numbers["last_kernel_size"],
        residual_kernel=numbers["residual_kernel_size"],
        residual_layers=numbers["num_residual_layers"],
        dilation_growth=numbers["dilation_growth_rate"],
        compress=numbers["compress"],
        lstm_layers=numbers["num_lstm_layers"],
        conv_shortcut=bool(values["use_conv_shortcut"]),
        causal=bool(values["use_causal_conv"]),
        padding=values["pad_mode"],
        norm="none" if norm == "weight_norm" else norm,
    )


def _check_supported(values: Mapping[str, Any]) -> None:
    for key, allowed in WORDS.items():
        if values[key] not in allowed:
            raise EngineError(
                "file", f"config.json: {key} is {values[key]!r}; allowed is {' or '.join(allowed)}"
            )
    if values["normalize"] or values["chunk_length_s"]:
        raise EngineError(
            "not_available",
            "this EnCodec (as the 48 kHz one) cuts the sound into pieces with a loudness each, which codes "
            "alone do not carry; the 24 kHz EnCodec and MusicGen's 32 kHz one can be used",
        )
    if values["trim_right_ratio"] != 1.0:
        raise EngineError(
            "not_available", f"config.json: trim_right_ratio is {values['trim_right_ratio']!r}; allowed is 1"
        )
    width = values["hidden_size"]
    if values.get("codebook_dim") not in (None, width):
        raise EngineError(
            "not_available",
            f"config.json: codebook_dim is {values['codebook_dim']!r}; allowed is hidden_size, {width!r}",
        )


def _number(values: Mapping[str, Any], key: str) -> int:
    value = values[key]
    lowest = 0 if key == "num_residual_layers" else 1
    highest = HIGHEST.get(key, LARGEST)
    if type(value) is not int or not lowest <= value <= highest:
        raise EngineError("file", f"config.json: {key} is {value!r}; allowed is {lowest} to {highest}")
    return value
