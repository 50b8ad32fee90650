"""Colours of theme.toml, of the lights and of the tracks: red, green, blue, alpha from 0 to 1."""

from __future__ import annotations

from functools import cache
from typing import Any

from max_for_live.sources import source_json, source_toml

Rgba = tuple[float, float, float, float]


@cache
def _theme() -> dict[str, dict[str, Any]]:
    lights = {name: {"rgba": color} for name, color in source_json("src/lights.json").items()}
    tracks = {
        track["name"]: {"rgba": [round(part / 255, 3) for part in track["color"]] + [1.0]}
        for track in source_json("src/tracks.json")
    }
    return source_toml("theme.toml") | lights | tracks


def rgba(name: str) -> Rgba:
    red, green, blue, alpha = _theme()[name]["rgba"]
    return red, green, blue, alpha


def color_attributes(**attributes: str) -> dict[str, Any]:
    """Attributes of a box by the colour's name: its value, and which colour of Live's theme it follows."""
    values: dict[str, Any] = {attribute: list(rgba(name)) for attribute, name in attributes.items()}
    followed = {
        attribute: {"expression": f"themecolor.live_{_theme()[name]['live']}"}
        for attribute, name in attributes.items()
        if "live" in _theme()[name]
    }
    return values | ({"saved_attribute_attributes": followed} if followed else {})
