"""Arguments that a map leaves to the moment: `$value`, `$toggle`, `$take 3` …

$value            position of a knob or velocity of a pad, scaled into `range`; of a text with choices, one
$toggle, $gate    the opposite of what is; 1 while pressed and 0 when let go
$next, $previous  the choice or whole number after, or before, the present one
$take N           the N-th take of the page; `$take` alone: by the knob's position; `$take next`
$scene N          the N-th scene of the page, or a new name where there is none yet; also next, new
$prompt LIST N    the N-th prompt of a list in [prompts]
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

VALUE, TOGGLE, GATE, NEXT, PREVIOUS = "$value", "$toggle", "$gate", "$next", "$previous"
SUPPLIED = (VALUE, TOGGLE, GATE, NEXT, PREVIOUS, "$take N", "$scene N", "$prompt LIST N")
STEPS = {"next": 1, "previous": -1}


@dataclass(frozen=True)
class Word:
    """`name` without the dollar; `number` counts from 1, 0 where none is given; `step` is +1 or -1."""

    name: str
    list: str = ""
    number: int = 0
    step: int = 0


@functools.cache
def read_word(text: object) -> Word | None:
    """The word that an argument is; None for a plain value. ValueError for one that there is not."""
    if not isinstance(text, str) or not text.startswith("$"):
        return None
    name, *rest = text[1:].split() or [""]
    if text in (VALUE, TOGGLE, GATE):
        return Word(name)
    if text in (NEXT, PREVIOUS):
        return Word("step", step=STEPS[name])
    if name == "prompt" and len(rest) == 2:
        return Word(name, rest[0], _number(rest[1]))
    if text == "$scene new":
        return Word(name, "new")
    if name in ("take", "scene") and len(rest) == 1:
        return Word(name, step=STEPS[rest[0]]) if rest[0] in STEPS else Word(name, number=_number(rest[0]))
    if text == "$take":
        return Word(name)
    raise ValueError(text)


def _number(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ValueError(text)
    return int(text)


def words_in(args: Sequence[Any]) -> list[Word]:
    return [word for word in map(read_word, args) if word is not None]


def follows_position(args: Sequence[Any]) -> bool:
    """Whether a knob's every move counts: an argument is where it stands."""
    return any(word in (Word("value"), Word("take")) for word in words_in(args))
