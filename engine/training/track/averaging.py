"""One model from several stages of a training, or several trainings from one beginning: their mean weights.

What was learnt long and what was learnt last are often better together than either. Source: Izmailov et al.
2018 (stochastic weight averaging), Wortsman et al. 2022 (model soups).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from engine.errors import EngineError
from engine.model.track.weights import TrackFile, load_track_model, read_track_file, save_track_model


def average_track_models(files: Sequence[Path], shares: Sequence[float], out: Path) -> None:
    """Writes to `out` a model each of whose weights is the sum of the files' by `shares`, which add up to 1.

    It carries no card: it has not been measured. EngineError: `range` for shares that do not fit, `file` for
    models of other shapes, codecs or windows, and those of loading and saving.
    """
    check_shares(files, shares)
    told = [read_track_file(path) for path in files]
    for one in told[1:]:
        check_alike(told[0], one)
    model = load_track_model(files[0])
    weights = [load_track_model(path).state_dict() for path in files]
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            value.copy_(
                torch.stack([w[name] * share for w, share in zip(weights, shares, strict=True)]).sum(0)
            )
    about = {"averaged": ", ".join(_said(*each) for each in zip(told, shares, strict=True))}
    save_track_model(model, out, packed=True, about=about, digest=told[0].codec_digest)


def check_shares(files: Sequence[Path], shares: Sequence[float]) -> None:
    if len(files) < 2 or len(shares) != len(files):
        raise EngineError(
            "range",
            f"{len(files)} files and {len(shares)} shares; there are two files or more, each with one",
        )
    if min(shares) < 0.0 or abs(sum(shares) - 1.0) > 1e-6:
        raise EngineError(
            "range", f"shares {', '.join(f'{s:g}' for s in shares)}; each is 0..1, and they add up to 1"
        )


def check_alike(one: TrackFile, other: TrackFile) -> None:
    """EngineError `file` where their weights do not mean the same."""
    if (one.config, one.codec) != (other.config, other.codec):
        raise EngineError("file", f"{other.path} is not of the same shape as {one.path}: nothing to average")
    if one.codec_digest != other.codec_digest:
        raise EngineError(
            "file", f"{other.path} writes for another codec {other.codec.name!r} than {one.path}"
        )


def _said(file: TrackFile, share: float) -> str:
    steps = file.about.get("steps", "")
    return f"{share:g} of {file.path.parent.name}/{file.path.name}" + (f" ({steps})" if steps else "")
