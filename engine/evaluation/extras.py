"""The libraries that measure; none is needed to make music."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from types import ModuleType

from engine.errors import EngineError

PACKAGES = {
    "librosa": "librosa", "mir_eval": "mir_eval", "sonara": "sonara", "sklearn": "scikit-learn",
    "pyloudnorm": "pyloudnorm", "matplotlib": "matplotlib",
}  # fmt: skip
INSTALL = 'pip install "resonantgen[evaluate]"'


def need(name: str) -> ModuleType:
    """The module, imported on first use; EngineError `not_available` with the command that installs it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = PACKAGES.get(name.split(".")[0], name)
        raise EngineError(
            "not_available", f"evaluation needs {package} ({error}); install it with: {INSTALL}"
        ) from error


def check_all(names: Iterable[str] = PACKAGES) -> None:
    """All of them, before minutes of work are lost to the one that is missing."""
    for name in names:
        need(name)
