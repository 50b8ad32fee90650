"""A genre's file made into a `Genre`: what it leaves out, what it must not say, and on which line it did."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, fields, replace
from functools import lru_cache
from typing import Any

from engine.audio.processors import processor_names
from engine.config import parse_toml
from engine.errors import EngineError
from engine.instruments.palette import NAMES as PALETTES
from engine.instruments.palette import SETTINGS
from engine.music.grid import PATTERN_STEPS
from engine.music.key import Key
from engine.music.played import played
from engine.music.score import DRUM_VOICES, SECTIONS
from engine.music.styles import BassStyle, DrumStyle, Genre, HarmonyStyle, MelodyStyle, Progressions
from engine.music.theory import parse_degree
from engine.music.toml_lines import Path, line_of
from engine.prompt.music_context import MANNERS
from engine.units import MAX_TEMPO_BPM, MIN_TEMPO_BPM

APPROACHES = ("diatonic", "chromatic", "mixed")
MELODY_SCALES = ("", "pentatonic", "blues")
CURVE_SHAPES = ("flat", "rise", "arch", "wave")
BARS_PER_CHORD = (0.5, 1, 2, 4, 8)
HIT_CHARACTERS = frozenset("Xxog123456789-.")
BASS_CHARACTERS = frozenset("Rr3578a-.")
NAME = re.compile(r"[a-z][a-z0-9_]*")
PARTS: dict[str, type] = {
    "progressions": Progressions, "drums": DrumStyle, "bass": BassStyle,
    "harmony": HarmonyStyle, "melody": MelodyStyle,
}  # fmt: skip
# What a number may be where it is not 0 to 1.
RANGES = {
    "centre": (24.0, 96.0),
    "strum_ms": (0.0, 60.0),
    "swing_unit": (8.0, 16.0),
    "late_ms": (-45.0, 45.0),
}


class GenreFileError(Exception):
    """What is wrong, and the place of it in the file."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(text)
        self.path = path
        self.text = text


def parse_genre(text: str, file: str, bases: Mapping[str, Genre] | None = None) -> Genre:
    """A genre from the text of its file.

    A file with a `base`, which is one of `bases`, says only what is different: tables are joined with the
    base's, lists and values replace them. EngineError `file` names the file, the line and what is wrong.
    """
    data = parse_toml(text, f"genre {file}")
    try:
        genre = _genre(data, bases or {})
        check(genre)
    except GenreFileError as fault:
        raise refusal(text, file, fault) from fault
    return genre


def refusal(text: str, file: str, fault: GenreFileError) -> EngineError:
    """What the user is told: the file, the line and what is wrong with it."""
    line = line_of(text, fault.path)
    where = file if line is None else f"{file}, line {line}"
    return EngineError("file", f"genre {where}: {fault.text}")


def _genre(data: dict[str, Any], bases: Mapping[str, Genre]) -> Genre:
    base = None
    if "base" in data:
        name = data.pop("base")
        one_of(("base",), name, tuple(bases))
        base = bases[name]
        data.setdefault("words", [str(data.get("name", "")).replace("_", " ")])
        data = {"name": "", **data}
    if "key" in data or base is None:
        data["key"] = _key(data.get("key", "Am"))
    for part, kind in PARTS.items():
        if part in data or base is None:
            table = _table(data.get(part), part)
            data[part] = _build(kind, table, (part,), getattr(base, part, None))
    genre: Genre = _build(Genre, data, (), base)
    return replace(genre, words=tuple(dict.fromkeys(word.lower() for word in genre.words)))


def _key(text: Any) -> Key:
    try:
        return Key.parse(str(text))
    except EngineError as error:
        raise GenreFileError(("key",), error.text) from error


