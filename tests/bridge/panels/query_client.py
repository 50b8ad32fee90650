"""A program that knows nothing but OSCQuery: it asks what there is, and makes a control of each node."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

READ, WRITE = 1, 2
KINDS = {"i": int, "f": (int, float), "s": str}
MAKE = {"i": int, "f": float, "s": str}
FAR = 1e6  # where a range says nothing


def ask(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.loads(answer.read())


def methods(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every node with a type."""
    if "TYPE" in node:
        yield node
    for child in node.get("CONTENTS", {}).values():
        yield from methods(child)


@dataclass(frozen=True)
class Control:
    """What a panel shows for one node: a button, switches, sliders, menus, fields of text."""

    path: str
    tags: str
    ranges: tuple[dict[str, Any] | None, ...]
    value: list[Any] | None

    @classmethod
    def of(cls, node: dict[str, Any]) -> Control:
        tags = "" if node["TYPE"] == "N" else node["TYPE"]
        return cls(node["FULL_PATH"], tags, tuple(node.get("RANGE") or [None] * len(tags)), node.get("VALUE"))

    def inside(self) -> list[list[Any]]:
        """Messages that the node says it takes: both ends of every range, every choice; none where a menu is
        empty."""
        offered = [self._offered(tag, span) for tag, span in zip(self.tags, self.ranges, strict=True)]
        if not all(offered):
            return []
        longest = max(map(len, offered), default=1)
        return [[choices[min(i, len(choices) - 1)] for choices in offered] for i in range(longest)]

    def outside(self) -> list[list[Any]]:
        """Messages with one argument that the node says it does not take."""
        found = []
        for valid in self.inside()[:1]:
            for i, (tag, span) in enumerate(zip(self.tags, self.ranges, strict=True)):
                wrong = self._beyond(tag, span)
                found += [[*valid[:i], one, *valid[i + 1 :]] for one in wrong]
        return found

    def _offered(self, tag: str, span: dict[str, Any] | None) -> list[Any]:
        if span and "VALS" in span:
            return [MAKE[tag](value) for value in span["VALS"][:3]]
        if tag == "s":
            return ["words"]
        low, high = (span or {}).get("MIN", -FAR), (span or {}).get("MAX", FAR)
        return [MAKE[tag](value) for value in (low, high)]

    def _beyond(self, tag: str, span: dict[str, Any] | None) -> list[Any]:
        if span and "VALS" in span:
            return ["no such thing"] if tag == "s" else [3]
        ends = span or {}
        under = [ends["MIN"] - 1] if "MIN" in ends else []
        over = [ends["MAX"] + 1] if "MAX" in ends and ends["MAX"] < 2**31 - 1 else []
        return [MAKE[tag](value) for value in under + over]
