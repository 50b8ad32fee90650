"""A hand-made arrangement of controls, read from TOML and spelled out for every track.

width = 1280                                size of the whole in pixels of the drawing
height = 800
[[header]]                                  on top of every page
kind = "press"
address = "/rg/generate"
args = ["$prompt"]                          fixed values; $value: the control's; $ID: what was typed at ID
at = [650, 8, 90, 40]                       x, y, width, height
label = "generate"
[[page]]
name = "Play"
[[page.control]]                            at: from the upper left corner of the page
[[page.track]]                              once for each track, at: from the corner of its strip;
                                            {t} in an address, a label or an argument is the track
each = ["1", "2", "3"]                      in any control: once for each, {each} stands for it and {i} for
step = [90, 0]                              1, 2, 3 …; a text names what the contract has several of:
                                            tracks, params, or choices (of the address)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.toml_table import Table
from engine.config import parse_toml, unknown_in
from engine.errors import EngineError

KINDS = (
    "press", "toggle", "fader", "knob", "meter", "light", "show", "title", "field", "entry", "choice",
)  # fmt: skip
TAB_HEIGHT = 40  # of the row of names from which pages are chosen
KEYS = (
    "kind", "address", "args", "at", "label", "id", "color", "range", "values", "labels", "format", "list",
    "asks", "asks_after", "careful", "lines", "each", "step",
)  # fmt: skip
PLACEHOLDER = re.compile(r"\{(t|each|i)\}")
Value = int | float | str


@dataclass(frozen=True)
class Frame:
    """A rectangle in pixels."""

    x: float
    y: float
    width: float
    height: float

    def moved(self, x: float, y: float) -> Frame:
        return Frame(self.x + x, self.y + y, self.width, self.height)

    def split(self, top: float) -> tuple[Frame, Frame]:
        """The upper part of that height, and the rest."""
        return (
            Frame(self.x, self.y, self.width, top),
            Frame(self.x, self.y + top, self.width, self.height - top),
        )


@dataclass(frozen=True)
class Control:
    """One control, spelled out. `row`: its address as the contract has it, with {t} for the track."""

    kind: str  # of KINDS
    row: str  # "" for one that nothing outside knows
    address: str
    args: tuple[Any, ...]
    frame: Frame
    label: str
    id: str
    color: str
    range: tuple[float, ...]  # at equal distances along its way; () for the contract's own
    values: tuple[tuple[Value, ...], ...]  # of a choice: arguments for each
    labels: tuple[str, ...]
    format: str  # of what is shown: {0}, {1} … are the arguments
    list: str = ""  # of a choice: where its values come line by line (index, count, name) …
    asks: str = ""  # … what asks for them …
    asks_after: tuple[str, ...] = ()  # … and what makes them others
    careful: bool = False  # not by a single touch
    lines: int = 1  # how many messages a text shows, the newest last


@dataclass(frozen=True)
class Page:
    name: str
    controls: tuple[Control, ...]


@dataclass(frozen=True)
class Panel:
    width: int
    height: int
    header_height: int
    header: tuple[Control, ...]
    pages: tuple[Page, ...]
    unreached: dict[str, str]  # inputs of the contract that it leaves out, and why

    @property
    def page_height(self) -> int:
        return self.height - self.header_height - TAB_HEIGHT

    def controls(self) -> Iterator[Control]:
        yield from self.header
        for page in self.pages:
            yield from page.controls


@dataclass(frozen=True)
class Reader:
    """What is the same for every control of one arrangement. `several(name, address)`: what the contract has
    several of there."""

    where: str
    tracks: Sequence[str]
    several: Callable[[str, str], Sequence[str]]

    def panel(self, text: str) -> Panel:
        """EngineError `file`, `type`, `range` or `unknown` says what is wrong."""
        keys = ("width", "height", "header_height", "header", "page", "unreached")
        table = Table(parse_toml(text, self.where), self.where, keys)
        width = table.whole("width", 100, 10_000)
        pages = tuple(self._page(entry, width) for entry in table.get("page", list))
        header = tuple(c for entry in table.get("header", list, []) for c in self._each(entry, "", 0, 1))
        panel = Panel(
            width, table.whole("height", 100, 10_000), table.whole("header_height", 0, 10_000), header, pages,
            table.get("unreached", dict, {}),
        )  # fmt: skip
        self._check_ids(panel)
        return panel

    def _page(self, entry: Any, width: int) -> Page:
        table = Table(entry, f"{self.where}: [[page]]", ("name", "control", "track"))
        controls = [c for one in table.data.get("control", ()) for c in self._each(one, "", 0, 1)]
        for number, track in enumerate(self.tracks):
            share = 4 / len(self.tracks)  # the arrangement is drawn for four
            left = number * width / len(self.tracks)
            for one in table.data.get("track", ()):
                controls += self._each(one, track, left, share)
        return Page(table.get("name", str), tuple(controls))

    def _each(self, entry: Any, track: str, left: float, share: float) -> Iterator[Control]:
        """A control as often as its `each` says."""
        table = Table(entry, f"{self.where}: {entry.get('address', entry.get('id', ''))!s}", KEYS)
        row, each = table.get("address", str, " ").strip(), table.data.get("each", [""])
        names = (
            self.tracks if each == "tracks" else self.several(each, row) if isinstance(each, str) else each
        )
        step = table.data.get("step", [0, 0])
        for number, name in enumerate(names):
            words = {"t": track, "each": str(name), "i": str(number + 1)}
            frame = _frame(table).moved(step[0] * number, step[1] * number)
            placed = Frame(left + frame.x * share, frame.y, frame.width * share, frame.height)
            yield self._control(table, row, placed, words)

    def _control(self, table: Table, row: str, frame: Frame, words: dict[str, str]) -> Control:
        kind = table.get("kind", str)
        if kind not in KINDS:
            raise unknown_in(table.where, "kind", kind, KINDS)
        address = _filled(row, words)
        args = tuple(_filled(arg, words) for arg in table.data.get("args", ()))
        given = _filled(table.get("id", str, ""), words)
        values = tuple(v if isinstance(v, list) else [v] for v in table.data.get("values", ()))
        return Control(
            kind, row, address, args, frame, _filled(table.get("label", str, ""), words),
            given or _name(kind, address, args), table.get("color", str, ""),
            tuple(float(end) for end in table.data.get("range", ())), tuple(tuple(v) for v in values),
            tuple(table.data.get("labels", ())), table.get("format", str, ""), table.get("list", str, ""),
            table.get("asks", str, ""), tuple(table.data.get("asks_after", ())),
            table.get("careful", bool, False), table.whole("lines", 1, 99, 1),
        )  # fmt: skip

    def _check_ids(self, panel: Panel) -> None:
        seen: set[str] = set()
        for control in panel.controls():
            if control.id in seen:
                raise EngineError(
                    "range", f"{self.where}: two controls are called {control.id}; give one an id"
                )
            seen.add(control.id)


def _frame(table: Table) -> Frame:
    at = table.get("at", list)
    if len(at) != 4 or not all(isinstance(number, int | float) for number in at) or min(at[2:]) <= 0:
        raise EngineError("type", f"{table.where}: at {at!r} is not [x, y, width, height]")
    return Frame(*map(float, at))


def _filled(text: Any, words: dict[str, str]) -> Any:
    """`{t}`, `{each}` and `{i}` of a text replaced; anything else as it is."""
    return PLACEHOLDER.sub(lambda match: words[match[1]], text) if isinstance(text, str) else text


def _name(kind: str, address: str, args: Sequence[Any]) -> str:
    """`track_bass_param_density` for what has no name of its own."""
    fixed = [str(arg) for arg in args if not str(arg).startswith("$")]
    words = [address.removeprefix("/rg/"), *fixed, *([kind] if kind in ("show", "light", "meter") else [])]
    return re.sub(r"[^A-Za-z0-9]+", "_", "_".join(words).replace("#", "_sharp")).strip("_").lower()
