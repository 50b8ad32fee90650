"""What the device shows, read from layout.toml: one Widget for each thing that is drawn or remembered.

[[widget]] stands once, in the group "set"; [[row]] once for each track of src/tracks.json, in the group of
its name, with {track} filled in and the row's place added.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from max_for_live.sources import source_json, source_toml

SET = "set"
# Those that are parameters of Live: what they say is saved with the Set.
PARAMETERS = ("trigger", "toggle", "menu", "number", "field", "memory")
SILENT = ("label", "panel")  # neither say nor are told anything
Rect = tuple[float, float, float, float]


@dataclass(frozen=True)
class Widget:
    """One entry of layout.toml, whose head says what the fields mean. `rect`: x, y, width, height, pixels."""

    name: str
    kind: str
    group: str = SET
    rect: Rect | None = None
    text: str = ""
    texton: str = ""
    longname: str = ""
    shortname: str = ""
    type: str = ""
    low: float = 0
    high: float = 1
    initial: float = 0
    unit: str = ""
    stored_only: bool = False
    choices: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    info_title: str = ""
    info: str = ""
    color: str = "text"
    size: float = 9.5
    align: str = "left"
    rounded: float = 0
    vertical: bool = False

    @property
    def is_parameter(self) -> bool:
        return self.kind in PARAMETERS

    @property
    def id(self) -> str:
        return f"{self.group}_{self.name}"


@dataclass(frozen=True)
class Bank:
    """Eight encoders of Push, by the long names of parameters."""

    name: str
    longnames: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    name: str
    width: float
    height: float
    tracks: tuple[dict[str, Any], ...]
    widgets: tuple[Widget, ...]
    banks: tuple[Bank, ...]

    def groups(self) -> list[str]:
        return [SET, *(track["name"] for track in self.tracks)]

    def of_group(self, group: str) -> list[Widget]:
        return [widget for widget in self.widgets if widget.group == group]


@cache
def read_layout() -> Layout:
    data, tracks = source_toml("layout.toml"), tuple(source_json("src/tracks.json"))
    device = data["device"]
    widgets = [_widget(entry) for entry in data["widget"]]
    for track, top in zip(tracks, device["rows"], strict=True):
        widgets += [_in_row(_widget(entry), track, top) for entry in data["row"]]
    return Layout(
        device["name"], device["width"], device["height"], tracks, tuple(widgets),
        tuple(_banks(data, tracks, widgets)),
    )  # fmt: skip


def _widget(entry: dict[str, Any]) -> Widget:
    """A TypeError names a key that there is none of."""
    fields: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in entry.items()}
    return Widget(**fields)


def _in_row(widget: Widget, track: dict[str, Any], top: float) -> Widget:
    texts = ("text", "longname", "info", "info_title")
    named = {key: getattr(widget, key).replace("{track}", track["title"]) for key in texts}
    color = widget.color.replace("{track}", track["name"])
    rect = widget.rect and (widget.rect[0], widget.rect[1] + top, *widget.rect[2:])
    return replace(widget, group=track["name"], rect=rect, color=color, **named)


def _banks(data: dict[str, Any], tracks: tuple[dict[str, Any], ...], widgets: list[Widget]) -> Iterator[Bank]:
    longnames = {(widget.group, widget.name): widget.longname for widget in widgets}
    for bank in data["bank"]:
        yield Bank(bank["name"], tuple(longnames[SET, name] for name in bank["parameters"]))
    for track in tracks:
        for bank in data["row_bank"]:
            names = tuple(longnames[track["name"], name] for name in bank["parameters"])
            yield Bank(bank["name"].replace("{track}", track["title"]), names)
