"""Track models by role and size."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from engine.errors import EngineError
from engine.model.codec.config import config_named as codec_named
from engine.model.track.config import TrackModelConfig, config_named, size_names
from engine.registry import BAND


@pytest.mark.parametrize("role", BAND)
def test_every_role_has_every_size_and_a_codec_that_is_made_for_it(role: str) -> None:
    for size in size_names():
        config = config_named(role, size)
        assert (config.role, config.size) == (role, size)
        assert role in codec_named(config.codec).roles
        assert config.kind == ("drums" if role == "drums" else "pitched")


def test_a_config_comes_back_from_json() -> None:
    config = config_named("bass", "base")
    assert TrackModelConfig.from_dict(json.loads(config.to_json())) == config


def test_a_new_track_type_is_read_as_a_kind_that_exists() -> None:
    config = config_named("percussion", "debug", kind="drums")
    assert (config.role, config.kind, config.codec) == ("percussion", "drums", "debug")
    assert config_named("texture", "small", kind="pitched").codec == "pitched"


@pytest.mark.parametrize(
    ("role", "size", "near"), [("bas", "small", "bass"), ("bass", "smal", "small"), ("bass", "huge", "base")]
)
def test_an_unknown_name_is_told_the_nearest(role: str, size: str, near: str) -> None:
    with pytest.raises(EngineError, match=f"unknown.*{near}"):
        config_named(role, size)


@pytest.mark.parametrize(
    "change",
    [
        {"widht": 8}, {"width": 0}, {"width": "8"}, {"width": True}, {"depth": 1.5}, {"role": 3},
        {"width": 18, "heads": 4}, {"kernel": 4}, {"kind": "choir"},
        {"margin_frames": 12, "window_frames": 24},
    ],
)  # fmt: skip
def test_what_cannot_be_built_is_refused(change: dict[str, object]) -> None:
    good = json.loads(config_named("drums", "debug").to_json())
    with pytest.raises(EngineError) as error:
        TrackModelConfig.from_dict(good | change)
    assert error.value.code in ("unknown", "range")


def test_what_is_missing_is_named() -> None:
    given = json.loads(config_named("drums", "debug").to_json())
    del given["width"]
    with pytest.raises(EngineError, match="width"):
        TrackModelConfig.from_dict(given)


def test_sizes_grow() -> None:
    sizes = [config_named("melody", size) for size in ("debug", "small", "base", "full")]
    blocks = [size.depth * size.width**2 for size in sizes]
    assert blocks == sorted(blocks)
    assert replace(sizes[0], name="other") != sizes[0]
