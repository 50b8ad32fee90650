"""Track models in files, with their configuration, their codec's and their card in the file's metadata."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError, unknown
from engine.model.codec.config import CodecConfig
from engine.model.track.config import TrackModelConfig
from engine.model.weight_files import (
    ABOUT,
    SUFFIX,
    bundled_folder,
    check_fit,
    described,
    read_array,
    read_metadata,
    read_weights,
    rewrite_metadata,
    told,
    write_weights,
)

if TYPE_CHECKING:
    from engine.model.codec.codec import Codec
    from engine.model.track.track_model import TrackModel

KEY, CODEC, CARD = "resonantgen.track", "resonantgen.track.codec", "resonantgen.track.card"
DIGEST = "resonantgen.track.codec_digest"
PREFIX = "track_"
KIND = "track model"


@dataclass(frozen=True)
class TrackFile:
    """What a file says of its model. `card`: measure -> value, empty where nobody measured;
    `codec_digest`: of the very codec that it was trained with, "" where that is not known."""

    path: Path
    config: TrackModelConfig
    codec: CodecConfig
    card: Mapping[str, float]
    about: Mapping[str, str]
    codec_digest: str

    def check_codec(self, codec: Codec) -> None:
        """EngineError `file` where the model was trained with other codec weights: it would sing nonsense."""
        self._check_digest(codec_digest(codec))

    def check_codec_file(self, path: Path) -> None:
        """The same of a codec in a file, of which the codebooks alone are read, without torch."""
        self._check_digest(stored_codec_digest(path))

    def _check_digest(self, digest: str) -> None:
        if self.codec_digest and self.codec_digest != digest:
            raise EngineError(
                "file",
                f"{self.path}: was trained with another codec {self.codec.name!r} than the one that is "
                "installed; train it with this one, or install that one",
            )


def save_track_model(
    model: TrackModel,
    path: Path,
    packed: bool = False,
    card: Mapping[str, float] | None = None,
    about: Mapping[str, Any] | None = None,
    codec: Codec | None = None,
    digest: str = "",
) -> None:
    """`packed`: in a quarter of the size. `codec`: that it was trained with, or its `digest`. EngineError
    `disk`."""
    metadata = {
        KEY: model.config.to_json(),
        CODEC: model.codec_config.to_json(),
        CARD: json.dumps(dict(card or {})),
        ABOUT: json.dumps(told(about or {})),
        DIGEST: codec_digest(codec) if codec is not None else digest,
    }
    write_weights(model, path, metadata, packed)


def load_track_model(role_or_path: str | Path) -> TrackModel:
    """A bundled model by role, or a file, ready to use on the CPU.

    EngineError: `unknown` role, `not_found` path, `file` for one that is truncated, foreign or incomplete.
    """
    from engine.model.track.track_model import TrackModel

    path = track_path(role_or_path)
    metadata, tensors = read_weights(path, KEY, KIND)
    file = _described(path, metadata)
    model = TrackModel(file.config, file.codec)
    check_fit(path, model, tensors, KIND)
    model.load_state_dict(tensors)
    return model.eval().requires_grad_(False)


def read_track_file(role_or_path: str | Path) -> TrackFile:
    """What a file says of its model, its tensors left on the disk; errors as those of `load_track_model`."""
    path = track_path(role_or_path)
    return _described(path, read_metadata(path, KEY, KIND))


def write_card(path: Path, card: Mapping[str, float]) -> None:
    """The same weights with another card. EngineError `file`, `disk`."""
    rewrite_metadata(path, read_metadata(path, KEY, KIND) | {CARD: json.dumps(dict(card))})


def track_path(role_or_path: str | Path, folder: Path | None = None) -> Path:
    """The file of a role in a folder (of those that are bundled); a path is itself. EngineError `unknown`."""
    path = Path(role_or_path)
    if path.suffix == SUFFIX or path.name != str(role_or_path):
        return path
    folder = folder or bundled_folder()
    found = folder / f"{PREFIX}{role_or_path}{SUFFIX}"
    if not found.is_file():
        known = sorted(file.stem.removeprefix(PREFIX) for file in folder.glob(f"{PREFIX}*{SUFFIX}"))
        raise unknown(KIND, str(role_or_path), known)
    return found


def weights_of(role: str, folder: Path | None) -> Path:
    """The user's own weights of a role in `folder`, or those that came along; EngineError `unknown`."""
    if folder is not None:
        with contextlib.suppress(EngineError):
            return track_path(role, folder)
    return track_path(role)


def codec_digest(codec: Codec) -> str:
    """SHA-256 of the codebooks: a codec that was trained on has others, one that was stored anew has not."""
    return _digest(codec.quantizer.codebooks.detach().cpu().numpy())


def stored_codec_digest(path: Path) -> str:
    """`codec_digest` of a codec in a file. EngineError `not_found`, `file`."""
    return _digest(read_array(path, "quantizer.codebooks", "codec"))


def _digest(codebooks: NDArray[np.floating]) -> str:
    return hashlib.sha256(codebooks.astype(np.float16).tobytes()).hexdigest()


def _described(path: Path, metadata: Mapping[str, str]) -> TrackFile:
    return TrackFile(
        path=path,
        config=described(path, metadata[KEY], TrackModelConfig.from_dict),
        codec=described(path, metadata.get(CODEC, ""), CodecConfig.from_dict),
        card=described(path, metadata.get(CARD, "{}"), _figures),
        about=described(path, metadata.get(ABOUT, "{}"), told),
        codec_digest=metadata.get(DIGEST, ""),
    )


def _figures(values: Mapping[str, Any]) -> dict[str, float]:
    return {str(measure): float(value) for measure, value in values.items()}
