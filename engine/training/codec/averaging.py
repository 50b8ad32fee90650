"""One codec from several whose decoders went on learning, each for a role or from other material."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from engine.errors import EngineError
from engine.model.codec.codec import Codec
from engine.model.codec.weights import load_codec, save_codec
from engine.training.averaging import become_mean, check_shares, told_of

DECODER = "decoder."


def average_codecs(files: Sequence[Path], shares: Sequence[float], out: Path) -> None:
    """Writes to `out` a codec whose decoder is the sum of the files' by `shares`, which add up to 1.

    EngineError: `range` for shares that do not fit, `file` for codecs of other shapes, encoders or
    codebooks, and those of loading and saving.
    """
    check_shares(files, shares)
    codecs = [load_codec(path) for path in files]
    for path, codec in zip(files[1:], codecs[1:], strict=True):
        check_alike(files[0], codecs[0], path, codec)
    steps = [codec.about.get("steps", "") for codec in codecs]
    said = [told_of(*each) for each in zip(files, shares, steps, strict=True)]
    made = load_codec(files[0])
    become_mean(made, [codec.state_dict() for codec in codecs], shares)
    made.about = {"averaged": ", ".join(said)}
    save_codec(made, out, packed=True)


def check_alike(path: Path, one: Codec, other_path: Path, other: Codec) -> None:
    """EngineError `file` where the same tokens mean another thing to either: a mean would mean nothing."""
    if one.config != other.config:
        raise EngineError("file", f"{other_path} is not of the shape of {path}: nothing to average")
    theirs = other.state_dict()
    for name, value in one.state_dict().items():
        if not name.startswith(DECODER) and not torch.equal(value, theirs[name]):
            raise EngineError(
                "file",
                f"{other_path} has another encoder or codebooks than {path}; only decoders are averaged, "
                "trained with frozen_encoder=true frozen_codebooks=true",
            )
