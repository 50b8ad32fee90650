"""Codecs in files, with the configuration in the file's own metadata (engine/model/weight_files.py)."""

from __future__ import annotations

import json
from pathlib import Path

from torch import Tensor

from engine.errors import EngineError, unknown
from engine.model.codec.codec import Codec, build_codec, outlined
from engine.model.codec.config import CodecConfig, named_configs
from engine.model.weight_files import (
    ABOUT,
    SUFFIX,
    bundled_folder,
    check_fit,
    described,
    pack,
    read_metadata,
    read_weights,
    told,
    unpack,
    write_weights,
)

__all__ = ["ABOUT", "KEY", "SUFFIX", "bundled", "bundled_names", "load_codec", "pack", "save_codec", "unpack"]

KEY = "resonantgen.codec"


def save_codec(codec: Codec, path: Path, packed: bool = False) -> None:
    """`packed`: in a quarter of the size, from which it sounds nearly the same. EngineError `disk`."""
    write_weights(codec, path, {KEY: codec.config.to_json(), ABOUT: json.dumps(codec.about)}, packed)


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
    path = bundled_folder() / f"{name}{SUFFIX}"
    if not path.is_file():
        raise unknown("codec", name, bundled_names())
    return path


def bundled_names() -> list[str]:
    """Codecs only: the weights of other models lie in the same folder."""
    names = []
    for path in sorted(bundled_folder().glob(f"*{SUFFIX}")):
        try:
            read_metadata(path, KEY, "codec")
        except EngineError:
            continue
        names.append(path.stem)
    return names


def read_codec(path: Path) -> tuple[Codec, dict[str, Tensor]]:
    """The codec that the file describes, untrained, and the weights, which fit it."""
    metadata, tensors = read_weights(path, KEY, "codec")
    config = described(path, metadata[KEY], CodecConfig.from_dict)
    # Before there is memory for what the file says it is. Its first outline costs a process two seconds of
    # torch's imports, which those need not that codecs.toml knows.
    if config not in named_configs().values():
        outline = described(path, metadata[KEY], lambda _: outlined(config))
        check_fit(path, outline, tensors, "codec")
    codec = build_codec(config)
    codec.about = described(path, metadata.get(ABOUT, "{}"), told)
    check_fit(path, codec, tensors, "codec")
    return codec, tensors
