"""The session for Open Stage Control, built from `daw_templates/open_stage_control/arrangement.toml`.

Format: the documentation of the program's widgets (openstagecontrol.ammd.net/docs/widgets), version 1.25
or newer; what is not said has its default there. Sizes are shares of the screen.

    fader     {"type": "fader", "address": …, "preArgs": ["density"], "typeTags": "sf", "range": {…}}
    variable  hears without being seen; its script puts what it heard into a text, a light or a menu
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib import resources

from bridge.panels.arrangement import Control, Frame, Page, Panel, Reader
from bridge.panels.contract import VALUE, args_of, check, choices, several, type_tags, value_range
from bridge.panels.open_stage_control_unseen import Widget, connection, needs_variable, unseen
from engine.config import Config

FORMAT_VERSION = "1.25.0"
LABEL_HEIGHT = 18.0
MOST_SIDE_BY_SIDE = 6  # choices that are all seen at once; more of them are a menu
HERE = resources.files("daw_templates").joinpath("open_stage_control")
ARRANGEMENT = "arrangement.toml"
COLORS = {
    "go": "#3ba55c", "stop": "#d9534f", "lock": "#e6b422", "solo": "#3f8fd2", "mute": "#d9534f",
    "quiet": "#5b6470", "": "#7a8694",
}  # fmt: skip
BARE = {"padding": 0, "innerPadding": False, "alphaStroke": 0, "scroll": False}
UNTOUCHED = {"interaction": False, "bypass": True}  # shows, and never sends


def build() -> bytes:
    """The session file, for the tracks of the default settings."""
    return session(read_panel(Config().engine.tracks))


def read_panel(tracks: Sequence[str]) -> Panel:
    where = f"open_stage_control/{ARRANGEMENT}"
    text = HERE.joinpath(ARRANGEMENT).read_text(encoding="utf-8")
    return check(Reader(where, tracks, several).panel(text), where)


def session(panel: Panel) -> bytes:
    data = {
        "createdWith": "Open Stage Control", "version": FORMAT_VERSION, "type": "session",
        "content": _root(panel),
    }  # fmt: skip
    return json.dumps(data, indent=1, ensure_ascii=False).encode() + b"\n"


# --- containers -----------------------------------------------------------------------------------


def _root(panel: Panel) -> Widget:
    whole = Frame(0, 0, panel.width, panel.height)
    header, pages = whole.split(panel.header_height)
    questions = [control.asks for control in panel.controls() if control.asks]
    return {
        "type": "root", "id": "root", **BARE, "variables": {"questions": questions},
        "onCreate": HERE.joinpath("connection.js").read_text(encoding="utf-8"),
        "widgets": [
            {
                "type": "panel", "id": "header", **_place(header, whole), **BARE,
                "widgets": _all(panel.header, header),
            },
            {
                "type": "panel", "id": "pages", **_place(pages, whole), **BARE,
                "tabs": [_tab(page, Frame(0, 0, panel.width, panel.page_height)) for page in panel.pages],
            },
            *connection(), *(widget for control in panel.controls() for widget in unseen(control)),
        ],
    }  # fmt: skip


def _tab(page: Page, whole: Frame) -> Widget:
    return {
        "type": "tab", "id": f"page_{page.name.lower()}", "label": page.name, "padding": 0,
        "innerPadding": False, "scroll": False, "widgets": _all(page.controls, whole),
    }  # fmt: skip


def _all(controls: Sequence[Control], whole: Frame) -> list[Widget]:
    return [widget for control in controls for widget in _seen(control, whole)]


def _place(frame: Frame, whole: Frame) -> dict[str, str]:
    """left, top, width and height as shares of the container."""
    shares = {
        "left": (frame.x - whole.x) / whole.width, "top": (frame.y - whole.y) / whole.height,
        "width": frame.width / whole.width, "height": frame.height / whole.height,
    }  # fmt: skip
    return {name: f"{100 * share:.3f}%" for name, share in shares.items()}


# --- what is seen ---------------------------------------------------------------------------------


def _seen(control: Control, whole: Frame) -> Iterator[Widget]:
    """The widget of a control, under its label where it has none of its own."""
    frame = control.frame
    widget = WIDGETS[control.kind](control)
    if control.label and control.kind not in ("press", "toggle", "title"):
        label, frame = frame.split(LABEL_HEIGHT)
        yield {
            "type": "text", "id": f"{control.id}_label", **_place(label, whole), **UNTOUCHED,
            "default": control.label, "align": "left", "css": "font-size: 80%; opacity: .7",
        }  # fmt: skip
    color = COLORS.get(control.color, control.color)
    yield {"type": "", "id": control.id, **_place(frame, whole), "colorWidget": color, **widget}


def _osc(control: Control) -> Widget:
    """Address, the arguments before the value, and their types."""
    fixed = [arg for arg in args_of(control) if arg != VALUE]
    wire: Widget = {"address": control.address, "typeTags": type_tags(control), "decimals": 4}
    return wire | ({"preArgs": fixed} if fixed else {})


def _press(control: Control) -> Widget:
    """Fixed arguments are sent by the button itself, typed ones by its script."""
    args = args_of(control)
    look: Widget = {"type": "button", "label": control.label, "wrap": "soft", "doubleTap": control.careful}
    if any(isinstance(arg, str) and arg.startswith("$") for arg in args):
        return look | {"mode": "momentary", "bypass": True, "onValue": _sending(control)}
    if not args:
        return look | {"mode": "momentary", "address": control.address}
    wire = {"address": control.address, "typeTags": type_tags(control), "on": args[-1]}
    before = {"preArgs": list(args[:-1])} if len(args) > 1 else {}
    return look | {"mode": "tap", **wire, **before}


def _sending(control: Control) -> str:
    """`send("/rg/generate", {type: "s", value: String(get("prompt"))})`"""
    casts = {"s": "String({})", "i": "Math.round(Number({}))", "f": "Number({})"}
    args = [json.dumps(control.address)]
    for arg, tag in zip(args_of(control), type_tags(control), strict=True):
        typed = isinstance(arg, str) and arg.startswith("$")
        value = casts[tag].format(f"get({json.dumps(arg[1:])})") if typed else json.dumps(arg)
        args.append(f'{{type: "{tag}", value: {value}}}')
    return f"send({', '.join(args)})"


def _toggle(control: Control) -> Widget:
    """Lit when the engine says so, not when it is pressed."""
    return {
        "type": "button", "label": control.label, "mode": "toggle", "on": 1, "off": 0, "decoupled": True,
        **_osc(control),
    }  # fmt: skip


def _slider(control: Control) -> Widget:
    ends = control.range or value_range(control)
    keys = ["min", *(f"{100 * i / (len(ends) - 1):.0f}%" for i in range(1, len(ends) - 1)), "max"]
    look: Widget = {"type": "knob"}
    if control.kind == "fader":
        look = {"type": "fader", "design": "compact", "horizontal": _is_wide(control)}
    rest = {"doubleTap": True, "default": _rest(control)}
    return {**look, "range": dict(zip(keys, ends, strict=True)), **rest, **_osc(control)}


def _is_wide(control: Control) -> bool:
    return control.frame.width > control.frame.height


def _rest(control: Control) -> float:
    """Where a double tap brings it: nothing, where that is on its way, or its middle."""
    low, high = value_range(control)
    return 0.0 if low <= 0 <= high and low < 0 else (low + high) / 2


def _meter(control: Control) -> Widget:
    low, high = value_range(control)
    return {
        "type": "fader", "design": "compact", "range": {"min": low, "max": high}, "default": low,
        "horizontal": _is_wide(control), "address": control.address, **UNTOUCHED,
    }  # fmt: skip


def _light(control: Control) -> Widget:
    wire = {"address": control.address} if control.address else {}
    return {"type": "led", **wire, "bypass": True}


def _title(control: Control) -> Widget:
    return {"type": "text", "default": control.label, **UNTOUCHED, "align": "left", "css": "font-size: 130%"}


def _show(control: Control) -> Widget:
    wire = {} if needs_variable(control) else {"address": control.address}
    return {"type": "text", **wire, **UNTOUCHED, "align": "left", "wrap": "soft"}


def _field(control: Control) -> Widget:
    numeric = type_tags(control)[-1] in "if"
    return {"type": "input", "numeric": numeric, "align": "left", **_osc(control)}


def _entry(control: Control) -> Widget:
    """Keeps what is typed until a button sends it; shows what the engine says, where it has an address."""
    wire = {"address": control.address} if control.address else {}
    return {"type": "input", "align": "left", "bypass": True, **wire}


def _choice(control: Control) -> Widget:
    if control.list:
        return {
            "type": "dropdown", "values": f"@{{{control.id}_names}}", "address": control.address,
            "typeTags": type_tags(control),
        }  # fmt: skip
    offered = choices(control)
    values = {
        "labels": [label for label, _ in offered],
        "values": [list(args) if len(args) > 1 else args[0] for _, args in offered],
    }
    wire = {"address": control.address, "typeTags": type_tags(control)}
    if len(offered) > MOST_SIDE_BY_SIDE:
        return {"type": "dropdown", "values": values, **wire}
    return {"type": "switch", "layout": "horizontal", "values": values, **wire}


WIDGETS = {
    "press": _press, "toggle": _toggle, "fader": _slider, "knob": _slider, "meter": _meter, "light": _light,
    "show": _show, "title": _title, "field": _field, "entry": _entry, "choice": _choice,
}  # fmt: skip
