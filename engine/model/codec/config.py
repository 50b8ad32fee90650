"""Codecs by name: what they take, at what rate they write, which pair of encoder and decoder they have."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib import resources
from typing import Any, TypeVar

from engine.errors import EngineError, unknown

T = TypeVar("T")
SIZES = ("sample_rate", "channels", "hop", "num_codebooks", "codebook_size", "latent_width")


@dataclass(frozen=True)
class SpectralConfig:
    """The spectral pair. A frame is `sub_frames` spectra; `low_bins` of each go through as a waveform.

    `encoder_width` x `encoder_depth` and `decoder_width` x `decoder_depth` ConvNeXt blocks of `kernel`
    frames, whose inner width is `expansion` times theirs. `bands` gains a spectrum. `low_scale` is the size
    of the waveform among the latents at the start: the smaller, the fewer bits the codebooks give it.
    `gates` points of a gain curve a frame keep what is before an attack as quiet as it was. `side_bands` tell
    how loud the side is, and `band_scale` is the size of all such values among the latents at the start.
    """

    sub_frames: int = 1
    low_bins: int = 48
    low_scale: float = 0.4
    gates: int = 6
    side_bands: int = 11
    band_scale: float = 0.25
    bands: int = 32
    encoder_width: int = 256
    encoder_depth: int = 5
    decoder_width: int = 320
    decoder_depth: int = 7
    kernel: int = 7
    expansion: int = 3


@dataclass(frozen=True)
class CodecConfig:
    """`hop` samples a frame; `latent_width` values a frame before the quantiser; `roles` it was made for."""

    name: str
    sample_rate: int = 44_100
    channels: int = 2
    hop: int = 882
    num_codebooks: int = 8
    codebook_size: int = 1024
    latent_width: int = 96
    pair: str = "spectral"
    roles: tuple[str, ...] = ()
    settings: Any = SpectralConfig()

    @property
    def frame_rate(self) -> float:
        return self.sample_rate / self.hop

    @property
    def kilobits_per_second(self) -> float:
        return self.frame_rate * self.num_codebooks * (self.codebook_size - 1).bit_length() / 1000

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CodecConfig:
        """EngineError `unknown` for a key or pair that does not exist, `range` for a wrong kind of value."""
        given = dict(values)
        pair = given.get("pair", "spectral")
        settings = _filled(settings_type(pair), given.pop("settings", {}))
        return _filled(cls, given | {"settings": settings})


def settings_type(pair: str) -> type[Any]:
    """The dataclass of a pair's own settings; EngineError `unknown`."""
    if pair == "spectral":
        return SpectralConfig
    if pair == "seanet":
        from engine.model.codec.seanet import SeanetConfig

        return SeanetConfig
    raise unknown("codec pair", pair, ("spectral", "seanet"))


def _filled(kind: type[T], values: Mapping[str, Any]) -> T:
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    given = {}
    for key, value in values.items():
        if key not in known:
            raise unknown(f"{kind.__name__} key", key, known)
        given[key] = tuple(value) if isinstance(value, list) else value
        _check(f"{kind.__name__}.{key}", value, known[key].default, 1 if key in SIZES else 0)
    return kind(**given)


def _check(name: str, value: object, default: object, lowest: int) -> None:
    """EngineError `range` for a value of another kind than the default, or a number below `lowest`."""
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise EngineError("range", f"{name} is {value!r}; it is true or false")
    elif isinstance(default, int):
        if type(value) is not int or value < lowest:
            raise EngineError("range", f"{name} is {value!r}; it is a whole number, {lowest} or more")
    elif isinstance(default, float) and not (isinstance(value, int | float) and 0 <= value < math.inf):
        raise EngineError("range", f"{name} is {value!r}; it is a number, 0 or more")


@cache
def named_configs() -> Mapping[str, CodecConfig]:
    """Those of codecs.toml."""
    text = (resources.files("engine.model.codec") / "codecs.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    return {name: CodecConfig.from_dict({"name": name} | table) for name, table in tables["codecs"].items()}


def config_named(name: str) -> CodecConfig:
    """EngineError `unknown` with the nearest known name."""
    configs = named_configs()
    if name not in configs:
        raise unknown("codec", name, configs)
    return configs[name]
