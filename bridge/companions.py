"""What each host needs of us, as its folder's `install.toml` declares it.

host = "reaper"                             what `resonantgen install` calls it
title = "REAPER"
make = false                                true: its folder is made where it is not there
[[file]]
from = "ResonantGen.ReaperOSC"              in the same folder; or "build:module.path:function", () -> bytes
to = "OSC/ResonantGen.ReaperOSC"            in the user folder of the host
[folder]                                    that folder on each system: the first that exists
linux = ["%XDG_CONFIG_HOME%/REAPER"]        (user_folders.py says what ~ and %NAME% mean)
[steps]
list = ["Open Preferences …"]               what to click, in order; {folder} is where the files went
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import Any

from bridge.toml_table import Table
from bridge.user_folders import PLATFORMS
from engine.config import parse_toml
from engine.errors import EngineError, unknown

NAME = "install.toml"
BUILD = "build:"
KEYS = ("host", "title", "make", "file", "folder", "steps")


@dataclass(frozen=True)
class CompanionFile:
    """One file of a companion. `source` is its name in the package, or `build:module:function`."""

    source: str
    target: PurePosixPath  # in the user folder of the host
    home: Traversable

    def read(self) -> bytes:
        """Its bytes, copied or built; EngineError `file` where the package is broken."""
        if self.source.startswith(BUILD):
            return self._builder()()
        try:
            return self.home.joinpath(self.source).read_bytes()
        except OSError as error:
            raise EngineError("file", f"{self.source} is not in the package: {error}") from error

    def _builder(self) -> Callable[[], bytes]:
        module, _, name = self.source.removeprefix(BUILD).partition(":")
        try:
            builder: Callable[[], bytes] = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise EngineError("file", f"{self.source}: there is no such function: {error}") from error
        return builder


@dataclass(frozen=True)
class Companion:
    """Everything that is installed for one host."""

    host: str
    title: str
    make: bool
    files: tuple[CompanionFile, ...]
    folders: dict[str, tuple[str, ...]]  # by platform
    steps: tuple[str, ...]


def companions() -> dict[str, Companion]:
    """Every companion of this package by the name of its host."""
    found = [read_companion(home) for home in _homes()]
    return {companion.host: companion for companion in sorted(found, key=lambda one: one.host)}


def companion_named(host: str) -> Companion:
    """EngineError `unknown` with the nearest host."""
    known = companions()
    if host not in known:
        raise unknown("host", host, known)
    return known[host]


def _homes() -> Iterator[Traversable]:
    """The folders that declare something: those of daw_templates/, and max_for_live/."""
    for home in resources.files("daw_templates").iterdir():
        if home.is_dir() and home.joinpath(NAME).is_file():
            yield home
    try:
        live = resources.files("max_for_live")
    except ModuleNotFoundError:
        return
    if live.joinpath(NAME).is_file():
        yield live


def read_companion(home: Traversable) -> Companion:
    """The declaration of one folder; EngineError `file`, `type`, `range` or `unknown` says what is wrong."""
    where = f"{home.name}/{NAME}"
    data = parse_toml(home.joinpath(NAME).read_text(encoding="utf-8"), where)
    table = Table(data, where, KEYS)
    files = tuple(_read_file(entry, home, where) for entry in table.get("file", list))
    if not files:
        raise EngineError("range", f"{where}: there is no [[file]]")
    folder = Table(table.get("folder", dict), f"{where}: [folder]", PLATFORMS)
    steps = Table(table.get("steps", dict), f"{where}: [steps]", ("list",))
    return Companion(
        table.get("host", str), table.get("title", str), table.get("make", bool, False), files,
        {platform: _texts(folder, platform) for platform in folder.data}, _texts(steps, "list"),
    )  # fmt: skip


def _read_file(entry: Any, home: Traversable, where: str) -> CompanionFile:
    table = Table(entry, f"{where}: [[file]]", ("from", "to"))
    target = table.get("to", str)
    path = PurePosixPath(target)
    if path.is_absolute() or ".." in path.parts or "\\" in target or ":" in target or not path.parts:
        raise EngineError("range", f"{where}: to {target!r} leads outside the user folder of the host")
    return CompanionFile(table.get("from", str), path, home)


def _texts(table: Table, key: str) -> tuple[str, ...]:
    texts = table.get(key, list)
    if not texts or not all(isinstance(text, str) for text in texts):
        raise EngineError("type", f"{table.where}: {key} is a list of texts")
    return tuple(texts)
