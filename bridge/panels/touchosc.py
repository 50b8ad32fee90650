"""The layout for TouchOSC, built from `daw_templates/touchosc/arrangement.toml`.

What sends and hears one value is a message of its own control; what has a name before its value, several
arguments or numbers to show is told by the layout's script (layout.lua, knob.lua).

    fader   /rg/track/bass/volume  VALUE x FLOAT -60 .. 12     sends when it is moved, moves when it hears
    button  /rg/launch                                         sends when x rises
    label   /rg/key                VALUE text STRING           hears
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from bridge.panels.arrangement import TAB_HEIGHT, Control, Frame, Page, Panel, Reader
from bridge.panels.contract import VALUE, args_of, check, sent_args, several, told, type_tags, value_range
from bridge.panels.touchosc_xml import Color, Node, Osc, Partial, Property, Rectangle, encode
from engine.config import Config
from engine.errors import EngineError

HERE = resources.files("daw_templates").joinpath("touchosc")
ARRANGEMENT = "arrangement.toml"
ANSWER_PORT = 9000  # where the layout asks to be answered over UDP; over TCP answers come on the connection
LABEL_HEIGHT = 20.0
LABEL_SIZE = 13
CONVERSIONS = {"i": "INTEGER", "f": "FLOAT", "s": "STRING"}
TOGGLE, EAST, CENTER = 2, 1, 2
COLORS = {
    "go": Color(0.23, 0.65, 0.36), "stop": Color(0.85, 0.33, 0.31), "lock": Color(0.9, 0.71, 0.13),
    "solo": Color(0.25, 0.56, 0.82), "mute": Color(0.85, 0.33, 0.31), "": Color(0.48, 0.53, 0.59),
}  # fmt: skip
DARK, CLEAR, WHITE = Color(0.1, 0.11, 0.13), Color(0, 0, 0, 0), Color(1, 1, 1)


def build() -> bytes:
    """The layout file, for the tracks of the default settings."""
    return encode(layout(read_panel(Config().engine.tracks)))


def read_panel(tracks: Sequence[str]) -> Panel:
    where = f"touchosc/{ARRANGEMENT}"
    text = HERE.joinpath(ARRANGEMENT).read_text(encoding="utf-8")
    return check(Reader(where, tracks, several).panel(text), where)


@cache
def _defaults() -> dict[str, dict[str, Property]]:
    return tomllib.loads(HERE.joinpath("controls.toml").read_text(encoding="utf-8"))


# --- containers -----------------------------------------------------------------------------------


def layout(panel: Panel) -> Node:
    """The root: what is on every page, and a pager."""
    whole = Frame(0, 0, panel.width, panel.height)
    pages = whole.split(panel.header_height)[1]
    root = _node("GROUP", "resonantgen", whole, DARK, {"script": _script(panel)})
    pager = _node("PAGER", "pages", pages, DARK, values={"page": "0"})
    pager.children = [_page(page, pages) for page in panel.pages]
    root.children = [node for control in panel.header for node in _control(control)] + [pager]
    return root


def _page(page: Page, pages: Frame) -> Node:
    frame = Frame(0, TAB_HEIGHT, pages.width, pages.height - TAB_HEIGHT)
    colors = {
        "tabColorOff": COLORS[""],
        "tabColorOn": COLORS["go"],
        "textColorOff": WHITE,
        "textColorOn": WHITE,
    }
    node = _node("GROUP", f"page_{page.name.lower()}", frame, CLEAR, {"tabLabel": page.name, **colors})
    node.children = [child for control in page.controls for child in _control(control)]
    return node


def _node(
    kind: str, name: str, frame: Frame, color: Color, more: dict[str, Any] | None = None,
    values: dict[str, str] | None = None,
) -> Node:  # fmt: skip
    defaults = _defaults()
    place = Rectangle(round(frame.x), round(frame.y), round(frame.width), round(frame.height))
    own: dict[str, Property] = {"name": name, "frame": place, "color": color}
    if kind in ("LABEL", "TEXT"):
        own["textColor"] = WHITE
    return Node(
        kind,
        {**defaults["every"], **defaults[kind], **own, **(more or {})},
        {"touch": "false", **(values or {})},
    )


# --- controls -------------------------------------------------------------------------------------


def _control(control: Control) -> list[Node]:
    """The nodes of a control, its label before it or on top of it; EngineError `not_available`."""
    if control.kind not in BUILDERS:
        raise EngineError("not_available", f"{control.id}: TouchOSC has no {control.kind}")
    frame, before, after = control.frame, [], []
    if control.label and control.kind in ("press", "toggle"):
        after = [_words(f"{control.id}_label", frame, control.label, CENTER)]
    elif control.label and control.kind != "title":
        top, frame = frame.split(LABEL_HEIGHT)
        before = [_words(f"{control.id}_label", top, control.label)]
    return [*before, BUILDERS[control.kind](control, frame), *after]


def _words(name: str, frame: Frame, text: str, align: int = 1) -> Node:
    """A label that lets touches through."""
    more = {"background": False, "textAlignH": align, "textSize": LABEL_SIZE}
    return _node("LABEL", name, frame, CLEAR, more, {"text": text})


def _press(control: Control, frame: Frame) -> Node:
    node = _node("BUTTON", control.id, frame, _color(control), values={"x": "0"})
    node.messages = [Osc(control.address, _arguments(control), condition="RISE", receive=False)]
    return node


def _toggle(control: Control, frame: Frame) -> Node:
    node = _node("BUTTON", control.id, frame, _color(control), {"buttonType": TOGGLE}, {"x": "0"})
    node.messages = [Osc(control.address, _arguments(control))]
    return node


def _slider(control: Control, frame: Frame) -> Node:
    """Of one value by a message; of a value with a name by its script, and the layout's."""
    kind = "RADIAL" if control.kind == "knob" else "FADER"
    more: dict[str, Any] = {"orientation": EAST} if kind == "FADER" and frame.width > frame.height else {}
    if len(args_of(control)) > 1:
        more["script"] = _knob_script(control)
    node = _node(kind, control.id, frame, _color(control), more, {"x": "0"})
    if len(args_of(control)) == 1:
        node.messages = [Osc(control.address, _arguments(control))]
    return node


