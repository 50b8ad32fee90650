"""Genres as data: one TOML file each in `genres/`; the file's fields are the fields of these classes.

Patterns are strings of sixteenths of 4/4, one or two bars long; blanks and bar lines are for the eye:

    drums, melody, harmony   X accent  x note  o soft  g ghost (sometimes)  1-9 chance  - held  . rest
    bass                     R root  3 5 7 of the chord  8 octave  a step towards the next root  r soft root
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import lru_cache
from importlib import resources
from typing import Any

from engine.audio.processors import processor_names
from engine.errors import EngineError
from engine.instruments.palette import NAMES as PALETTES
from engine.instruments.palette import SETTINGS
from engine.music.grid import PATTERN_STEPS
from engine.music.key import Key
from engine.music.score import DRUM_VOICES, SECTIONS
from engine.music.theory import parse_degree
from engine.prompt.music_context import MANNERS
from engine.units import MAX_TEMPO_BPM, MIN_TEMPO_BPM

DEFAULT_GENRE = "house"
APPROACHES = ("diatonic", "chromatic", "mixed")
MELODY_SCALES = ("", "pentatonic", "blues")
CURVE_SHAPES = ("flat", "rise", "arch", "wave")
HIT_CHARACTERS = frozenset("Xxog123456789-.")
BASS_CHARACTERS = frozenset("Rr3578a-.")


@dataclass(frozen=True)
class DrumStyle:
    palette: str
    patterns: tuple[Mapping[str, str], ...]
    fills: tuple[Mapping[str, str], ...] = ()
    fill_chance: float = 0.5
    from_density: Mapping[str, float] = field(default_factory=dict)  # voices that enter with density
    late_ms: Mapping[str, float] = field(default_factory=dict)
    crash: float = 0.0  # chance of a crash on the first downbeat
    ghosts: float = 0.3  # how readily ghost notes join on weak places
    groove: str = ""  # a groove of grooves.toml (micro-timing and accents measured in played music)
    settings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class BassStyle:
    palette: str
    patterns: tuple[str, ...]
    lock: float = 0.6  # how much it follows the kick it hears
    centre: int = 36
    gate: float = 0.85  # sounding share of a note's steps
    glide: float = 0.1
    sustain: bool = False  # one long note a chord
    approach: str = "diatonic"  # how it steps into the next root: diatonic, chromatic or mixed
    manners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # patterns for "walking" …
    curve: str = "flat"
    settings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class HarmonyStyle:
    palette: str
    patterns: tuple[str, ...]
    centre: int = 63
    gate: float = 0.9
    spread: bool = False
    strum_ms: float = 0.0
    sustain: bool = False
    extensions: float = 0.2  # how readily plain triads become sevenths and ninths
    tension: float = 0.2  # how readily a phrase ends on a suspension or dominant that resolves
    manners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # patterns for "stab" …
    curve: str = "flat"
    settings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class MelodyStyle:
    palette: str
    patterns: tuple[str, ...]
    style: str = "motif"  # how it plays where the prompt does not say: of MANNERS
    centre: int = 76
    gate: float = 0.9
    rest: float = 0.2  # chance that a unit of the phrase is left empty
    leap: float = 0.15  # chance of a leap where a step would do
    scale: str = ""  # "pentatonic", "blues"; "": the key's own
    manners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # patterns for "hook" …
    curve: str = "flat"
    settings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Progressions:
    """Chords as degrees (see `theory`), for keys with a minor and with a major third."""

    bars_per_chord: tuple[float, ...]
    minor: tuple[tuple[str, ...], ...]
    major: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Genre:
    name: str
    words: tuple[str, ...]
    tempo_bpm: tuple[float, float]
    key: Key
    progressions: Progressions
    drums: DrumStyle
    bass: BassStyle
    harmony: HarmonyStyle
    melody: MelodyStyle
    energy: float = 0.5
    density: float = 0.5
    brightness: float = 0.5
    swing: float = 0.0
    swing_unit: int = 16  # the note that swings: 8 or 16
    humanize: float = 0.3
    sidechain: float = 0.0  # how deep harmony, bass and melody give way to the kick
    forms: tuple[tuple[str, ...], ...] = ()  # orders of sections for long loops, of score.SECTIONS

    @property
    def typical_tempo_bpm(self) -> float:
        return float(round(sum(self.tempo_bpm) / 2))


PARTS: dict[str, type] = {
    "progressions": Progressions, "drums": DrumStyle, "bass": BassStyle,
    "harmony": HarmonyStyle, "melody": MelodyStyle,
}  # fmt: skip


def parse_genre(text: str, file: str) -> Genre:
    """A genre from the text of its file; EngineError `file` that names the file and what is wrong in it."""
    try:
        data = tomllib.loads(text)
        data["key"] = Key.parse(str(data.get("key", "Am")))
        for part, kind in PARTS.items():
            data[part] = _build(kind, _table(data.get(part), part), part)
        genre: Genre = _build(Genre, data, "")
        _check(genre)
        return genre
    except tomllib.TOMLDecodeError as error:
        raise EngineError("file", f"genre {file}: {error}") from error
    except EngineError as error:
        raise EngineError("file", f"genre {file}: {error.text}") from error


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EngineError("file", f"[{where}] is missing")
    return value


def _build(kind: type, data: Mapping[str, Any], where: str) -> Any:
    """`kind(**data)` with lists as tuples; unknown, missing and wrongly typed fields are refused by name."""
    known = {f.name: f for f in fields(kind)}
    for name in data:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(known)}"
            raise EngineError("file", f"unknown key {_dotted(where, name)!r}{hint}")
    for name, spec in known.items():
        needed = spec.default is MISSING and spec.default_factory is MISSING
        if needed and name not in data:
            raise EngineError("file", f"{_dotted(where, name)!r} is missing")
    return kind(
        **{name: _typed(known[name].type, value, _dotted(where, name)) for name, value in data.items()}
    )


def _dotted(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _typed(annotation: Any, value: Any, name: str) -> Any:
    """`value` as the annotation has it (lists become tuples, blanks leave patterns)."""
    match annotation:
        case "str":
            good = isinstance(value, str)
        case "int":
            good = isinstance(value, int) and not isinstance(value, bool)
        case "float":
            good = isinstance(value, int | float) and not isinstance(value, bool)
        case "bool":
            good = isinstance(value, bool)
        case "tuple[str, ...]":
            good = _all(value, str)
        case "tuple[float, ...]" | "tuple[float, float]":
            good = _all(value, (int, float)) and (annotation.endswith("...]") or len(value) == 2)
        case "tuple[tuple[str, ...], ...]":
            good = _all(value, list) and all(_all(row, str) for row in value)
            return tuple(tuple(row) for row in value) if good else _refuse(name, annotation, value)
        case "Mapping[str, tuple[str, ...]]":
            good = isinstance(value, dict) and all(_all(row, str) for row in value.values())
            return (
                {key: tuple(row) for key, row in value.items()} if good else _refuse(name, annotation, value)
            )
        case "tuple[Mapping[str, str], ...]":
            good = _all(value, dict) and all(_all(list(row.values()), str) for row in value)
        case "Mapping[str, float]":
            good = isinstance(value, dict) and (not value or _all(list(value.values()), (int, float)))
        case _:
            good = True
    if not good:
        _refuse(name, annotation, value)
    return tuple(value) if isinstance(value, list) else value


def _all(value: Any, kind: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, kind) for item in value)


def _refuse(name: str, annotation: str, value: Any) -> None:
    raise EngineError("file", f"{name!r} is {value!r}, not {annotation}")


# --- what a file says must also make sense ----------------------------------------------------------


def _check(genre: Genre) -> None:
    low, high = genre.tempo_bpm
    if not MIN_TEMPO_BPM <= low <= high <= MAX_TEMPO_BPM:
        raise EngineError("file", f"'tempo_bpm' {low:g} to {high:g} is not inside 40 to 240")
    for name in ("energy", "density", "brightness", "swing", "humanize"):
        _inside(name, getattr(genre, name))
    if genre.swing_unit not in (8, 16):
        raise EngineError("file", f"'swing_unit' is {genre.swing_unit}, not 8 or 16")
    for row in (*genre.progressions.minor, *genre.progressions.major):
        for chord in row:
            parse_degree(chord)
    for bars in genre.progressions.bars_per_chord:
        if bars not in (0.5, 1, 2, 4, 8):
            raise EngineError("file", f"'progressions.bars_per_chord' {bars:g} is not 0.5, 1, 2, 4 or 8")
    for role, allowed in PALETTES.items():
        style = getattr(genre, role)
        _one_of(f"{role}.palette", style.palette, allowed)
        for name, value in style.settings.items():
            _one_of(f"{role}.settings", name, (*SETTINGS, *processor_names()))
            _inside(f"{role}.settings.{name}", value)
        if role != "drums":
            _one_of(f"{role}.curve", style.curve, CURVE_SHAPES)
            for pattern in style.patterns:
                _pattern(f"{role}.patterns", pattern, BASS_CHARACTERS if role == "bass" else HIT_CHARACTERS)
            for manner, patterns in style.manners.items():
                _one_of(f"{role}.manners", manner, MANNERS[role])
                for pattern in patterns:
                    _pattern(
                        f"{role}.manners.{manner}",
                        pattern,
                        BASS_CHARACTERS if role == "bass" else HIT_CHARACTERS,
                    )
    _one_of("melody.style", genre.melody.style, MANNERS["melody"])
    _one_of("melody.scale", genre.melody.scale, MELODY_SCALES)
    _one_of("bass.approach", genre.bass.approach, APPROACHES)
    _inside("sidechain", genre.sidechain)
    for form in genre.forms:
        for section in form:
            _one_of("forms", section, SECTIONS)
    for name, rows in (("drums.patterns", genre.drums.patterns), ("drums.fills", genre.drums.fills)):
        for voices in rows:
            for voice, pattern in voices.items():
                _one_of(name, voice, DRUM_VOICES)
                _pattern(f"{name}.{voice}", pattern, HIT_CHARACTERS)
    for voice in (*genre.drums.from_density, *genre.drums.late_ms):
        _one_of("drums.from_density and drums.late_ms", voice, DRUM_VOICES)


def _inside(name: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise EngineError("file", f"{name!r} {value:g} is outside 0 to 1")


def _one_of(name: str, value: str, allowed: Any) -> None:
    if value not in allowed:
        near = difflib.get_close_matches(value, allowed, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(allowed)}"
        raise EngineError("file", f"{name!r}: unknown {value!r}{hint}")


def _pattern(name: str, pattern: str, allowed: frozenset[str]) -> None:
    steps = steps_of(pattern)
    wrong = sorted(set(steps) - allowed)
    if wrong or len(steps) not in (PATTERN_STEPS, 2 * PATTERN_STEPS):
        what = f"has {wrong[0]!r} in it" if wrong else f"has {len(steps)} steps, not 16 or 32"
        raise EngineError("file", f"{name!r}: {pattern!r} {what}")


@lru_cache(maxsize=1024)
def steps_of(pattern: str) -> str:
    """A pattern without the blanks and bar lines that make it readable."""
    return pattern.replace(" ", "").replace("|", "")


# --- the bundled genres -----------------------------------------------------------------------------


@lru_cache(maxsize=1)
def genres() -> Mapping[str, Genre]:
    """Every bundled genre by name, loaded once."""
    found = {}
    folder = resources.files("engine.music") / "genres"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            genre = parse_genre(file.read_text(encoding="utf-8"), file.name)
            found[genre.name] = genre
    return found


def genre_named(name: str) -> Genre:
    """The genre, or the default one for a name that no file has (a context from another installation)."""
    return genres().get(name) or genres()[DEFAULT_GENRE]
