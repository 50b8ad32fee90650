"""Where a user's programs keep their files on Linux, macOS and Windows.

    candidates = ["%XDG_CONFIG_HOME%/REAPER", "~/.var/app/fm.reaper.Reaper/config/REAPER"]
    choose_folder(candidates, Places.here())     the first that exists

`~` and `%NAME%` are understood: variables of the environment, and on every system %DOCUMENTS% and %MUSIC%,
the folders that the system itself names so (they may be elsewhere, or have a translated name).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

VARIABLE = re.compile(r"%(\w+)%")
SHARED = ("APPDATA", "LOCALAPPDATA", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
PLATFORMS = ("linux", "darwin", "win32")


@dataclass(frozen=True)
class Places:
    """One user on one system. Tests make up their own."""

    platform: str  # of PLATFORMS
    home: Path
    documents: Path
    music: Path
    settings: Path  # our own
    environment: Mapping[str, str]

    @classmethod
    def here(cls) -> Places:
        """This user; every other Unix has the rules of Linux."""
        import platformdirs

        return cls(
            sys.platform if sys.platform in PLATFORMS else "linux",
            Path.home(),
            platformdirs.user_documents_path(),
            platformdirs.user_music_path(),
            platformdirs.user_config_path("resonantgen", appauthor=False),
            os.environ,
        )

    def variables(self) -> dict[str, str]:
        """What `%NAME%` stands for; what the environment leaves out is where the system has it by default."""
        defaults = {"DOCUMENTS": str(self.documents), "MUSIC": str(self.music)}
        if self.platform == "win32":
            data = self.home / "AppData"
            defaults |= {"APPDATA": str(data / "Roaming"), "LOCALAPPDATA": str(data / "Local")}
            defaults["USERPROFILE"] = str(self.home)
        elif self.platform == "linux":
            defaults["XDG_CONFIG_HOME"] = str(self.home / ".config")
            defaults["XDG_DATA_HOME"] = str(self.home / ".local" / "share")
        return defaults | {name: value for name, value in self.environment.items() if value}

    def expand(self, text: str) -> Path | None:
        """A folder as it is written in a file; None where one of its variables has no value here."""
        known = self.variables()
        names = VARIABLE.findall(text)
        if any(name not in known for name in names):
            return None
        text = VARIABLE.sub(lambda match: known[match[1]], text)
        return self.home / text[1:].lstrip("/") if text.startswith("~") else Path(text)

    def shared(self) -> set[Path]:
        """Folders that belong to no program: they are there whether or not a host was ever installed."""
        known = self.variables()
        folders = {self.home, self.documents, self.music, *self.home.parents}
        folders |= {Path(known[name]) for name in SHARED if name in known}
        folders |= {self.home / "Library" / name for name in ("Application Support", "Preferences", "")}
        return folders


def expanded(candidates: Iterable[str], places: Places) -> list[Path]:
    found = (places.expand(text) for text in candidates)
    return [path for path in found if path is not None]


def choose_folder(candidates: Iterable[str], places: Places, make: bool = False) -> Path | None:
    """The user folder of a host: the first candidate that is there; else the first whose parent is the host's
    own folder, or with `make` the first of all; None where there is no sign of the host."""
    folders = expanded(candidates, places)
    there = [path for path in folders if path.is_dir()]
    shared = places.shared()
    near = [path for path in folders if path.parent.is_dir() and path.parent not in shared]
    return next(iter([*there, *near, *(folders if make else [])]), None)
