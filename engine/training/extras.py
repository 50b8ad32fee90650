"""The libraries that training needs; none is needed to make music."""

from __future__ import annotations

import importlib.util

from engine.errors import EngineError

PACKAGES = {"torch": "torch", "safetensors": "safetensors", "matplotlib": "matplotlib"}
INSTALL = 'pip install "resonantgen[train]"'


def check_all() -> None:
    """EngineError `not_available` with the command that installs what is missing."""
    missing = [package for module, package in PACKAGES.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise EngineError("not_available", f"training needs {', '.join(missing)}; install with: {INSTALL}")
