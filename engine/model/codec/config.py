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
LARGEST = 65_536  # of any width, kernel or codebook: beyond it lies a broken file, not a codec
MOST_LAYERS = 64
LARGEST_RATIO, MOST_RATIOS = 64, 8
MOST: Mapping[str, int] = {  # where it is not LARGEST
    "sample_rate": 1_000_000,
    "hop": 16_384,
    "num_codebooks": 256,
    "bands": 1024,
    "side_bands": 1024,
    "encoder_depth": MOST_LAYERS,
    "decoder_depth": MOST_LAYERS,
    "residual_layers": MOST_LAYERS,
    "lstm_layers": MOST_LAYERS,
}
NONE_NEEDED = ("low_bins", "side_bands", "encoder_depth", "decoder_depth", "residual_layers", "lstm_layers")


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
    raise unknown("codec pair", str(pair), ("spectral", "seanet"))


def _filled(kind: type[T], values: Mapping[str, Any]) -> T:
    if not isinstance(values, Mapping):
        raise EngineError("range", f"{kind.__name__} is {values!r}; it is a table of keys and values")
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    given = {}
    for key, value in values.items():
        if key not in known:
            raise unknown(f"{kind.__name__} key", key, known)
        given[key] = tuple(value) if isinstance(value, list) else value
        _check(kind.__name__, key, given[key], known[key].default)
    return kind(**given)


def _check(table: str, key: str, value: object, default: object) -> None:
    """EngineError `range` for a value of another kind than the default, or a number that no codec has."""
    name, lowest, most = f"{table}.{key}", 0 if key in NONE_NEEDED else 1, MOST.get(key, LARGEST)
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise EngineError("range", f"{name} is {value!r}; it is true or false")
    elif isinstance(default, int):
        if type(value) is not int or not lowest <= value <= most:
            raise EngineError("range", f"{name} is {value!r}; it is a whole number, {lowest} to {most}")
    elif isinstance(default, float):
        if not (isinstance(value, int | float) and 0 <= value < math.inf):
            raise EngineError("range", f"{name} is {value!r}; it is a number, 0 or more")
    elif key == "ratios":
        if not are_ratios(value):
            raise EngineError(
                "range",
                f"{name} is {value!r}; it is a list of 1 to {MOST_RATIOS} whole numbers, each 1 to "
                f"{LARGEST_RATIO}",
            )
    elif isinstance(default, tuple):
        if not isinstance(value, tuple) or not all(isinstance(word, str) for word in value):
            raise EngineError("range", f"{name} is {value!r}; it is a list of words")
    elif key in ("name", "pair", "padding", "norm") and not isinstance(value, str):
        raise EngineError("range", f"{name} is {value!r}; it is a word")


def are_ratios(value: object) -> bool:
    """Whether these can be the ratios of a SEANet."""
    return (
        isinstance(value, list | tuple)
        and 1 <= len(value) <= MOST_RATIOS
        and all(type(ratio) is int and 1 <= ratio <= LARGEST_RATIO for ratio in value)
    )


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
