"""How much room a text takes, as far as it can be told without the font."""

from __future__ import annotations

from functools import cache

from max_for_live.sources import source_toml

EM = 1000


@cache
def _widths() -> dict[str, int]:
    table = source_toml("letters.toml")["width"]
    return {letter: int(width) for width, letters in table.items() for letter in letters}


def text_width(text: str, size: float) -> float:
    """Pixels of one line."""
    return sum(_widths()[letter] for letter in text) * size / EM


def wrapped(text: str, size: float, width: float) -> list[str]:
    """The lines of a text that is broken between words."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer, size) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
