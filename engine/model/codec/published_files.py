"""Weights in the safetensors files of a Hugging Face folder, by published name.

A published weight norm is folded (Salimans & Kingma 2016): the weight is g v / |v|.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import EngineError

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
# How a weight norm is called, with its gain g and its direction v.
NORMED = (("_g", "_v"), (".original0", ".original1"))


class WeightFiles:
    """Reads only what is asked for (a MusicGen's gigabytes stay on the disk) and notes what is missing.

    EngineError: `not_found` without weight files, `file` for one that is truncated or no safetensors file.
    """

    def __init__(self, folder: Path, prefix: str) -> None:
        self.folder, self.prefix = folder, prefix
        self.missing: list[str] = []
        self.files: dict[str, Any] = {}  # name -> the open file that has it
        for path in weight_paths(folder):
            file = opened(path)
            self.files |= dict.fromkeys(file.keys(), file)

    def read(self, name: str) -> Tensor:
        """In 32 bits; one without elements where it is missing."""
        full = self.prefix + name
        if full not in self.files:
            self.missing.append(full)
            return torch.empty(0)
        tensor: Tensor = self.files[full].get_tensor(full)
        return tensor.float()

    def weight(self, name: str) -> Tensor:
        """A weight as it is, or folded from its weight norm: the norm is over all but the first axis."""
        for gain, direction in self.normed_names(name):
            if self.prefix + gain in self.files or self.prefix + direction in self.files:
                return self.folded(gain, direction)
        return self.read(name)

    def folded(self, gain: str, direction: str) -> Tensor:
        g, v = self.read(gain), self.read(direction)
        if not g.numel() or not v.numel():
            return v
        if v.dim() != 3 or g.shape != (v.shape[0], 1, 1):
            raise EngineError(
                "file", f"{self.folder}: {gain} {tuple(g.shape)} is no gain for {direction} {tuple(v.shape)}"
            )
        return v * (g / torch.linalg.vector_norm(v, dim=(1, 2), keepdim=True))

    @staticmethod
    def normed_names(name: str) -> list[tuple[str, str]]:
        if not name.endswith(".conv.weight"):
            return []
        modern = name.removesuffix("weight") + "parametrizations.weight"
        return [(base + g, base + v) for base, (g, v) in zip((name, modern), NORMED, strict=True)]

    def check_complete(self) -> None:
        """EngineError `file` naming what was asked for and is not there."""
        if self.missing:
            raise EngineError(
                "file",
                f"{self.folder}: its weights lack {', '.join(self.missing[:3])} "
                f"({len(self.missing)} in all); they are incomplete, or not of the model in config.json",
            )


def weight_paths(folder: Path) -> list[Path]:
    """The one file, or the parts that the index lists."""
    if (folder / SINGLE).is_file():
        return [folder / SINGLE]
    index = folder / INDEX
    if not index.is_file():
        raise EngineError(
            "not_found", f"{folder} has neither {SINGLE} nor {INDEX}; other formats are not read"
        )
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EngineError("file", f"{index}: no list of weight files ({error})") from error
    for name in names:
        if Path(name).name != name or not (folder / name).is_file():
            raise EngineError("not_found", f"{index} lists {name!r}, which is not in the folder")
    return [folder / name for name in names]


def opened(path: Path) -> Any:
    from safetensors import SafetensorError, safe_open

    try:
        return safe_open(path, "pt")
    except (SafetensorError, OSError, ValueError) as error:
        raise EngineError("file", f"{path}: truncated or no safetensors file ({error})") from error
