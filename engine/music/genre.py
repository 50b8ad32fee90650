"""Genres as data: one TOML file each in `genres/`, and those that the user adds.

The fields of a file are those of `styles.Genre`; the parts are tables. This is a whole genre of your own:

    name  = "night_techno"                        # small letters, digits and _
    base  = "techno"                              # what is not said here is as there; may be left out
    words = ["night techno", "warehouse"]         # what a prompt calls it
    tempo_bpm = [132, 138]
    key   = "F# phrygian"
    [progressions]
    minor = [["1", "2"], ["1:7", "1:7", "b2"]]    # degrees of the key; see `theory`
    [drums]
    palette = "808"
    [[drums.patterns]]
    kick       = "X... X... X... X..."
    open_hat   = "..x. ..x. ..x. ..x."
    [bass]
    patterns = [".RRR .RRR .RRR .RR8"]

A table (`[bass.settings]`) is joined with the base's, a list or a value replaces it. Patterns are strings
of sixteenths of 4/4, one or two bars long; blanks and bar lines are for the eye:

    drums, melody, harmony   X accent  x note  o soft  g ghost (sometimes)  1-9 chance  - held  . rest
    bass                     R root  3 5 7 of the chord  8 octave  a step towards the next root  r soft root

Numbers are 0 to 1, but for `tempo_bpm`, `swing_unit` (8 or 16), `centre` (a MIDI note), `late_ms` and
`strum_ms`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from typing import Any, TypeVar

from engine.instruments.palette import NAMES as PALETTES
from engine.instruments.palette import SETTINGS
from engine.music.genre_file import parse_genre, steps_of
from engine.music.styles import BassStyle, DrumStyle, Genre, HarmonyStyle, MelodyStyle, Progressions

__all__ = [
    "DEFAULT_GENRE", "PALETTES", "SETTINGS", "BassStyle", "DrumStyle", "Genre", "HarmonyStyle", "MelodyStyle",
    "Progressions", "add_genres", "bundled_genres", "genre_named", "genres", "parse_genre", "per_genres",
    "steps_of",
]  # fmt: skip

DEFAULT_GENRE = "house"
Cached = TypeVar("Cached", bound=Callable[..., Any])

_added: dict[str, Genre] = {}
_forget: list[Callable[[], None]] = []


def per_genres(function: Cached) -> Cached:
    """`lru_cache` for what is made of the genres: forgotten when others are there."""
    cached = lru_cache(maxsize=4096)(function)
    _forget.append(cached.cache_clear)
    return cached  # type: ignore[return-value]


@lru_cache(maxsize=1)
def bundled_genres() -> Mapping[str, Genre]:
    """Those that come with the engine, loaded once."""
    folder = resources.files("engine.music") / "genres"
    files = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda f: f.name
    )
    found = (parse_genre(file.read_text(encoding="utf-8"), file.name) for file in files)
    return {genre.name: genre for genre in found}


@per_genres
def genres() -> Mapping[str, Genre]:
    """Every genre by name; one that a user added stands in the place of ours of that name."""
    claimed = {word for genre in _added.values() for word in genre.words}
    ours = {name: _without(genre, claimed) for name, genre in bundled_genres().items()}
    return {**ours, **_added}


def _without(genre: Genre, claimed: set[str]) -> Genre:
    words = tuple(word for word in genre.words if word not in claimed)
    return replace(genre, words=words or (genre.name.replace("_", " "),))


def add_genres(added: Sequence[Genre]) -> None:
    """Make these, and no others, the user's genres; words that they claim are no longer ours.

    Before the first prompt: whoever holds a genre or a lexicon keeps it as it was.
    """
    _added.clear()
    _added.update({genre.name: genre for genre in added})
    for forget in _forget:
        forget()


def genre_named(name: str) -> Genre:
    """The genre, or the default one for a name that no file has (a context from another installation)."""
    return genres().get(name) or genres()[DEFAULT_GENRE]
