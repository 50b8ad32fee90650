"""Address patterns of OSC 1.0: `?`, `*`, `[a-z]`, `[!a-z]`, `{bass,drums}`, each within one part of a path.

Matched by following every possible end at once, so no pattern can take long: a pattern is what a
stranger sends, and `*a*a*a*a*a` costs a backtracking matcher seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from engine.errors import EngineError

WILDCARDS = frozenset("*?[]{}")
MAX_PATTERN = 256  # characters

# From a position in the text to the positions where a match of this token may end.
Token = Callable[[str, int], Iterable[int]]


def is_pattern(text: str) -> bool:
    return not WILDCARDS.isdisjoint(text)


def matches(pattern: str, text: str) -> bool:
    """Whether a whole path fits a pattern; EngineError `type` where a bracket is not closed."""
    parts, texts = pattern.split("/"), text.split("/")
    return len(parts) == len(texts) and all(map(part_matches, parts, texts))


def part_matches(pattern: str, text: str) -> bool:
    """The same for one part, without a slash."""
    ends = {0}
    for token in _tokens(pattern):
        ends = {end for start in ends for end in token(text, start)}
    return len(text) in ends


@lru_cache(maxsize=256)
def _tokens(pattern: str) -> tuple[Token, ...]:
    if len(pattern) > MAX_PATTERN:
        raise EngineError("type", f"an address pattern of {len(pattern)} characters; {MAX_PATTERN} at most")
    tokens: list[Token] = []
    index = 0
    while index < len(pattern):
        sign = pattern[index]
        if sign in "[{":
            close = pattern.find("]" if sign == "[" else "}", index)
            if close < 0:
                raise EngineError("type", f"address pattern {pattern!r}: {sign} is not closed")
            inside = pattern[index + 1 : close]
            tokens.append(_one_of(inside) if sign == "[" else _words(inside.split(",")))
            index = close
        elif sign == "*":
            tokens.append(lambda text, start: range(start, len(text) + 1))
        elif sign == "?":
            tokens.append(lambda text, start: [start + 1] if start < len(text) else [])
        else:
            tokens.append(_words([sign]))
        index += 1
    return tuple(tokens)


def _words(words: list[str]) -> Token:
    return lambda text, start: [start + len(word) for word in words if text.startswith(word, start)]


def _one_of(inside: str) -> Token:
    """`a-z0` or, for everything else, `!a-z0`; a dash at the end means itself."""
    negated = inside.startswith("!")
    signs = inside[negated:]
    ranges = []
    while signs:
        if len(signs) > 2 and signs[1] == "-":
            ranges.append((signs[0], signs[2]))
            signs = signs[3:]
        else:
            ranges.append((signs[0], signs[0]))
            signs = signs[1:]

    def token(text: str, start: int) -> list[int]:
        if start >= len(text):
            return []
        inside_it = any(low <= text[start] <= high for low, high in ranges)
        return [start + 1] if inside_it != negated else []

    return token
