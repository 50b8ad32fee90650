"""The boxes that a finished panel file draws, read back from the file, and a picture of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from bridge.panels.touchosc_xml import Node


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the whole screen. `page`: "" for what is on all of them."""

    page: str
    name: str
    kind: str
    x: float
    y: float
    width: float
    height: float
    text: str
    color: str

    def overlaps(self, other: Box) -> bool:
        """By more than a rounding, on a page that both are on."""
        if self.page and other.page and self.page != other.page:
            return False
        across = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        along = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return across > 0.5 and along > 0.5


def session_boxes(root: dict[str, Any], width: float, height: float, bar: float) -> Iterator[Box]:
    """Of an Open Stage Control session on a screen of that size, tabs chosen in a bar of that height."""

    def walk(widget: dict[str, Any], page: str, x: float, y: float, w: float, h: float) -> Iterator[Box]:
        for child in widget.get("widgets", ()):
            if "left" not in child:
                continue
            left, top, wide, high = (
                float(child[key].rstrip("%")) / 100 for key in ("left", "top", "width", "height")
            )
            place = (x + left * w, y + top * h, wide * w, high * h)
            if child["type"] == "panel":
                yield from walk(child, page, *place)
            else:
                text = str(child.get("label", child.get("default", "")))
                yield Box(page, child["id"], child["type"], *place, text, child.get("colorWidget", "#7a8694"))
        for tab in widget.get("tabs", ()):
            yield from walk(tab, tab["id"], x, y + bar, w, h - bar)

    yield from walk(root, "", 0, 0, width, height)


def layout_boxes(root: Node) -> Iterator[Box]:
    """Of a TouchOSC layout; a label on top of its own button is part of it."""

    def walk(node: Node, page: str, x: float, y: float) -> Iterator[Box]:
        for child in node.children:
            frame = child.properties["frame"]
            left, top = x + frame.x, y + frame.y
            if child.kind in ("GROUP", "PAGER"):
                yield from walk(child, child.name if child.kind == "GROUP" else page, left, top)
            elif not _is_on_button(child, node):
                label = next((n for n in node.children if n.name == f"{child.name}_label"), child)
                text = (
                    label.values.get("text", "") if child.kind == "BUTTON" else child.values.get("text", "")
                )
                color = "#" + "".join(f"{round(part * 255):02x}" for part in child.properties["color"][:3])
                kind = "text" if child.kind in ("LABEL", "TEXT") else child.kind.lower()
                yield Box(page, child.name, kind, left, top, frame.w, frame.h, text, color)

    yield from walk(root, "", 0, 0)


def _is_on_button(node: Node, parent: Node) -> bool:
    owner = next((n for n in parent.children if f"{n.name}_label" == node.name), None)
    return owner is not None and owner.properties["frame"] == node.properties["frame"]


def overlapping(boxes: Iterable[Box]) -> list[tuple[str, str]]:
    return [(a.name, b.name) for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)]


def outside(boxes: Iterable[Box], width: float, height: float) -> list[str]:
    return [
        box.name
        for box in boxes
        if box.x < -0.5
        or box.y < -0.5
        or box.x + box.width > width + 0.5
        or box.y + box.height > height + 0.5
    ]


def picture(boxes: Iterable[Box], page: str, width: float, height: float) -> str:
    """One page as SVG."""
    size = f'width="{width}" height="{height}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">']
    parts.append(f'<rect width="{width}" height="{height}" fill="#1e2227"/>')
    for box in boxes:
        if box.page not in ("", page):
            continue
        frame = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
        look = 'fill="none"' if box.kind == "text" else f'fill="{box.color}" fill-opacity=".35"'
        parts.append(f'<rect {frame} {look} stroke="{box.color}" stroke-opacity=".6" rx="3"/>')
        points = 12 if box.kind == "text" else 13
        words = escape(box.text or f"[{box.kind}]")
        at = f'x="{box.x + 4:.1f}" y="{box.y + box.height / 2 + 4:.1f}" font-size="{points}"'
        parts.append(f'<text {at} fill="#e8eaed">{words}</text>')
    return "\n".join([*parts, "</svg>"])