def _meter(control: Control, frame: Frame) -> Node:
    more: dict[str, Any] = {"interactive": False, "cursor": False}
    if frame.width > frame.height:
        more["orientation"] = EAST
    node = _node("FADER", control.id, frame, _color(control), more, {"x": "0"})
    node.messages = [_hearing(control.address, "x", "FLOAT", *value_range(control))]
    return node


def _light(control: Control, frame: Frame) -> Node:
    node = _node("BUTTON", control.id, frame, _color(control), {"interactive": False}, {"x": "0"})
    if control.address:
        node.messages = [_hearing(control.address, "x", "INTEGER")]
    return node


def _show(control: Control, frame: Frame) -> Node:
    kind = "TEXT" if frame.height > 2 * LABEL_HEIGHT else "LABEL"
    node = _node(kind, control.id, frame, DARK, values={"text": ""})
    if not _is_scripted(control):
        node.messages = [_hearing(control.address, "text", "STRING")]
    return node


def _title(control: Control, frame: Frame) -> Node:
    return _node(
        "LABEL", control.id, frame, CLEAR, {"background": False, "textSize": 20}, {"text": control.label}
    )


BUILDERS = {
    "press": _press, "toggle": _toggle, "fader": _slider, "knob": _slider, "meter": _meter, "light": _light,
    "show": _show, "title": _title,
}  # fmt: skip


def _color(control: Control) -> Color:
    return COLORS[control.color]


def _arguments(control: Control) -> tuple[Partial, ...]:
    partials = []
    for arg, value, tag in zip(sent_args(control), args_of(control), type_tags(control), strict=True):
        if value == VALUE:
            low, high = (arg.low, arg.high) if arg.type == "i" else value_range(control)
            assert low is not None and high is not None
            partials.append(Partial("VALUE", CONVERSIONS[tag], "x", low, high))
        else:
            partials.append(Partial("CONSTANT", CONVERSIONS[tag], str(value)))
    return tuple(partials)


def _hearing(address: str, value: str, conversion: str, low: float = 0.0, high: float = 1.0) -> Osc:
    return Osc(address, (Partial("VALUE", conversion, value, low, high),), trigger=value, send=False)


# --- scripts --------------------------------------------------------------------------------------


def _is_scripted(control: Control) -> bool:
    """A label takes one text as it is; everything else has to be put in words."""
    args = told(control.row) or ()
    return bool(control.format) or len(args) != 1 or args[0].type != "s"


def _knob_script(control: Control) -> str:
    low, high = value_range(control)
    name = next(arg for arg in args_of(control) if arg != VALUE)
    head = (
        f"local ADDRESS, NAME = {_lua(control.address)}, {_lua(name)}\nlocal LOW, HIGH = {low:g}, {high:g}\n"
    )
    return head + HERE.joinpath("knob.lua").read_text(encoding="utf-8")


def _script(panel: Panel) -> str:
    """layout.lua below what it has to know: where to be answered, what to show, and which knobs there are."""
    shown: dict[str, list[Any]] = defaultdict(list)
    knobs: dict[str, dict[str, Any]] = defaultdict(dict)
    for control in panel.controls():
        if control.kind == "show" and _is_scripted(control):
            shown[control.address].append({"name": control.id, "parts": _parts(control)})
        elif control.kind in ("fader", "knob") and len(args_of(control)) > 1:
            low, high = value_range(control)
            knobs[control.address][args_of(control)[0]] = {"name": control.id, "low": low, "high": high}
    head = [
        f"local PORT = {ANSWER_PORT}",
        f"local SHOWN = {_lua(shown)}",
        f"local KNOBS = {_lua(knobs)}",
    ]
    return "\n".join([*head, HERE.joinpath("layout.lua").read_text(encoding="utf-8")])


def _parts(control: Control) -> list[int | str]:
    """`{0} of {1}` as texts and numbers of arguments, which begin with 1 in Lua."""
    pieces = [piece for piece in re.split(r"(\{\d\})", control.format or "{0}") if piece]
    return [int(piece[1]) + 1 if re.fullmatch(r"\{\d\}", piece) else piece for piece in pieces]


def _lua(value: Any) -> str:
    """Plain data as Lua writes it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"[{_lua(key)}] = {_lua(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "{ " + ", ".join(map(_lua, value)) + " }"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
    return f"{value:g}"
