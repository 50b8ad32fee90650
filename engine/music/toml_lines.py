"""Where in a TOML text a value stands: tomllib names the line of bad TOML, not that of a bad value."""

from __future__ import annotations

import tomllib
from typing import Any

Path = tuple[str | int, ...]  # keys, and places in lists: ("drums", "patterns", 1, "kick")
# What may close a text that was cut off inside a value.
CLOSERS = ("", "]", "]]")


def line_of(text: str, path: Path) -> int | None:
    """The line, from 1, on which the value at `path` ends; None where the text does not have it.

    The shortest beginning of the text that, closed, holds the value ends on that line. A key that is
    missing has no line: ask for that of its table.
    """
    if not path:
        return 1
    lines = text.splitlines()
    for number in range(1, len(lines) + 1):
        beginning = "\n".join(lines[:number])
        if any(_holds(beginning + closer, path) for closer in CLOSERS):
            return number
    return None


def _holds(text: str, path: Path) -> bool:
    try:
        value: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    for key in path:
        if isinstance(key, int):
            if not isinstance(value, list) or key >= len(value):
                return False
        elif not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True
