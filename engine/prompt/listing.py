"""Every phrase with what it asks for, gathered from the word lists, the genres' files and the palettes'.

One phrase may stand in several lists: what it asks for is then all of it, and the list that comes first
says how it stands in a sentence ("driving" is a quality that also names a manner of basses).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from importlib import resources
from typing import Any

from engine.errors import EngineError, unknown
from engine.instruments.palette import NAMES, PALETTES
from engine.music.genre import genres
from engine.music.key import MODES
from engine.music.score import DRUM_VOICES, SECTIONS
from engine.prompt.music_context import ARTICULATION_WORDS, MANNERS, PROFILES
from engine.prompt.words import Quality, Word, tokens_of

SECTION_NAMES = (
    "tracks", "silent", "voices", "wants", "sounds", "manners", "alone", "effects", "articulations", "styles",
    "aliases", "borrowed", "sections", "profiles", "rates",
)  # fmt: skip
SMALL = (
    "negation", "more", "less", "half", "double", "strongly", "slightly", "mildly", "only", "boundary",
    "attaching", "joint", "off", "except", "pronoun", "whole", "link", "everyone", "again", "filler",
)  # fmt: skip
# German endings: "dunkel" -> dunkle, dunklen …; with -er it is an adjective before a noun, else a comparison.
ENDINGS = ("", "e", "en", "em", "es")
PALETTE_ROLES = ("harmony", "melody", "bass", "drums")  # whose sound a word means that several roles have
Tokens = tuple[str, ...]


@dataclass
class Listing:
    """Phrases on their way to a lexicon."""

    words: dict[Tokens, Word] = field(default_factory=dict)

    def add(self, phrase: str, word: Word) -> None:
        """`word` under its phrase; where one stands there already, that one with what it lacks."""
        tokens = tuple(tokens_of(phrase))
        held = self.words.get(tokens)
        self.words[tokens] = merged(held, word) if held else replace(word, text=phrase)


def merged(held: Word, more: Word) -> Word:
    """`held` with what only `more` says; a sound's palettes and a manner's roles are joined."""
    joined = {
        name: {**getattr(more, name), **getattr(held, name)} for name in ("palettes", "manners", "settings")
    }
    joined["palettes"] = {**held.palettes, **joined["palettes"]}  # the first role stays the first
    if held.kind in ("genre", "track", "voice"):
        joined["palettes"] = dict(held.palettes)
    lacking: dict[str, Any] = {
        f.name: getattr(more, f.name)
        for f in fields(Word)
        if f.name not in ("kind", "name", "text", *joined) and not getattr(held, f.name)
    }
    return replace(held, **{**lacking, **joined})


def table(file: str) -> dict[str, Any]:
    return tomllib.loads((resources.files("engine.prompt") / file).read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def words_table() -> dict[str, Any]:
    data = table("words.toml")
    for section in data:
        _one_of("section of words.toml", section, SECTION_NAMES)
    return data


def listed() -> Mapping[Tokens, Word]:
    data, found = words_table(), Listing()
    _targets(found, data)
    _genres(found, data)
    _sounds(found, data)
    _forms(found, data)
    for name, values in table("qualities.toml").items():
        _quality(found, name, values)
    _effects(found, data)
    _manners(found, data)
    for kind, phrases in table("small.toml").items():
        _one_of("kind of small word", kind, SMALL)
        for phrase in phrases:
            found.add(phrase, Word(kind, kind))
    _palettes(found)
    return {tokens: _with_inner(tokens, word, found.words) for tokens, word in found.words.items()}


INNER = {
    "sound": ("quality", "manner", "effect", "articulation", "track"),
    "genre": ("quality", "sound"),
}  # fmt: skip


def _with_inner(tokens: Tokens, word: Word, words: Mapping[Tokens, Word]) -> Word:
    """A name of several words says what those say too: "acid techno" has an acid bass."""
    if len(tokens) < 2 or word.kind not in INNER:
        return word
    parts = [words[(token,)] for token in tokens if (token,) in words]
    inner = [
        part for part in parts if part.kind in INNER[word.kind] and not (part.quality and part.quality.tempo)
    ]
    ways = [part.manners for part in parts if part.form]  # "brass stabs" are stabs
    manners = {role: manner for way in ways for role, manner in way.items() if role in word.palettes}
    return replace(word, within=tuple(inner), manners={**manners, **word.manners})


def genre_like(name: str) -> str:
    """The genre of that name, or the one that has it among its words; "" where none has."""
    if name in genres():
        return name
    plain = name.replace("_", " ")
    return next((genre.name for genre in genres().values() if plain in genre.words), "")


def borrowed_manner(genre: str, role: str) -> str | None:
    """How a track plays that is borrowed from another genre ("techno with dubstep bass")."""
    manner = words_table()["borrowed"].get(genre, {}).get(role)
    return manner if manner is None else str(manner)


# --- one list each ------------------------------------------------------------------------------------


def _targets(found: Listing, data: Mapping[str, Any]) -> None:
    for track, phrases in data["tracks"].items():
        for phrase in phrases:
            found.add(phrase, Word("track", track))
    for track, phrases in data["silent"].items():
        for phrase in phrases:
            found.add(phrase, Word("track", track, number=-1))
    for names, phrases in data["voices"].items():
        voices = tuple(names.split())
        for voice in voices:
            _one_of("drum voice", voice, DRUM_VOICES)
        wants = tuple(data["wants"].get(names, voices))
        for phrase in phrases:
            found.add(phrase, Word("voice", names, voices=voices, wants=wants))


def _genres(found: Listing, data: Mapping[str, Any]) -> None:
    for genre in genres().values():
        for phrase in (*genre.words, genre.name.replace("_", " ")):
            found.add(phrase, Word("genre", genre.name))
    for name, phrases in data["aliases"].items():
        for phrase in phrases:
            if genre_like(name):
                found.words[tuple(tokens_of(phrase))] = Word("genre", genre_like(name), phrase)


def _sounds(found: Listing, data: Mapping[str, Any]) -> None:
    for name, sound in data["sounds"].items():
        palettes = {role: palette for role, palette in sound.items() if role not in ("words", "form")}
        for role, palette in palettes.items():
            if role not in NAMES or palette not in ("", *NAMES[role]):
                raise EngineError("file", f"words.toml: sound {name!r}: {role} has no palette {palette!r}")
        for phrase in sound["words"]:
            own = {**palettes, **_palettes_called(phrase, palettes)}
            found.add(phrase, Word("sound", name, palettes=own, form=bool(sound.get("form"))))


@lru_cache(maxsize=1)
def _called() -> Mapping[Tokens, Mapping[str, str]]:
    """What the palettes' own files say they are called: phrase -> role -> palette."""
    rows: dict[Tokens, dict[str, str]] = {}
    for role in PALETTE_ROLES:
        for name in NAMES[role]:
            for phrase in PALETTES[name].words:
                rows.setdefault(tuple(tokens_of(phrase.lower())), {}).setdefault(role, name)
    return rows