def _table(value: Any, part: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise GenreFileError((part,), f"[{part}] is missing")
    return value


def _build(kind: type, data: Mapping[str, Any], path: Path, base: Any) -> Any:
    """`kind(**data)`, or `base` with it; unknown, missing and wrongly typed fields are refused by name."""
    known = {f.name: f for f in fields(kind)}
    for name in data:
        if name not in known:
            raise GenreFileError((*path, name), f"unknown key {dotted((*path, name))!r}{_hint(name, known)}")
    for name, spec in known.items():
        needed = spec.default is MISSING and spec.default_factory is MISSING and base is None
        if needed and name not in data:
            raise GenreFileError(path, f"{dotted((*path, name))!r} is missing")
    values = {name: _typed(known[name].type, value, (*path, name)) for name, value in data.items()}
    if base is None:
        return kind(**values)
    return replace(base, **{name: _joined(getattr(base, name), value) for name, value in values.items()})


def _joined(old: Any, new: Any) -> Any:
    return {**old, **new} if isinstance(old, Mapping) else new


def _typed(annotation: Any, value: Any, path: Path) -> Any:
    """`value` as the annotation has it (lists become tuples)."""
    number = (int, float)
    match annotation:
        case "str":
            good = isinstance(value, str)
        case "int" | "float":
            kinds = int if annotation == "int" else number
            good = isinstance(value, kinds) and not isinstance(value, bool)
        case "bool":
            good = isinstance(value, bool)
        case "tuple[str, ...]":
            good = _all(value, str)
        case "tuple[float, ...]":
            good = _all(value, number)
        case "tuple[float, float]":
            good = _all(value, number) and len(value) == 2
        case "tuple[tuple[str, ...], ...]":
            good = _all(value, list) and all(_all(row, str) for row in value)
            value = [tuple(row) for row in value] if good else value
        case "Mapping[str, tuple[str, ...]]":
            good = isinstance(value, dict) and all(_all(row, str) for row in value.values())
            value = {key: tuple(row) for key, row in value.items()} if good else value
        case "tuple[Mapping[str, str], ...]":
            good = _all(value, dict) and all(_all(list(row.values()), str) for row in value)
        case "Mapping[str, float]":
            good = isinstance(value, dict) and (not value or _all(list(value.values()), number))
        case _:
            good = True
    if not good:
        raise GenreFileError(path, f"{dotted(path)!r} is {value!r}, not {annotation}")
    return tuple(value) if isinstance(value, list) else value


def _all(value: Any, kind: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, kind) for item in value)


# --- what a file says must also make sense ----------------------------------------------------------


def check(genre: Genre) -> None:
    """A GenreFileError where the genre says what nobody can play."""
    _check_names(genre)
    low, high = genre.tempo_bpm
    if not MIN_TEMPO_BPM <= low <= high <= MAX_TEMPO_BPM:
        raise GenreFileError(("tempo_bpm",), f"'tempo_bpm' {low:g} to {high:g} is not inside 40 to 240")
    if genre.swing_unit not in (8, 16):
        raise GenreFileError(("swing_unit",), f"'swing_unit' is {genre.swing_unit}, not 8 or 16")
    for i, form in enumerate(genre.forms):
        for j, section in enumerate(form):
            one_of(("forms", i, j), section, SECTIONS)
    _check_numbers(genre, ())
    _check_progressions(genre.progressions)
    _check_drums(genre.drums)
    for role in ("bass", "harmony", "melody"):
        _check_pitched(role, getattr(genre, role))
    for role, palettes in PALETTES.items():
        style = getattr(genre, role)
        one_of((role, "palette"), style.palette, palettes)
        for name in style.settings:
            one_of((role, "settings", name), name, (*SETTINGS, *processor_names()))
    one_of(("bass", "approach"), genre.bass.approach, APPROACHES)
    one_of(("melody", "style"), genre.melody.style, MANNERS["melody"])
    one_of(("melody", "scale"), genre.melody.scale, MELODY_SCALES)


def _check_names(genre: Genre) -> None:
    if not NAME.fullmatch(genre.name):
        raise GenreFileError(("name",), f"'name' is {genre.name!r}, not small letters, digits and _")
    for i, word in enumerate(genre.words):
        if not re.search(r"\w", word):
            raise GenreFileError(("words", i), f"'words': {word!r} has no letter in it")


