"""Slips of the pen put right before anything is read: "tecno with drivng bass" -> "techno with driving bass".

A word that no list knows becomes the nearest word of music, if that is one slip away (two in words of seven
letters and more). A slip: a letter too many, too few, another one, or two swapped; one beside it on the
keyboard, and a swap, count less. English words of `common.txt` are never touched, however near.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources

from engine.music.genre import per_genres
from engine.prompt.words import CONTENT, Word, lexicon

SHORTEST, TWO_SLIPS_FROM = 4, 7
MOST_WORDS = 24  # of one prompt, so that a long text is read as fast as a short one
WORD = re.compile(r"(?<![\w#'’&])[^\W\d_]{4,20}(?![\w'’])")
EXTRA = (
    "major", "minor", "dorian", "phrygian", "lydian", "mixolydian", "locrian", "aeolian", "harmonic", "tempo",
    "waltz", "without", "around", "andante", "allegro", "adagio", "slightly", "rhythm",
)  # fmt: skip
# Words that the keys and tempi look for.
ELSEWHERE = frozenset((
    "majeur", "mineur", "mayor", "menor", "maggiore", "minore", "bémol", "bemol", "dièse", "diese",
    "moll", "takte", "takten", "tonart", "grave", "lento", "vivace", "presto", "largo", "moderato",
    "phrygisch", "dorisch", "lydisch", "mixolydisch", "walzer", "sharp", "flat", "quarter", "semitone",
    "halbton",
))  # fmt: skip
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
BESIDE = 0.7  # of a slip: the next key
SWAPPED = 0.6
DOUBLED = 0.7  # a letter doubled, or one of a double missing
FIRST_LETTER = 0.4  # more where the first letter is wrong: people rarely miss that one
ONE, TWO = 1.0, 2.0


def corrected(text: str) -> str:
    """The text with its slips put right."""
    left = MOST_WORDS

    def right(match: re.Match[str]) -> str:
        nonlocal left
        word = match.group().lower()
        if word in _untouched() or left <= 0:
            return match.group()
        left -= 1
        return _nearest(word) or match.group()

    return WORD.sub(right, text)


def warm() -> None:
    """Build the tables, so that the first slip is put right as fast as the next."""
    _untouched()
    _index()


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    lines = (resources.files("engine.prompt") / "common.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@per_genres
def _untouched() -> frozenset[str]:
    return frozenset(lexicon().tokens) | common_words() | frozenset(EXTRA) | ELSEWHERE


@per_genres
def _targets() -> dict[str, int]:
    """The words a slip may have been meant as, with the number of phrases they stand in."""
    found: dict[str, int] = {}
    for rows in lexicon().phrases.values():
        for phrase, word in rows:
            for token in phrase:
                if _is_musical(word, token):
                    found[token] = found.get(token, 0) + 1
    return {**dict.fromkeys(EXTRA, 3), **found}


def _is_musical(word: Word, token: str) -> bool:
    return word.kind in CONTENT and len(token) >= SHORTEST and token.isalpha() and token not in common_words()


@per_genres
def _index() -> dict[str, tuple[str, ...]]:
    """Words by what is left of them when one or two letters are gone (symmetric deletion)."""
    rows: dict[str, set[str]] = {}
    for word in _targets():
        for rest in _shortened(word, 2 if len(word) > SHORTEST else 1):
            rows.setdefault(rest, set()).add(word)
    return {rest: tuple(words) for rest, words in rows.items()}


def _shortened(word: str, depth: int) -> Iterator[str]:
    yield word
    if depth:
        for i in range(len(word)):
            yield from _shortened(word[:i] + word[i + 1 :], depth - 1)


@per_genres
def _nearest(word: str) -> str | None:
    slips = 2 if len(word) > SHORTEST else 1
    near: set[str] = set()
    for rest in set(_shortened(word, slips)):
        near.update(_index().get(rest, ()))
    rated = [
        (cost, -_targets()[other], other)
        for other in near
        if (cost := _cost(word, other)) <= _allowed(word, other)
    ]
    if rated:
        return min(rated)[2]
    return _parted(word)


def _allowed(typed: str, meant: str) -> float:
    """Two slips in long words, and in shorter ones whose consonants are right ("snair")."""
    if min(len(typed), len(meant)) >= TWO_SLIPS_FROM:
        return TWO
    if len(typed) > SHORTEST and typed[0] == meant[0] and sorted(typed) == sorted(meant):
        return TWO  # "tehnco"
    same = len(typed) > SHORTEST and _consonants(typed) == _consonants(meant) and typed[0] == meant[0]
    return TWO if same else ONE


def _consonants(word: str) -> str:
    return "".join(letter for letter in word if letter not in "aeiouyäöü")


def _parted(word: str) -> str | None:
    """Two words of music written as one: "slapbass"."""
    known = _targets()
    for cut in range(SHORTEST - 1, len(word) - SHORTEST + 2):
        first, second = word[:cut], word[cut:]
        if (
            len(word) >= 2 * SHORTEST
            and first in _known_all()
            and second in _known_all()
            and (first in known or second in known)
        ):
            return f"{first} {second}"
    return None


@per_genres
def _known_all() -> frozenset[str]:
    """What a compound may be made of: whole phrases of one word that say something about music."""
    one_word = (
        phrase[0]
        for rows in lexicon().phrases.values()
        for phrase, word in rows
        if len(phrase) == 1 and word.kind in CONTENT
    )
    return frozenset(word for word in one_word if len(word) >= SHORTEST - 1 and word.isalpha())


def _cost(typed: str, meant: str) -> float:
    """Restricted Damerau-Levenshtein distance with the costs above; more than 2 as soon as it is plain."""
    if abs(len(typed) - len(meant)) > 2:
        return 9.0
    before: list[float] = []
    row = [float(j) for j in range(len(meant) + 1)]
    for i, a in enumerate(typed, 1):
        after = [float(i)] + [0.0] * len(meant)
        for j, b in enumerate(meant, 1):
            swap = 9.0
            if i > 1 and j > 1 and a == meant[j - 2] and typed[i - 2] == b and a != b:
                swap = before[j - 2] + SWAPPED
            gone = row[j] + (DOUBLED if i > 1 and a == typed[i - 2] else 1.0)
            missing = after[j - 1] + (DOUBLED if j > 1 and b == meant[j - 2] else 1.0)
            after[j] = min(row[j - 1] + _replaced(a, b), gone, missing, swap)
        before, row = row, after
    return row[-1] + (FIRST_LETTER if typed[0] != meant[0] and len(typed) < TWO_SLIPS_FROM else 0.0)


@lru_cache(maxsize=1024)
def _replaced(a: str, b: str) -> float:
    if a == b:
        return 0.0
    places = {letter: (y, x + y * 0.4) for y, row in enumerate(ROWS) for x, letter in enumerate(row)}
    if a in places and b in places:
        (y, x), (v, u) = places[a], places[b]
        if abs(y - v) <= 1 and abs(x - u) <= 1.0:
            return BESIDE
    return 1.0
