"""Files of weights: safetensors with a description in the file's own metadata, packed to a quarter or whole.

A file is refused where it is cut short, is no safetensors file, comes from something else, or does not fit
what it describes; nothing in it is ever executed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError

if TYPE_CHECKING:
    from torch import Tensor, nn

Config = TypeVar("Config")
SUFFIX = ".safetensors"
ABOUT = "resonantgen.about"
SCALE = "::scale"  # of the rows of the int8 tensor of that name
SMALLEST_PACKED = 4096  # values: below it there is nothing to be saved


def bundled_folder() -> Path:
    """Where the weights lie that come with the engine."""
    return Path(str(resources.files("engine.model"))) / "weights"


def write_weights(model: nn.Module, path: Path, metadata: Mapping[str, str], packed: bool = False) -> None:
    """Under a temporary name first: a file of that name is always whole. EngineError `disk`.

    `packed`: matrices as 8-bit rows with a scale each, the rest in 16 bit: a quarter of the size.
    """
    tensors: dict[str, Tensor] = {}
    for name, value in model.state_dict().items():
        value = value.detach().cpu().float().contiguous()
        tensors |= pack(name, value) if packed else {name: value}
    _write(path, tensors, metadata)


def rewrite_metadata(path: Path, metadata: Mapping[str, str]) -> None:
    """The same tensors, as they are stored, with other metadata. EngineError `disk`."""
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        names = file.keys()
        tensors = {name: file.get_tensor(name) for name in names}
    _write(path, tensors, metadata)


def _write(path: Path, tensors: dict[str, Tensor], metadata: Mapping[str, str]) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    temporary = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, temporary, dict(metadata))
        temporary.replace(path)
    except (OSError, SafetensorError) as error:
        raise EngineError("disk", f"{path}: could not be written ({error})") from error


def read_metadata(path: Path, key: str, kind: str) -> dict[str, str]:
    """What the file says of itself, its tensors left on the disk.

    EngineError: `not_found` path, `file` for one that is truncated or has no `key`: no `kind` of ours.
    """
    return _read(path, key, kind, tensors=False)[0]


def read_weights(path: Path, key: str, kind: str) -> tuple[dict[str, str], dict[str, Tensor]]:
    """`read_metadata` and the tensors, in 32 bit whichever way they were stored."""
    metadata, stored = _read(path, key, kind, tensors=True)
    return metadata, unpack(stored)


def read_array(path: Path, name: str, kind: str) -> NDArray[np.floating]:
    """One tensor of a `kind` file as it is stored, without torch. EngineError `not_found`, `file`."""
    with _opened(path, kind, "np") as file:
        names = file.keys()
        if name not in names:
            raise EngineError("file", f"{path}: a {kind} without {name}")
        return np.asarray(file.get_tensor(name))


@contextmanager
def _opened(path: Path, kind: str, framework: str) -> Iterator[Any]:
    """EngineError `not_found` path, `file` where it, or what is read of it, is truncated."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise EngineError("not_found", f"there is no {kind} file {path}")
    try:
        with safe_open(path, framework) as file:
            yield file
    except (SafetensorError, OSError, ValueError) as error:
        raise EngineError("file", f"{path}: truncated or no safetensors file ({error})") from error


def _read(path: Path, key: str, kind: str, tensors: bool) -> tuple[dict[str, str], dict[str, Tensor]]:
    with _opened(path, kind, "pt" if tensors else "np") as file:
        metadata = file.metadata() or {}
        names = file.keys() if tensors else ()
        stored = {name: file.get_tensor(name) for name in names}
    if key not in metadata:
        raise EngineError("file", f"{path}: a safetensors file, but of no ResonantGen {kind}")
    return metadata, stored


def described(path: Path, text: str, read: Callable[[Mapping[str, Any]], Config]) -> Config:
    """A description of the metadata; EngineError `file` where its text is of another kind, or says what
    this version does not know."""
    try:
        return read(json.loads(text))
    except EngineError as error:
        raise EngineError("file", f"{path}: its configuration cannot be read ({error.text})") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise EngineError("file", f"{path}: its configuration cannot be read ({error})") from error


def told(values: Mapping[str, Any]) -> dict[str, str]:
    """How it was trained: texts by name."""
    return {str(key): str(value) for key, value in dict(values).items()}


def check_fit(path: Path, model: nn.Module, tensors: Mapping[str, Tensor], kind: str) -> None:
    """EngineError `file` naming the weights that lack, that nobody wants or whose shape is another."""
    wanted = {name: value.shape for name, value in model.state_dict().items()}
    missing = sorted(wanted.keys() - tensors.keys())
    extra = sorted(tensors.keys() - wanted.keys())
    wrong = sorted(name for name in wanted.keys() & tensors.keys() if wanted[name] != tensors[name].shape)
    for what, names in (
        ("lacks", missing),
        (f"has what the {kind} has not:", extra),
        ("has wrong shapes:", wrong),
    ):
        if names:
            raise EngineError("file", f"{path}: {what} {', '.join(names[:3])} ({len(names)} in all)")


def pack(name: str, value: Tensor) -> dict[str, Tensor]:
    """A matrix [rows, columns] as int8 and its scales [rows, 1]; smaller things and codebooks in 16 bit.

    A codebook is a table of points, not a matrix that is summed over: its errors would not even out.
    """
    if value.dim() != 2 or value.numel() < SMALLEST_PACKED:
        return {name: value.half()}
    rows, scale = int8_rows(value)
    return {name: rows, name + SCALE: scale.half()}


def unpack(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """All of them in 32 bit, whichever way they were stored."""
    tensors = {}
    for name, value in stored.items():
        if not name.endswith(SCALE):
            scale = stored.get(name + SCALE)
            tensors[name] = value.float() if scale is None else value.float() * scale.float()
    return tensors


def int8_rows(value: Tensor) -> tuple[Tensor, Tensor]:
    """[rows, columns] -> int8 of -127 .. 127 and what they are multiples of [rows, 1]: half a step off."""
    import torch

    scale = value.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127.0
    return (value / scale).round().to(torch.int8), scale
