"""A folder that a report is written into."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.errors import EngineError


def begin_report(folder: Path) -> None:
    """Before minutes of work are lost to a folder that cannot be. EngineError `disk`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError("disk", f"{folder} cannot be made ({error})") from error


def write_report(folder: Path, files: Mapping[str, str]) -> None:
    """Texts by name. EngineError `disk`."""
    try:
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise EngineError("disk", f"{folder} cannot be written ({error})") from error


def add_to_report(folder: Path, name: str, text: str) -> None:
    """To a text that stands. EngineError `disk`."""
    try:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise EngineError("disk", f"{folder / name} cannot be written ({error})") from error
