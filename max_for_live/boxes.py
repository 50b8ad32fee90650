"""Widgets as boxes of a patcher: what Max draws for each kind, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from max_for_live.colors import color_attributes
from max_for_live.layout import Widget
from max_for_live.parameters import info_title, parameter_attributes

FONT = "Ableton Sans Medium"
ALIGNMENTS = {"left": 0, "center": 1, "right": 2}
CLASSES = {
    "trigger": "live.text", "toggle": "live.text", "menu": "live.menu", "number": "live.numbox",
    "field": "textedit", "chooser": "umenu", "memory": "pattr", "bar": "multislider", "text": "comment",
    "label": "comment", "light": "panel", "panel": "panel",
}  # fmt: skip


def widget_box(widget: Widget, order: int) -> dict[str, Any]:
    """The attributes of a widget's box, without its id, its inlets and its place in the patcher."""
    box = {"varname": widget.id, **DRAWN.get(widget.kind, _nothing)(widget)}
    if widget.rect is not None:
        box |= {"presentation": 1, "presentation_rect": list(widget.rect)}
    if widget.info:
        box |= {"annotation": widget.info, "annotation_name": info_title(widget)}
    if widget.is_parameter:
        box["parameter_enable"] = 1
        saved = box.setdefault("saved_attribute_attributes", {})
        box["saved_attribute_attributes"] = {**saved, "valueof": parameter_attributes(widget, order)}
    return box


def _nothing(widget: Widget) -> dict[str, Any]:
    return {}


def _font(widget: Widget) -> dict[str, Any]:
    return {"fontname": FONT, "fontsize": widget.size}


def _switch(widget: Widget) -> dict[str, Any]:
    """A trigger is a switch too, and the script lets it spring back: Live's key mapping flips a parameter at
    each press, and a button would swallow every other one."""
    on = widget.texton or widget.text
    colors = color_attributes(activebgoncolor=widget.color, activetextoncolor="dark")
    return {"mode": 1, "text": widget.text, "texton": on, **_font(widget), **colors}


def _number(widget: Widget) -> dict[str, Any]:
    return _font(widget)


def _field(widget: Widget) -> dict[str, Any]:
    """keymode 1: return gives the text out instead of breaking the line; outputmode 1: as one symbol;
    nosymquotes 1: words are shown as they are."""
    colors = color_attributes(bgcolor="field", textcolor="field_text", bordercolor="frame")
    return {
        "keymode": 1, "outputmode": 1, "wordwrap": 1, "rounded": 3.0, "text": "", **_font(widget), **colors,
    }  # fmt: skip


def _chooser(widget: Widget) -> dict[str, Any]:
    items: list[str] = [part for item in widget.items for part in (",", item)][1:]
    colors = color_attributes(bgfillcolor="control", textcolor="text")
    return {"items": items, "parameter_enable": 0, "arrow": 1, **_font(widget), **colors}


def _bar(widget: Widget) -> dict[str, Any]:
    colors = color_attributes(bgcolor="meter", slidercolor=widget.color)
    return {
        "setminmax": [float(widget.low), float(widget.high)], "settype": 1, "setstyle": 1, "size": 1,
        "orientation": 1 if widget.vertical else 0, "ignoreclick": 1, "parameter_enable": 0, **colors,
    }  # fmt: skip


def _text(widget: Widget) -> dict[str, Any]:
    colors = color_attributes(textcolor=widget.color)
    return {
        "text": widget.text, "textjustification": ALIGNMENTS[widget.align], "ignoreclick": 1,
        **_font(widget), **colors,
    }  # fmt: skip


def _light(widget: Widget) -> dict[str, Any]:
    assert widget.rect is not None
    return _panel_of(widget, rounded=widget.rect[2] / 2)


def _panel(widget: Widget) -> dict[str, Any]:
    return {**_panel_of(widget, widget.rounded), "background": 1}


def _panel_of(widget: Widget, rounded: float) -> dict[str, Any]:
    """Max saves the colour as `bgcolor`, and what it follows under its later name, `bgfillcolor`."""
    colors = color_attributes(bgfillcolor=widget.color)
    colors["bgcolor"] = colors.pop("bgfillcolor")
    return {"mode": 0, "rounded": rounded, "border": 0, "proportion": 0.5, **colors}


DRAWN: dict[str, Callable[[Widget], dict[str, Any]]] = {
    "trigger": _switch, "toggle": _switch, "menu": _number, "number": _number, "field": _field,
    "chooser": _chooser, "bar": _bar, "text": _text, "label": _text, "light": _light, "panel": _panel,
}  # fmt: skip
