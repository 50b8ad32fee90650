"""The words a prompt may use, compiled once for looking up; where they come from is in `listing`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.music.genre import per_genres

TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?[#&]?[^\W_]*|[,.;:!?+&]|w/o\b")
LIKE_MARK = "liketake"  # `keeping` leaves it where the prompt speaks of a take by number
LASTS_MARK = "lastsbars"  # `facts` leaves it before a section whose bars are said
QUALITIES = ("quality", "comparison", "either", "effect", "articulation", "manner", "rate", "style")
TARGETS = ("track", "voice")
CONTENT = (*QUALITIES, *TARGETS, "sound", "genre", "section", "profile", "like")


@dataclass(frozen=True)
class Quality:
    """What an adjective adds; see `qualities.toml`."""

    name: str
    words: tuple[str, ...]
    more: tuple[str, ...] = ()
    stems: tuple[str, ...] = ()
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
    """A phrase understood. `kind` says how it stands in a sentence (CONTENT, or a section of small.toml),
    the other fields what it asks for: "driving" is a quality and a manner of basses."""

    kind: str
    name: str
    text: str = ""
    quality: Quality | None = None
    voices: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()  # the voices that a bare mention asks for
    palettes: Mapping[str, str] = field(default_factory=dict)  # role -> palette; "" the genre's; first: alone
    form: bool = False  # a sound that gives way to another beside it
    manners: Mapping[str, str] = field(default_factory=dict)  # role -> manner
    alone: str = ""  # the role of a manner that stands by itself
    settings: Mapping[str, float] = field(default_factory=dict)
    articulation: str = ""
    section: str = ""
    profile: str = ""
    rate: float = 0.0
    style: str = ""  # the genre that it is the adjective of
    number: int = 0  # of a take
    within: tuple[Word, ...] = ()  # the words inside a name ("walking bass", "acid techno")


@dataclass(frozen=True)
class Lexicon:
    """Phrases by their first token, the longest first."""

    phrases: Mapping[str, Sequence[tuple[tuple[str, ...], Word]]]
    tokens: Mapping[str, int]  # every token of a phrase, and in how many it stands

    def match(self, tokens: Sequence[str], place: int) -> tuple[Word | None, int]:
        """The longest phrase that begins at `place`, and how many tokens it takes (1 for an unknown word)."""
        first = tokens[place]
        for phrase, word in self.phrases.get(first, ()):
            if tuple(tokens[place : place + len(phrase)]) == phrase:
                return word, len(phrase)
        for kind, mark in (("like", LIKE_MARK), ("lasts", LASTS_MARK)):
            if first.startswith(mark) and first[len(mark) :].isdecimal():
                return Word(kind, kind, first, number=int(first[len(mark) :])), 1
        return None, 1


def tokens_of(text: str) -> list[str]:
    """Words and punctuation in small letters; hyphens and other signs part words."""
    return TOKEN.findall(text)


@per_genres
def lexicon() -> Lexicon:
    from engine.prompt.listing import listed

    rows: dict[str, list[tuple[tuple[str, ...], Word]]] = {}
    counts: dict[str, int] = {}
    for tokens, word in listed().items():
        rows.setdefault(tokens[0], []).append((tokens, word))
        for token in tokens:
            counts[token] = counts.get(token, 0) + 1
    ordered = {first: sorted(found, key=lambda row: -len(row[0])) for first, found in rows.items()}
    return Lexicon(ordered, counts)