def _check_numbers(part: Any, path: Path) -> None:
    """Every number lies in its range, those of tables too."""
    for f in fields(part):
        value = getattr(part, f.name)
        if f.name in PARTS:
            _check_numbers(value, (f.name,))
        elif f.type == "Mapping[str, float]":
            for name, number in value.items():
                _inside((*path, f.name, name), number, RANGES.get(f.name, (0.0, 1.0)))
        elif f.type in ("int", "float"):
            _inside((*path, f.name), value, RANGES.get(f.name, (0.0, 1.0)))


def _check_progressions(progressions: Progressions) -> None:
    for mode in ("minor", "major"):
        for i, row in enumerate(getattr(progressions, mode)):
            for j, chord in enumerate(row):
                try:
                    parse_degree(chord)
                except EngineError as error:
                    raise GenreFileError(("progressions", mode, i, j), error.text) from error
    for i, bars in enumerate(progressions.bars_per_chord):
        if bars not in BARS_PER_CHORD:
            path: Path = ("progressions", "bars_per_chord", i)
            raise GenreFileError(path, f"'progressions.bars_per_chord' {bars:g} is not 0.5, 1, 2, 4 or 8")


def _check_drums(style: DrumStyle) -> None:
    for name in ("patterns", "fills"):
        for i, row in enumerate(getattr(style, name)):
            for voice, pattern in row.items():
                path: Path = ("drums", name, i, voice)
                one_of(path, voice, DRUM_VOICES)
                _pattern(path, pattern, HIT_CHARACTERS)
    for name in ("from_density", "late_ms", "rolls"):
        for voice in getattr(style, name):
            one_of(("drums", name, voice), voice, DRUM_VOICES)
    one_of(("drums", "groove"), style.groove, ("", *played().grooves))


def _check_pitched(role: str, style: BassStyle | HarmonyStyle | MelodyStyle) -> None:
    one_of((role, "curve"), style.curve, CURVE_SHAPES)
    for path, pattern in _patterns(role, style):
        _pattern(path, pattern, BASS_CHARACTERS if role == "bass" else HIT_CHARACTERS)
    for manner in style.manners:
        one_of((role, "manners", manner), manner, MANNERS[role])


def _patterns(role: str, style: BassStyle | HarmonyStyle | MelodyStyle) -> Iterator[tuple[Path, str]]:
    for i, pattern in enumerate(style.patterns):
        yield (role, "patterns", i), pattern
    for manner, patterns in style.manners.items():
        for i, pattern in enumerate(patterns):
            yield (role, "manners", manner, i), pattern


def _inside(path: Path, value: float, bounds: tuple[float, float]) -> None:
    low, high = bounds
    if not low <= value <= high:
        raise GenreFileError(path, f"{dotted(path)!r} {value:g} is outside {low:g} to {high:g}")


def one_of(path: Path, value: str, allowed: Iterable[str]) -> None:
    names = tuple(allowed)
    if value not in names:
        raise GenreFileError(path, f"{dotted(path)!r}: unknown {value!r}{_hint(value, names)}")


def _hint(value: Any, known: Iterable[str]) -> str:
    names = tuple(known)
    near = difflib.get_close_matches(str(value), names, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(n for n in names if n)}"


def dotted(path: Path) -> str:
    """`drums.patterns.kick`: the keys, without the places in lists."""
    return ".".join(key for key in path if isinstance(key, str))


def _pattern(path: Path, pattern: str, allowed: frozenset[str]) -> None:
    steps = steps_of(pattern)
    wrong = sorted(set(steps) - allowed)
    if wrong or len(steps) not in (PATTERN_STEPS, 2 * PATTERN_STEPS):
        what = f"has {wrong[0]!r} in it" if wrong else f"has {len(steps)} steps, not 16 or 32"
        raise GenreFileError(path, f"{dotted(path)!r}: {pattern!r} {what}")


@lru_cache(maxsize=1024)
def steps_of(pattern: str) -> str:
    """A pattern without the blanks and bar lines that make it readable."""
    return pattern.replace(" ", "").replace("|", "")
