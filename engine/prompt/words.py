"""The words a prompt may use, from `words.toml` and the genres' files, compiled once for looking up."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from importlib import resources
from typing import Any

from engine.errors import EngineError, unknown
from engine.music.genre import PALETTES, genres
from engine.music.key import MODES
from engine.music.score import DRUM_VOICES

TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?[#&]?[^\W_]*|[,.;:!?+&]")
SMALL = ("negation", "more", "less", "half", "double", "strongly", "slightly", "only", "boundary", "joint")


@dataclass(frozen=True)
class Quality:
    """What an adjective adds; see `words.toml`."""

    name: str
    words: tuple[str, ...]
    more: tuple[str, ...] = ()
    mood: bool = False
    mode: str | None = None
    energy: float = 0.0
    density: float = 0.0
    brightness: float = 0.0
    swing: float = 0.0
    humanize: float = 0.0
    octave: int = 0
    tempo: int = 0


@dataclass(frozen=True)
class Word:
    """A phrase understood. kind: genre, track, voice, sound, quality, comparison, or one of SMALL."""

    kind: str
    name: str
    text: str = ""
    quality: Quality | None = None
    voices: tuple[str, ...] = ()
    palettes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lexicon:
    """Phrases by their first token, the longest first."""

    phrases: Mapping[str, Sequence[tuple[tuple[str, ...], Word]]]

    def match(self, tokens: Sequence[str], place: int) -> tuple[Word | None, int]:
        """The longest phrase that begins at `place`, and how many tokens it takes (1 for an unknown word)."""
        for phrase, word in self.phrases.get(tokens[place], ()):
            if tuple(tokens[place : place + len(phrase)]) == phrase:
                return word, len(phrase)
        return None, 1


def tokens_of(text: str) -> list[str]:
    """Words and punctuation in small letters; hyphens and other signs part words."""
    return TOKEN.findall(text)


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    text = (resources.files("engine.prompt") / "words.toml").read_text(encoding="utf-8")
    found: dict[str, list[tuple[tuple[str, ...], Word]]] = {}
    for phrase, word in (*_genre_words(), *_listed_words(tomllib.loads(text))):
        tokens = tuple(tokens_of(phrase))
        found.setdefault(tokens[0], []).append((tokens, word))
    return Lexicon({first: sorted(rows, key=lambda row: -len(row[0])) for first, rows in found.items()})


Phrase = tuple[str, Word]


def _genre_words() -> Iterator[Phrase]:
    for genre in genres().values():
        for phrase in genre.words:
            yield phrase, Word("genre", genre.name, phrase)


def _listed_words(data: Mapping[str, Any]) -> Iterator[Phrase]:
    for section in data:
        if section not in ("tracks", "voices", "sounds", "qualities", "small"):
            raise unknown(
                "section of words.toml", section, ("tracks", "voices", "sounds", "qualities", "small")
            )
    for track, phrases in data["tracks"].items():
        for phrase in phrases:
            yield phrase, Word("track", track, phrase)
    for names, phrases in data["voices"].items():
        for phrase in phrases:
            yield phrase, Word("voice", names, phrase, voices=_voices(names))
    for name, sound in data["sounds"].items():
        yield from _sound_words(name, sound)
    for name, table in data["qualities"].items():
        yield from _quality_words(name, table)
    for kind, phrases in data["small"].items():
        if kind not in SMALL:
            raise unknown("kind of small word", kind, SMALL)
        for phrase in phrases:
            yield phrase, Word(kind, kind, phrase)


def _voices(names: str) -> tuple[str, ...]:
    voices = tuple(names.split())
    for voice in voices:
        if voice not in DRUM_VOICES:
            raise unknown("drum voice", voice, DRUM_VOICES)
    return voices


def _sound_words(name: str, sound: Mapping[str, Any]) -> Iterator[Phrase]:
    palettes = {role: palette for role, palette in sound.items() if role != "words"}
    for role, palette in palettes.items():
        if role not in PALETTES or palette not in PALETTES[role]:
            raise EngineError("file", f"words.toml: sound {name!r}: {role} has no palette {palette!r}")
    for phrase in sound["words"]:
        yield phrase, Word("sound", name, phrase, palettes=palettes)


def _quality_words(name: str, table: Mapping[str, Any]) -> Iterator[Phrase]:
    known = {f.name for f in fields(Quality)} - {"name"}
    for key in table:
        if key not in known:
            raise unknown(f"key of quality {name!r}", key, known)
    values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}
    quality = Quality(name, **values)
    assert quality.mode is None or quality.mode in MODES, quality
    for phrase in quality.words:
        yield phrase, Word("quality", name, phrase, quality)
    for phrase in quality.more:
        yield phrase, Word("comparison", name, phrase, quality)
