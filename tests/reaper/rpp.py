"""A reader of REAPER's project files: chunks in chunks, a line of words each.

<NAME word word          a chunk begins
  KEY word "a word"      words are quoted by ", ' or ` where they hold blanks
  <CHILD
  >
>                        and ends
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

WORD = re.compile(r'"([^"]*)"|\'([^\']*)\'|`([^`]*)`|(\S+)')


class RppError(Exception):
    pass


@dataclass
class Chunk:
    name: str
    words: list[str]
    lines: list[list[str]] = field(default_factory=list)
    children: list[Chunk] = field(default_factory=list)

    def line(self, key: str) -> list[str]:
        """The words after the only line of that name."""
        (found,) = [line[1:] for line in self.lines if line[0] == key]
        return found

    def all(self, name: str) -> Iterator[Chunk]:
        return (child for child in self.children if child.name == name)

    def __iter__(self) -> Iterator[Chunk]:
        """This chunk and all inside it."""
        yield self
        for child in self.children:
            yield from child


def words(line: str) -> list[str]:
    return [
        next(part for part in match if part is not None)
        for match in map(re.Match.groups, WORD.finditer(line))
    ]


def read(text: str) -> Chunk:
    """The one chunk of a file; RppError where chunks are not balanced."""
    outside = Chunk("", [])
    stack = [outside]
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("<"):
            name, *rest = words(line[1:])
            stack[-1].children.append(chunk := Chunk(name, rest))
            stack.append(chunk)
        elif line == ">":
            stack.pop()
            if not stack:
                raise RppError(f"line {number}: nothing is open")
        elif line:
            stack[-1].lines.append([line] if line.startswith("|") else words(line))
    if len(stack) != 1 or len(outside.children) != 1 or outside.lines:
        raise RppError(f"{len(stack) - 1} chunks are left open")
    return outside.children[0]
