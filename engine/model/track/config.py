"""Track models by role and size: how wide, how deep, how many frames they see at once."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cache
from importlib import resources
from typing import Any

from engine.errors import EngineError, unknown

KINDS = ("drums", "pitched")  # of scores: hits or notes
DEFAULT_SIZE = "small"
DEBUG = "debug"


@dataclass(frozen=True)
class TrackModelConfig:
    """One track model; what it takes besides is in `conditioning.score_width(kind)`, `style.style_size()`.

    `role` is the track's name, `kind` what its scores hold (`drums`: hits, `pitched`: notes), `codec` a name
    of codecs.toml. `depth` blocks of `width` with `heads`, inner layers `expansion` times as wide, and a
    depthwise convolution over `kernel` frames. It sees `window_frames` at once, of which `margin_frames` at
    either end are cross-faded with its neighbours. `context_width`, `style_width`: of what the other tracks'
    frames and the style are brought to before the blocks read them. `gives_way`: whether it has a part of its
    own that ducks under the drums. `dry`: whether what it performs is the sound before its palette's chorus,
    delay and reverb, the processors and the place in the mix, which then follow as the instruments have them.
    """

    name: str
    size: str
    role: str
    kind: str
    codec: str
    width: int
    depth: int
    heads: int
    expansion: int
    kernel: int
    window_frames: int
    margin_frames: int
    context_width: int
    style_width: int
    gives_way: bool = False
    dry: bool = False

    def to_json(self) -> str:
        values = asdict(self)
        if not self.dry:
            del values["dry"]  # as runs and files of before have it
        return json.dumps(values, sort_keys=True)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrackModelConfig:
        """EngineError `unknown` for a key that does not exist, `range` for a value that cannot be."""
        known = {field.name: field for field in fields(cls)}
        for key, value in values.items():
            if key not in known:
                raise unknown("track model key", key, known)
            _check(key, value, str(known[key].type))
        missing = [name for name, field in known.items() if name not in values and field.default is MISSING]
        if missing:
            raise EngineError("range", f"a track model lacks {', '.join(missing)}")
        return _checked(cls(**values))


def _check(key: str, value: object, kind: str) -> None:
    if kind == "str" and not isinstance(value, str):
        raise EngineError("range", f"track model {key} is {value!r}; it is a text")
    if kind == "bool" and type(value) is not bool:
        raise EngineError("range", f"track model {key} is {value!r}; it is true or false")
    lowest = 0 if key == "margin_frames" else 1
    if kind == "int" and (type(value) is not int or value < lowest):
        raise EngineError("range", f"track model {key} is {value!r}; it is a whole number, {lowest} or more")


def _checked(config: TrackModelConfig) -> TrackModelConfig:
    """EngineError `range` for numbers that do not go together."""
    if config.kind not in KINDS:
        raise unknown("kind of track model", config.kind, KINDS)
    if config.width % (2 * config.heads):  # rotary positions turn pairs of values
        raise EngineError(
            "range", f"width {config.width} does not divide into {config.heads} heads of an even size"
        )
    if config.kernel % 2 == 0:  # it looks as far ahead as behind
        raise EngineError("range", f"kernel {config.kernel} is even; it is an odd number")
    if 2 * config.margin_frames >= config.window_frames:
        raise EngineError(
            "range",
            f"margins of {config.margin_frames} frames leave nothing of a window of {config.window_frames}",
        )
    return config


@cache
def _tables() -> dict[str, dict[str, dict[str, Any]]]:
    text = (resources.files("engine.model.track") / "tracks.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def size_names() -> tuple[str, ...]:
    return tuple(_tables()["sizes"])


def role_names() -> tuple[str, ...]:
    """Those of tracks.toml: the tracks a model knows by name among the others it hears."""
    return tuple(_tables()["roles"])


def config_named(role: str, size: str = DEFAULT_SIZE, kind: str = "") -> TrackModelConfig:
    """The config of `role` at `size`; EngineError `unknown` with the nearest known name.

    `kind` (`drums` or `pitched`) is for a track type that is not in tracks.toml: it reads its scores as that
    kind and writes for that kind's codec. Size `debug` writes for codec `debug`.
    """
    sizes, roles = _tables()["sizes"], _tables()["roles"]
    if size not in sizes:
        raise unknown("size of track model", size, sizes)
    if role in roles:
        table = roles[role]
    elif kind:
        table = {"kind": kind, "codec": kind}
    else:
        raise unknown("role", role, roles)
    codec = DEBUG if size == DEBUG else table["codec"]
    names = {"name": f"{role}_{size}", "size": size, "role": role, "kind": table["kind"], "codec": codec}
    names |= {"gives_way": table.get("gives_way", False)}
    return TrackModelConfig.from_dict(names | sizes[size])
