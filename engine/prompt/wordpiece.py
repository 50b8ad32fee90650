"""Text to the word pieces of BERT's uncased vocabulary, as all-MiniLM-L6-v2 was trained on them.

    "glacial" -> ["glacial"]          "gribbly" -> ["gr", "##ib", "##bly"]

`wordpiece.txt` is that vocabulary (bert-base-uncased, Google, Apache-2.0), one piece a line; a piece's
number is its line. The greedy longest match is that of Wu et al., "Google's Neural Machine Translation
System", 2016.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

WORD_OR_SIGN = re.compile(r"[^\W_]+|[^\s]")
LONGEST_WORD = 64  # characters; longer ones are no words


@lru_cache(maxsize=1)
def pieces() -> Mapping[str, int]:
    """Every piece with its number."""
    text = (resources.files("engine.prompt") / "wordpiece.txt").read_text(encoding="utf-8")
    return {piece: number for number, piece in enumerate(text.split("\n")) if piece}


def piece_numbers(text: str) -> list[int]:
    """The pieces of a text between [CLS] and [SEP]."""
    known = pieces()
    numbers = [known["[CLS]"]]
    for word in WORD_OR_SIGN.findall(_plain(text)):
        numbers += _numbers_of(word, known)
    return [*numbers, known["[SEP]"]]


def _plain(text: str) -> str:
    """Small letters without accents."""
    parts = unicodedata.normalize("NFD", text.lower())
    return "".join(letter for letter in parts if unicodedata.category(letter) != "Mn")


def _numbers_of(word: str, known: Mapping[str, int]) -> list[int]:
    unknown = [known["[UNK]"]]
    if len(word) > LONGEST_WORD:
        return unknown
    numbers: list[int] = []
    start = 0
    while start < len(word):
        sign = "##" if start else ""
        ends = (end for end in range(len(word), start, -1) if sign + word[start:end] in known)
        end = next(ends, None)
        if end is None:
            return unknown
        numbers.append(known[sign + word[start:end]])
        start = end
    return numbers
