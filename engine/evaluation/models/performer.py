"""A track model's file made ready to be measured: loaded as the resident band loads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import EngineError
from engine.evaluation.models.material import Audio
from engine.performing import Part

if TYPE_CHECKING:
    from engine.model.codec.codec import Codec
    from engine.model.track.hearing import Hearing
    from engine.model.track.track_model import TrackModel
    from engine.model.track.weights import TrackFile


@dataclass(frozen=True)
class Performer:
    """Called with a part, it performs it. `computes`: in which precision this machine has it."""

    file: TrackFile
    model: TrackModel
    codec: Codec
    computes: str
    hearing: Hearing

    def __call__(self, part: Part) -> Audio:
        from engine.model.track.performing import PerformOptions, perform

        precision = "bfloat16" if self.computes == "bfloat16" else "float32"
        return perform(
            self.model, self.codec, part.score, part.words, part.context, part.seed,
            PerformOptions(precision=precision), hearing=self.hearing,
        )  # fmt: skip

    @property
    def role(self) -> str:
        return self.file.config.role


def performer_of(path: Path, codecs: Mapping[str, Codec] | None = None) -> Performer:
    """`codecs`: by name, instead of the bundled ones. EngineError as `load_track_model`'s, and `file` where
    the model was trained with another codec."""
    import torch

    from engine.model.codec.weights import load_codec
    from engine.model.track.band import fastest
    from engine.model.track.hearing import Codecs, Hearing
    from engine.model.track.int8 import quantised
    from engine.model.track.weights import load_track_model, read_track_file

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    given = codecs or {}
    found = Codecs(lambda name: (given[name] if name in given else load_codec(name)).to(device))
    file = read_track_file(path)
    codec = found[file.codec.name]
    file.check_codec(codec)
    model = load_track_model(path).take_codebooks(codec.quantizer)
    computes = fastest(device)
    model = quantised(model) if computes == "int8" else model
    return Performer(file, model.to(device), codec, computes, Hearing(found))


def track_files(place: Path | None, roles: tuple[str, ...]) -> list[Path]:
    """A file, those of a folder, or the bundled ones (None), of these roles (empty: any).

    EngineError `not_found` where there is none.
    """
    from engine.model.track.weights import read_track_file
    from engine.model.weight_files import SUFFIX, bundled_folder

    folder = bundled_folder() if place is None else place
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else [folder]:
        try:
            role = read_track_file(path).config.role
        except EngineError:
            if path == place:
                raise
            continue  # a codec, beside them
        if not roles or role in roles:
            found.append(path)
    if not found:
        wanted = f" of {', '.join(roles)}" if roles else ""
        raise EngineError("not_found", f"{folder} holds no track model{wanted}; name one: --weights PATH")
    return found
