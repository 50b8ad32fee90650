"""Where the device's sources are read: from this package, wherever it is installed."""

from __future__ import annotations

import json
import tomllib
from importlib import resources
from typing import Any


def source_text(name: str) -> str:
    """A file of this package by its path within it, as text."""
    return resources.files("max_for_live").joinpath(name).read_text(encoding="utf-8")


def source_toml(name: str) -> dict[str, Any]:
    return tomllib.loads(source_text(name))


def source_json(name: str) -> Any:
    return json.loads(source_text(name))


def script_names() -> list[str]:
    """The script's modules and tables, in the order of their names."""
    found = resources.files("max_for_live").joinpath("src").iterdir()
    return sorted(entry.name for entry in found if entry.name.endswith((".js", ".json")))
