"""The device's patcher: widgets, and what joins them to the script and the script to the engine.

live.thisdevice -> deferlow -> ready --+
udpreceive ----------------------------+--> js --> udpsend
widget -> prepend ui GROUP NAME -------+     +---> udpreceive (port N)
   ^------------ route NAMES <- route GROUPS <---+
plugin~ ==> plugout~                   the audio passes through untouched
"""

from __future__ import annotations

from typing import Any

from max_for_live.boxes import CLASSES, widget_box
from max_for_live.layout import SILENT, Layout, Widget, read_layout
from max_for_live.parameters import patcher_parameters
from max_for_live.patch import Patch

SCRIPT = "resonantgen.js"
DEVICE = "ResonantGen.amxd"
ENGINE = "127.0.0.1 9130"
TO_ENGINE, TO_WIDGETS, TO_RECEIVER = range(3)  # outlets of the script
COLUMN, LINE = 190.0, 62.0
AMXD_TYPE = int.from_bytes(b"aaaa", "big")


def device_patcher() -> dict[str, Any]:
    """The patcher as Max saves it, without the script."""
    layout, patch = read_layout(), Patch()
    script = _add_core(patch)
    box_ids = _add_widgets(patch, layout, script)
    return {
        "fileversion": 1,
        "appversion": {"major": 8, "minor": 6, "revision": 0, "architecture": "x64", "modernui": 1},
        "classnamespace": "box",
        "rect": [60.0, 90.0, 1320.0, 820.0],
        "openrect": [0.0, 0.0, float(layout.width), float(layout.height)],
        "openinpresentation": 1,
        "default_fontsize": 10.0, "default_fontname": "Arial Bold", "gridsize": [8.0, 8.0],
        "devicewidth": float(layout.width), "boxanimatetime": 500,
        "description": "A band in a box that listens", "digest": "", "tags": "",
        "boxes": [{"box": box} for box in patch.boxes],
        "lines": patch.lines,
        "parameters": patcher_parameters(layout, box_ids),
        "dependency_cache": [{"name": SCRIPT, "bootpath": ".", "type": "TEXT", "implicit": 1}],
        "latency": 0, "is_mpe": 0, "minimum_live_version": "12.0", "minimum_max_version": "8.6",
        "platform_compatibility": 0, "project": _project(), "autosave": 0,
    }  # fmt: skip


def _add_core(patch: Patch) -> str:
    """Everything that is not a widget; the id of the script's box."""
    left, right = patch.typed("plugin~", 20, 20), patch.typed("plugout~", 20, 60)
    for channel in (0, 1):
        patch.connect(left, right, channel, channel)
    loaded, later = patch.typed("live.thisdevice", 120, 20), patch.typed("deferlow", 120, 60)
    ready = patch.add("message", 120, 100, text="ready")
    receiver = patch.typed("udpreceive @defer 1 @quiet 1", 260, 60)
    sender = patch.typed(f"udpsend {ENGINE}", 120, 220)
    saved = {"filename": SCRIPT, "parameter_enable": 0}
    script = patch.typed(f"js {SCRIPT}", 120, 160, saved_object_attributes=saved)
    patch.typed("live.banks", 260, 20)
    patch.connect(loaded, later)
    patch.connect(later, ready)
    patch.connect(ready, script)
    patch.connect(receiver, script)
    patch.connect(script, sender, TO_ENGINE)
    patch.connect(script, receiver, TO_RECEIVER)
    return script


def _add_widgets(patch: Patch, layout: Layout, script: str) -> dict[str, str]:
    """Every widget with its cords; box ids by widget id."""
    box_ids: dict[str, str] = {}
    groups = layout.groups()
    router = patch.typed(f"route {' '.join(groups)}", 120, 270)
    patch.connect(script, router, TO_WIDGETS)
    top = 320.0
    for number, group in enumerate(groups):
        speaking = [widget for widget in layout.of_group(group) if widget.kind not in SILENT]
        names = patch.typed(f"route {' '.join(widget.name for widget in speaking)}", 20, top)
        patch.connect(router, names, number)
        for widget in layout.of_group(group):
            x, y = _place(len([w for w in layout.of_group(group) if w.id in box_ids]), top)
            box_ids[widget.id] = _add_widget(patch, widget, len(box_ids), x, y)
            if widget in speaking:
                patch.connect(names, box_ids[widget.id], speaking.index(widget))
                _connect_back(patch, widget, box_ids[widget.id], script, x, y)
        top += 60 + LINE * (1 + len(layout.of_group(group)) // 7)
    return box_ids


def _place(index: int, top: float) -> tuple[float, float]:
    return 20 + COLUMN * (index % 7), top + 40 + LINE * (index // 7)


def _add_widget(patch: Patch, widget: Widget, order: int, x: float, y: float) -> str:
    maxclass, box = CLASSES[widget.kind], widget_box(widget, order)
    if maxclass != "pattr":
        return patch.add(maxclass, x, y, **box)
    saved = {"parameter_enable": 1, "parameter_mappable": 0}
    return patch.typed(f"pattr {widget.id}", x, y, **box, saved_object_attributes=saved)


def _connect_back(patch: Patch, widget: Widget, box_id: str, script: str, x: float, y: float) -> None:
    """Bars, texts and lights only show; everything else tells the script."""
    if widget.kind in ("bar", "text", "light"):
        return
    named = patch.typed(f"prepend ui {widget.group} {widget.name}", x, y + 30)
    patch.connect(box_id, named)
    patch.connect(named, script)


def _project() -> dict[str, Any]:
    return {
        "version": 1, "creationdate": 3590052786, "modificationdate": 3590052786,
        "viewrect": [25.0, 106.0, 300.0, 500.0], "autoorganize": 1, "hideprojectwindow": 1,
        "showdependencies": 1, "autolocalize": 0,
        "contents": {"patchers": {}, "media": {}, "code": {}, "data": {}, "other": {}},
        "layout": {}, "searchpath": {}, "detailsvisible": 0, "amxdtype": AMXD_TYPE, "readonly": 0,
        "devpathtype": 0, "devpath": ".", "sortmode": 0, "viewmode": 0, "includepackages": 0,
    }  # fmt: skip
