"""Other people's sound that may go into a corpus: what of it lies on this machine.

    system places ---+
    the user's data -+--> what sources.toml names --> Sources: soundfonts, packs of one-shots
    a folder given --+

Nothing is fetched here; `resonantgen train sources --install` does that.
"""

from __future__ import annotations

import re
import tomllib
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from engine.errors import EngineError, unknown

AUDIO = (".flac", ".wav", ".aiff", ".aif", ".ogg")  # of one sound in two forms the first is taken
# What plays soundfonts. It is no extra: what it depends on (pyaudio) is not needed, and seldom builds.
PLAYER = "tinysoundfont"
PLAYER_PACKAGE = f"{PLAYER}>=0.3.6"
INSTALL_PLAYER = f'pip install --no-deps "{PLAYER_PACKAGE}"'
UNHEARD = ""  # the name says nothing: engine.training.corpus.samples listens


@dataclass(frozen=True)
class Soundfont:
    """A General MIDI soundfont, sf2 or sf3."""

    name: str
    licence: str
    path: Path


@dataclass(frozen=True)
class OneShot:
    """One sound of a pack. `kind`: a voice of `DRUM_VOICES`, percussion, bass, pad, lead, or `UNHEARD`."""

    path: Path
    kind: str


@dataclass(frozen=True)
class SamplePack:
    name: str
    licence: str
    path: Path
    shots: tuple[OneShot, ...]


@dataclass(frozen=True)
class Sources:
    """What was found, in the order of sources.toml."""

    soundfonts: tuple[Soundfont, ...] = ()
    packs: tuple[SamplePack, ...] = ()

    def soundfont(self, name: str) -> Soundfont:
        """EngineError `unknown` with what is here."""
        return _named("soundfont", name, {font.name: font for font in self.soundfonts})

    def pack(self, name: str) -> SamplePack:
        """EngineError `unknown` with what is here."""
        return _named("sample pack", name, {pack.name: pack for pack in self.packs})


def _named(kind: str, name: str, found: dict[str, Any]) -> Any:
    if name not in found:
        raise unknown(kind, name, found)
    return found[name]


def data_folder() -> Path:
    """Where the user's own copies lie, and `--install` unpacks to."""
    from platformdirs import user_data_path

    return user_data_path("resonantgen", appauthor=False) / "sources"


def find_sources(folder: Path | None = None) -> Sources:
    """The soundfonts and packs of sources.toml that lie in the usual places or in `folder`.

    The folder wins over the user's data, that over the system's places. EngineError `not_found` where a
    folder is given that is none.
    """
    if folder is not None and not folder.is_dir():
        raise EngineError("not_found", f"{folder} is no folder")
    own = [place for place in (folder, data_folder()) if place is not None]
    return sources_in(
        [*own, *map(Path, table()["places"]["soundfonts"])], [*own, *map(Path, table()["places"]["samples"])]
    )


def sources_in(font_places: list[Path], sample_places: list[Path]) -> Sources:
    """The same of given places only, the first having the first word."""
    fonts = [
        Soundfont(entry["name"], entry["licence"], path)
        for entry in table()["soundfont"]
        if (path := _first(font_places, entry["files"])) is not None and path.is_file()
    ]
    packs = [
        SamplePack(entry["name"], entry["licence"], path, shots)
        for entry in table()["samples"]
        if (path := _first(sample_places, entry["folders"])) is not None
        and (shots := _shots(path, _allowed(entry)))
    ]
    return Sources(tuple(fonts), tuple(packs))


@cache
def table() -> dict[str, Any]:
    """sources.toml."""
    return tomllib.loads(resources.files(__package__).joinpath("sources.toml").read_text(encoding="utf-8"))


def _first(places: list[Path], names: list[str]) -> Path | None:
    return next((place / name for place in places for name in names if (place / name).exists()), None)


def _allowed(entry: dict[str, Any]) -> frozenset[str] | None:
    """The file names under the entry's licence; None: all of them are."""
    if "copyright" not in entry:
        return None
    path = Path(entry["copyright"])
    return licensed(path.read_text(encoding="utf-8"), entry["licence"]) if path.is_file() else frozenset()


def licensed(text: str, licence: str) -> frozenset[str]:
    """The names of the files that a Debian copyright file (DEP-5) puts under that very licence."""
    names: set[str] = set()
    for stanza in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"^([A-Z][\w-]*):((?:.*(?:\n[ \t].*)*))", stanza, re.MULTILINE))
        if fields.get("License", "").strip().split("\n")[0] == licence:
            names.update(Path(name).name for name in fields.get("Files", "").split())
    return frozenset(names)


def _shots(folder: Path, allowed: frozenset[str] | None) -> tuple[OneShot, ...]:
    """The one-shots of a folder by name; what is no instrument is left out."""
    titles = drumkit_titles(folder / "drumkit.xml")
    found: dict[str, Path] = {}
    files = [path for path in folder.iterdir() if path.suffix.lower() in AUDIO]
    for path in sorted(files, key=lambda path: (path.stem, AUDIO.index(path.suffix.lower()))):
        if allowed is None or path.name in allowed:
            found.setdefault(path.stem, path)
    shots = [OneShot(path, kind_of(titles.get(path.name) or path.stem)) for path in found.values()]
    return tuple(shot for shot in shots if shot.kind != "none")


def kind_of(title: str) -> str:
    """What a file or instrument of that name is, by the rules of sources.toml; `UNHEARD` if they say nothing.

    Numbers at the end of a word are no part of it, but rules may ask for them.
    """
    words = re.findall(r"[a-z0-9]+", title.lower())
    words += [bare for word in words if (bare := word.rstrip("0123456789")) and bare != word]
    for kind, *asked in table()["names"]["rules"]:
        if all(any(fnmatchcase(word, pattern) for word in words) for pattern in asked):
            return str(kind)
    return UNHEARD


def drumkit_titles(path: Path) -> dict[str, str]:
    """File name -> instrument of a Hydrogen drumkit.xml; empty where there is none or it cannot be read."""
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return {}
    titles: dict[str, str] = {}
    for instrument in root.iter():
        if instrument.tag.split("}")[-1] != "instrument":
            continue
        title = next((e.text or "" for e in instrument.iter() if e.tag.split("}")[-1] == "name"), "")
        for element in instrument.iter():
            if element.tag.split("}")[-1] == "filename" and element.text:
                titles.setdefault(element.text, title)
    return titles
