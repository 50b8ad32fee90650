"""One track model from several stages of a training, or several trainings from one beginning."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.errors import EngineError
from engine.model.track.weights import TrackFile, load_track_model, read_track_file, save_track_model
from engine.training.averaging import become_mean, check_shares, told_of


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
    become_mean(model, weights, shares)
    said = [told_of(f.path, share, f.about.get("steps", "")) for f, share in zip(told, shares, strict=True)]
    about = {"averaged": ", ".join(said)}
    save_track_model(model, out, packed=True, about=about, digest=told[0].codec_digest)


def check_alike(one: TrackFile, other: TrackFile) -> None:
    """EngineError `file` where their weights do not mean the same."""
    if (one.config, one.codec) != (other.config, other.codec):
        raise EngineError("file", f"{other.path} is not of the same shape as {one.path}: nothing to average")
    if one.codec_digest != other.codec_digest:
        raise EngineError(
            "file", f"{other.path} writes for another codec {other.codec.name!r} than {one.path}"
        )
