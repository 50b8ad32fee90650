"""Codecs in files: safetensors, with the configuration in the file's own metadata.

A file is refused where it is cut short, is no safetensors file, comes from something else, or does not fit
the configuration it names; nothing in it is ever executed.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import torch
from torch import Tensor

from engine.errors import EngineError, unknown
from engine.model.codec.codec import Codec, build_codec
from engine.model.codec.config import CodecConfig

KEY, ABOUT = "resonantgen.codec", "resonantgen.about"
SUFFIX = ".safetensors"
SCALE = "::scale"  # of the rows of the int8 tensor of that name
SMALLEST_PACKED = 4096  # values: below it there is nothing to be saved


def save_codec(codec: Codec, path: Path, packed: bool = False) -> None:
    """Under a temporary name first: a file of that name is always whole. EngineError `disk`.

    `packed`: matrices as 8-bit rows with a scale each, the rest in 16 bit: a quarter of the size.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    tensors: dict[str, Tensor] = {}
    for name, value in codec.state_dict().items():
        value = value.detach().cpu().float().contiguous()
        tensors |= pack(name, value) if packed else {name: value}
    temporary = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, temporary, {KEY: codec.config.to_json(), ABOUT: json.dumps(codec.about)})
        temporary.replace(path)
    except (OSError, SafetensorError) as error:
        raise EngineError("disk", f"{path}: could not be written ({error})") from error


def load_codec(name_or_path: str | Path) -> Codec:
    """A bundled codec by name, or a file, ready to use on the CPU.

    EngineError: `unknown` name, `not_found` path, `file` for one that is truncated, foreign or incomplete.
    """
    path = Path(name_or_path)
    if path.suffix != SUFFIX and path.name == str(name_or_path):
        path = bundled(path.name)
    codec, tensors = read_codec(path)
    codec.load_state_dict(tensors)
    return codec.eval().requires_grad_(False)


def bundled(name: str) -> Path:
    """The file of a bundled codec."""
    folder = Path(str(resources.files("engine.model"))) / "weights"
    path = folder / f"{name}{SUFFIX}"
    if not path.is_file():
        raise unknown("codec", name, sorted(found.stem for found in folder.glob(f"*{SUFFIX}")))
    return path


def read_codec(path: Path) -> tuple[Codec, dict[str, Tensor]]:
    """The codec that the file describes, untrained, and the weights, which fit it."""
    config, about, stored = read_tensors(path)
    codec, tensors = build_codec(config), unpack(stored)
    codec.about = about
    wanted = {name: value.shape for name, value in codec.state_dict().items()}
    missing = sorted(wanted.keys() - tensors.keys())
    extra = sorted(tensors.keys() - wanted.keys())
    wrong = sorted(name for name in wanted.keys() & tensors.keys() if wanted[name] != tensors[name].shape)
    for what, names in (
        ("lacks", missing),
        ("has what the codec has not:", extra),
        ("has wrong shapes:", wrong),
    ):
        if names:
            raise EngineError("file", f"{path}: {what} {', '.join(names[:3])} ({len(names)} in all)")
    return codec, tensors


def pack(name: str, value: Tensor) -> dict[str, Tensor]:
    """A matrix [rows, columns] as int8 and its scales [rows, 1]; smaller things and codebooks in 16 bit.

    A codebook is a table of points, not a matrix that is summed over: its errors would not even out.
    """
    if value.dim() != 2 or value.numel() < SMALLEST_PACKED:
        return {name: value.half()}
    scale = value.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127.0
    return {name: (value / scale).round().to(torch.int8), name + SCALE: scale.half()}


def unpack(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """All of them in 32 bit, whichever way they were stored."""
    tensors = {}
    for name, value in stored.items():
        if not name.endswith(SCALE):
            scale = stored.get(name + SCALE)
            tensors[name] = value.float() if scale is None else value.float() * scale.float()
    return tensors


def read_tensors(path: Path) -> tuple[CodecConfig, dict[str, str], dict[str, Tensor]]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise EngineError("not_found", f"there is no codec file {path}")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise EngineError("file", f"{path}: truncated or no safetensors file ({error})") from error
    if KEY not in metadata:
        raise EngineError("file", f"{path}: a safetensors file, but of no ResonantGen codec")
    try:
        config = CodecConfig.from_dict(json.loads(metadata[KEY]))
        about = dict(json.loads(metadata.get(ABOUT, "{}")))
    except (ValueError, TypeError, AttributeError) as error:
        raise EngineError("file", f"{path}: its configuration cannot be read ({error})") from error
    return config, {str(key): str(value) for key, value in about.items()}, tensors
