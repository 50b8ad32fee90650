"""A patcher in the making: boxes and the cords between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from max_for_live.sources import source_toml

TYPED_HEIGHT = 20.0


@cache
def object_classes() -> dict[str, dict[str, Any]]:
    return source_toml("objects.toml")


def ports_of(box: dict[str, Any]) -> tuple[int, list[str]]:
    """How many inlets an object has, and the types of its outlets, by its class and its arguments."""
    name, *arguments = str(box.get("text", "")).split() if box["maxclass"] == "newobj" else [box["maxclass"]]
    known = object_classes()[name]
    more = len([a for a in arguments if not a.startswith("@")]) if known.get("arguments") == "outlet" else 0
    return known["inlets"] + more, known["outlets"] + [""] * more


@dataclass
class Patch:
    boxes: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)

    def add(self, maxclass: str, x: float, y: float, **attributes: Any) -> str:
        """A box; its id. One that is typed gives `text`."""
        box = {"id": f"obj-{len(self.boxes) + 1}", "maxclass": maxclass, **attributes}
        inlets, outlets = ports_of(box)
        box |= {"numinlets": inlets, "numoutlets": len(outlets), "patching_rect": self._place(box, x, y)}
        if outlets:
            box["outlettype"] = outlets
        self.boxes.append(box)
        return str(box["id"])

    def typed(self, text: str, x: float, y: float, **attributes: Any) -> str:
        return self.add("newobj", x, y, text=text, **attributes)

    def connect(self, source: str, destination: str, outlet: int = 0, inlet: int = 0) -> None:
        self.lines.append({"patchline": {"source": [source, outlet], "destination": [destination, inlet]}})

    def _place(self, box: dict[str, Any], x: float, y: float) -> list[float]:
        if "presentation_rect" in box:
            width, height = box["presentation_rect"][2:]
            return [x, y, width, height]
        return [x, y, max(40.0, 6.5 * len(str(box.get("text", "")))), TYPED_HEIGHT]
