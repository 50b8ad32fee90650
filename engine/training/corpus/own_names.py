"""What the name of a musician's file says: its role in the band, its song, and words for its sound."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any

NOT_A_STEM = "none"
KEY_WORD = re.compile(r"[a-g](?:b|m|min|maj|bm)?")


@dataclass(frozen=True)
class Named:
    """`role`: one of the band's, NOT_A_STEM, or empty where the name does not say; `said`: the words that say
    it. `before`, `after`: those on either side, without fillers and numbers of tracks or tempi."""

    role: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    said: tuple[str, ...] = ()
    is_loop: bool = False


def words_of(text: str) -> list[str]:
    """`LeadSynth_01 (dry)` -> lead, synth, 01, dry."""
    apart = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", " ", text)
    return re.findall(r"[^\W_]+", apart.lower())


def read_name(stem: str, shared: int = 0) -> Named:
    """The name of a file without its ending. The first `shared` words are those of its neighbours too: they
    name a song, and say the role only where the others do not."""
    words = words_of(stem)
    role, places = _role_in(words, shared)
    if not role:
        role, places = _role_in(words, 0)
    first = min(places, default=len(words))
    before = [word for word in words[:first] if _tells(word)]
    if before and before[0].isdigit():  # the number of a track, in front
        del before[0]
    after = [word for place, word in enumerate(words) if place > first and place not in places]
    told = tuple(word for word in after if _tells(word) and not word.isdigit())
    said = tuple(words[place] for place in sorted(places))
    return Named(role, tuple(before), told, said, says_loop(stem))


def folder_role(name: str) -> str:
    """The role that a folder is named after (`Drums`, `02 Bass`); empty where another word is in its name."""
    words = [word for word in words_of(name) if not word.isdigit() and word not in table()["filler"]]
    role, places = _role_in(words, 0)
    rest = [word for place, word in enumerate(words) if place not in places]
    return role if role and not any(not _role_in([word], 0)[0] for word in rest) else ""


def says_loop(name: str) -> bool:
    return any(word.strip("0123456789") in table()["loops"] for word in words_of(name))


def shared_words(stems: list[str]) -> dict[str, int]:
    """How many words in front each name shares with all the others that begin with its first word."""
    by_first: dict[str, list[list[str]]] = {}
    for stem in stems:
        words = words_of(stem)
        by_first.setdefault(words[0] if words else "", []).append(words)
    counts = {first: _common(group) if len(group) > 1 else 0 for first, group in by_first.items()}
    return {stem: counts[(words_of(stem) or [""])[0]] for stem in stems}


def _common(group: list[list[str]]) -> int:
    return next(
        (place for place, column in enumerate(zip(*group, strict=False)) if len(set(column)) > 1),
        min(len(words) for words in group),
    )


def _role_in(words: list[str], start: int) -> tuple[str, set[int]]:
    """(role, places of the words that say it) of the words from `start` on."""
    for role, *patterns in table()["rules"]:
        places = [_first_like(words, start, pattern) for pattern in patterns]
        if all(place is not None for place in places):
            return str(role), {place for place in places if place is not None}
    return "", set()


def _first_like(words: list[str], start: int, pattern: str) -> int | None:
    for place in range(start, len(words)):
        if fnmatchcase(words[place], pattern) or fnmatchcase(words[place].strip("0123456789"), pattern):
            return place
    return None


def _tells(word: str) -> bool:
    return (
        word not in table()["filler"] and not re.fullmatch(r"\d*bpm\d*|\d+bars?|v\d+", word)
        and not KEY_WORD.fullmatch(word)
    )  # fmt: skip


@cache
def table() -> dict[str, Any]:
    """own_words.toml."""
    return tomllib.loads(resources.files(__package__).joinpath("own_words.toml").read_text(encoding="utf-8"))
