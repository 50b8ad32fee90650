"""The genres that a user adds, one file each in a folder of theirs; the engine goes on without a bad one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.config import read_toml_text
from engine.errors import EngineError
from engine.music.genre import add_genres, bundled_genres
from engine.music.genre_file import GenreFileError, parse_genre, refusal
from engine.music.styles import Genre


def load_user_genres(folder: Path) -> list[str]:
    """The genres of `folder`, in place of those added before; returns what was refused, a line each.

    Call it before the first prompt is read. A folder that is not there holds no genres.
    """
    found, failures = read_genres(folder)
    add_genres(list(found.values()))
    return failures


def read_genres(folder: Path) -> tuple[Mapping[str, Genre], list[str]]:
    """The good genres of a folder's `*.toml` by name, and what is wrong with the others."""
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        return {}, [f"genres in {folder}: {error.strerror}"]
    found: dict[str, Genre] = {}
    failures: dict[Path, str] = {}
    waiting = files
    while waiting:  # a base may be a file that is read later: as long as one more is found, try again
        failures = {}
        before = len(found)
        for path in waiting:
            try:
                genre = _read(path, found)
                found[genre.name] = genre
            except EngineError as error:
                failures[path] = error.text
        waiting = list(failures) if len(found) > before else []
    return found, list(failures.values())


def _read(path: Path, found: Mapping[str, Genre]) -> Genre:
    text = read_toml_text(path)
    genre = parse_genre(text, path.name, {**bundled_genres(), **found})
    try:
        _check_new(genre, found)
    except GenreFileError as fault:
        raise refusal(text, path.name, fault) from fault
    return genre


def _check_new(genre: Genre, found: Mapping[str, Genre]) -> None:
    """A name is one file's, and so is a word; only the words of a bundled genre may be taken from it."""
    if genre.name in found:
        raise GenreFileError(("name",), f"'name': another file of yours is {genre.name!r} already")
    for i, word in enumerate(genre.words):
        taken = [other.name for other in found.values() if word in other.words]
        called = [name for name in (*bundled_genres(), *found) if name.replace("_", " ") == word]
        for other in (*taken, *called):
            if other != genre.name:
                raise GenreFileError(("words", i), f"'words': {word!r} is {other!r} already")