def _palettes_called(phrase: str, roles: Mapping[str, str]) -> dict[str, str]:
    """A palette that calls itself so outranks the stand-in of the list; other roles of its follow."""
    return dict(_called().get(tuple(tokens_of(phrase)), {}))


def _palettes(found: Listing) -> None:
    """The palettes' own names, but for those that begin with a genre: that is a track borrowed from it."""
    for tokens, palettes in _called().items():
        first = found.words.get(tokens[:1])
        if not tokens or tokens in found.words or (first is not None and first.kind == "genre"):
            continue
        if (
            first is not None
            and len(tokens) > 1
            and (first.manners or first.articulation or _is_feel(first))
            and first.kind != "sound"
        ):
            continue  # "walking bass", "swung drums": a way of playing, for any bass or drums
        found.add(" ".join(tokens), Word("sound", next(iter(palettes.values())), palettes=palettes))


def _is_feel(word: Word) -> bool:
    return word.quality is not None and bool(word.quality.swing)


def _forms(found: Listing, data: Mapping[str, Any]) -> None:
    for section, phrases in data["sections"].items():
        _one_of("section", section, SECTIONS)
        for phrase in phrases:
            found.add(phrase, Word("section", section, section=section))
    for profile, phrases in data["profiles"].items():
        _one_of("profile", profile, PROFILES)
        for phrase in phrases:
            found.add(phrase, Word("profile", profile, profile=profile))
    for name, row in data["rates"].items():
        for phrase in row["words"]:
            found.add(phrase, Word("rate", name, rate=float(row["rate"])))


def _quality(found: Listing, name: str, values: Mapping[str, Any]) -> None:
    known = {f.name for f in fields(Quality)} - {"name"}
    for key in values:
        _one_of(f"key of quality {name!r}", key, known)
    typed: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
    quality = Quality(name, **typed)
    assert quality.mode is None or quality.mode in MODES, quality
    for phrase in quality.words:
        found.add(phrase, Word("quality", name, quality=quality))
    for phrase in quality.more:
        found.add(phrase, Word("comparison", name, quality=quality))
    for stem in quality.stems:
        for ending in ENDINGS:
            found.add(stem + ending, Word("quality", name, quality=quality))
        found.add(stem + "er", Word("either", name, quality=quality))


def _effects(found: Listing, data: Mapping[str, Any]) -> None:
    for name, row in data["effects"].items():
        settings = {key: float(value) for key, value in row.items() if key != "words"}
        for phrase in row["words"]:
            found.add(phrase, Word("effect", name, settings=settings))
    for how, phrases in data["articulations"].items():
        _one_of("articulation", how, ARTICULATION_WORDS)
        for phrase in phrases:
            found.add(phrase, Word("articulation", how, articulation=how))


def _manners(found: Listing, data: Mapping[str, Any]) -> None:
    for role, manners in data["manners"].items():
        for manner, phrases in manners.items():
            _one_of(f"manner of {role}", manner, MANNERS[role])
            alone = role if data["alone"].get(manner) == role else ""
            for phrase in phrases:
                found.add(phrase, Word("manner", manner, manners={role: manner}, alone=alone))
    for name, phrases in data["styles"].items():
        for phrase in phrases:
            if genre_like(name):
                found.add(phrase, Word("style", name, style=genre_like(name)))


def _one_of(what: str, value: str, allowed: Any) -> None:
    if value not in allowed:
        raise unknown(what, value, allowed)
