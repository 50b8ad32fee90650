"""The libraries that measure; none is needed to make music."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from types import ModuleType

from engine.errors import EngineError

PACKAGES = {
    "librosa": "librosa", "mir_eval": "mir_eval", "sonara": "sonara", "sklearn": "scikit-learn",
    "pyloudnorm": "pyloudnorm", "matplotlib": "matplotlib", "visqol": "visqol-python",
    "torch": "torch", "safetensors": "safetensors",
}  # fmt: skip
MUSIC = ("librosa", "mir_eval", "sonara", "sklearn", "pyloudnorm", "matplotlib")
CODEC = ("torch", "safetensors", "librosa", "mir_eval", "visqol", "matplotlib")
INSTALL = 'pip install "resonantgen[evaluate]"'
INSTALL_MODELS = 'pip install "resonantgen[evaluate,models]"'


def need(name: str) -> ModuleType:
    """The module, imported on first use; EngineError `not_available` with the command that installs it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        module = name.split(".")[0]
        command = INSTALL_MODELS if module in ("torch", "safetensors") else INSTALL
        raise EngineError(
            "not_available",
            f"evaluation needs {PACKAGES.get(module, name)} ({error}); install it with: {command}",
        ) from error


def check_all(names: Iterable[str] = MUSIC) -> None:
    """All of them, before minutes of work are lost to the one that is missing."""
    for name in names:
        need(name)
