"""A track model's file made ready to be measured: loaded as the resident band loads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import EngineError
from engine.evaluation.models.material import Audio, check_measured
from engine.performing import Part

if TYPE_CHECKING:
    from engine.model.codec.codec import Codec
    from engine.model.track.band import Member
    from engine.model.track.hearing import Hearing


@dataclass(frozen=True)
class Performer:
    """Called with a part, it performs it."""

    member: Member
    hearing: Hearing

    def __call__(self, part: Part) -> Audio:
        from engine.model.track.performing import PerformOptions, perform

        member = self.member
        return perform(
            member.model, member.codec, part.score, part.words, part.context, part.seed,
            member.options(PerformOptions()), hearing=self.hearing,
        )  # fmt: skip

    @property
    def role(self) -> str:
        return self.member.file.config.role


def performer_of(path: Path, codecs: Mapping[str, Codec] | None = None) -> Performer:
    """`codecs`: by name, instead of the bundled ones. EngineError as `load_track_model`'s, and `file` where
    the model was trained with another codec."""
    import torch

    from engine.model.codec.weights import load_codec
    from engine.model.track.band import member_of
    from engine.model.track.hearing import Codecs, Hearing

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    given = codecs or {}
    found = Codecs(lambda name: (given[name] if name in given else load_codec(name)).to(device))
    return Performer(member_of(path, found, device), Hearing(found))


def track_files(place: Path | None, roles: tuple[str, ...]) -> list[Path]:
    """A file, those of a folder, or the bundled ones (None), of these roles (empty: any).

    EngineError `not_found` where there is none, `file` for one that cannot be read, `unknown` for one of a
    role that cannot be measured.
    """
    from engine.model.track.weights import PREFIX, read_track_file
    from engine.model.weight_files import SUFFIX, bundled_folder
    from engine.training.track.trainer import TRACK_WEIGHTS, engine_name

    folder = bundled_folder() if place is None else place
    found: dict[Path, str] = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else [folder]:
        try:
            role = read_track_file(path).config.role
        except EngineError:
            if path == place or path.name.startswith(PREFIX):
                raise
            continue  # a codec, beside them
        if path != place and path.name == TRACK_WEIGHTS and path.with_name(engine_name(role)).is_file():
            continue  # a run's folder has the same weights twice
        if not roles or role in roles:
            found[path] = role
    if not found:
        wanted = f" of {', '.join(roles)}" if roles else ""
        raise EngineError("not_found", f"{folder} holds no track model{wanted}; name one: --weights PATH")
    for role in found.values():
        check_measured(role)
    return list(found)
