"""A picture of the device, drawn from its patcher: `python -m max_for_live.picture [FILE]` writes layout.svg.

Every box with a place in the presentation is drawn where the patcher has it, in the manner of its class, with
its own text, range and colours; picture.toml says what the widgets show.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from max_for_live.colors import rgba
from max_for_live.device import device_patcher
from max_for_live.lettering import wrapped
from max_for_live.sources import source_json, source_toml

PICTURE = "layout.svg"
TITLE_HEIGHT = 16.0  # Live's own bar above every device
MARGIN = 8.0
SCALE = 2.0
PADDING = 3.0
UNITS = {0: "{:.0f}", 1: "{:.2f}", 4: "{:.1f} dB", 5: "{:.0f} %"}
SANS = "Ableton Sans Medium, Arial, Helvetica, sans-serif"
Shown = float | str | None


def picture() -> str:
    """The whole drawing, as SVG."""
    patcher, shown = device_patcher(), _shown()
    width, height = patcher["openrect"][2:]
    outer = (width + 2 * MARGIN, height + TITLE_HEIGHT + 2 * MARGIN)
    boxes = [entry["box"] for entry in patcher["boxes"] if entry["box"].get("presentation")]
    boxes.sort(key=lambda box: -box.get("background", 0))
    parts = [part for box in boxes for part in draw_box(box, shown.get(box["varname"]))]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SCALE * outer[0]:g}" height="{SCALE * outer[1]:g}"'
        f' viewBox="0 0 {outer[0]:g} {outer[1]:g}" font-family="{SANS}">'
    )
    body = [
        rect((0, 0, *outer), "#4d4d4d"),
        f'<g transform="translate({MARGIN:g} {MARGIN:g})">',
        *_title(width),
        f'<g transform="translate(0 {TITLE_HEIGHT:g})">',
        rect((0, 0, width, height), css(rgba("surface"))),
        *parts,
        "</g></g></svg>\n",
    ]
    return "\n".join([head, *body])


def _shown() -> dict[str, Shown]:
    """What each widget shows, by its scripting name."""
    table = source_toml("picture.toml")
    return {f"{group}_{name}": value for group, values in table.items() for name, value in values.items()}


def _title(width: float) -> Iterator[str]:
    yield rect((0, 0, width, TITLE_HEIGHT), "#1f1f1f")
    yield rect((5, 4, 8, 8), css(rgba("amber")), 4)
    yield text("ResonantGen", 18, 11.5, 10, "#c8c8c8")


# --- boxes ----------------------------------------------------------------------------------------


def draw_box(box: dict[str, Any], shown: Shown) -> Iterator[str]:
    """One box in the manner of its class."""
    x, y, w, h = box["presentation_rect"]
    return DRAWN[box["maxclass"]](box, (x, y, w, h), shown)


def _switch(box: dict[str, Any], place: Place, shown: Shown) -> Iterator[str]:
    value = _value(box)["parameter_initial"][0] if shown is None else shown
    on = value == 1
    yield rect(place, css(box["activebgoncolor"]) if on else css(rgba("control")), 2)
    words = box["texton"] if on else box["text"]
    yield centred(words, place, box["fontsize"], css(rgba("dark" if on else "text")))


def _menu(box: dict[str, Any], place: Place, shown: Shown) -> Iterator[str]:
    value = _value(box)
    yield rect(place, css(rgba("control")), 2)
    yield from _with_arrow(str(value["parameter_enum"][int(value["parameter_initial"][0])]), box, place)


def _chooser(box: dict[str, Any], place: Place, shown: Shown) -> Iterator[str]:
    yield rect(place, css(box["bgfillcolor"]), 2)
    yield from _with_arrow(str(shown or box["items"][0]), box, place)


def _with_arrow(words: str, box: dict[str, Any], place: Place) -> Iterator[str]:
    x, y, w, h = place
    yield text(words, x + PADDING, _baseline(place, box["fontsize"]), box["fontsize"], css(rgba("text")))
    middle = y + h / 2
    points = f"{x + w - 9:g},{middle - 2:g} {x + w - 3:g},{middle - 2:g} {x + w - 6:g},{middle + 2:g}"
    yield f'<polygon points="{points}" fill="{css(rgba("text"))}"/>'


def number_text(box: dict[str, Any], number: float) -> str:
    """A number as its unit shows it."""
    value = _value(box)
    if "parameter_units" in value:
        return str(value["parameter_units"]) % number
    return UNITS[value["parameter_unitstyle"]].format(number)


def _number(box: dict[str, Any], place: Place, shown: Shown) -> Iterator[str]:
    number = _value(box)["parameter_initial"][0] if shown is None else shown
    yield rect(place, css(rgba("control")), 2)
    yield centred(number_text(box, float(number)), place, box["fontsize"], css(rgba("text")))


def _field(box: dict[str, Any], place: Place, shown: Shown) -> Iterator[str]:
    x, y, w, _ = place
    yield rect(place, css(box["bgcolor"]), box["rounded"])
    size = box["fontsize"]
    for number, line in enumerate(wrapped(str(shown or ""), size, w - 2 * PADDING)):
        yield text(line, x + PADDING, y + size + 1.5 + number * size * 1.2, size, css(box["textcolor"]))


def _bar(box: dict[str, Any], place: Place, shown: Shown) -> Iterator[str]:
    x, y, w, h = place
    low, high = box["setminmax"]
    share = (float(low if shown is None else shown) - low) / (high - low)
    yield rect(place, css(box["bgcolor"]), 1)
    filled = (x, y + h * (1 - share), w, h * share) if box["orientation"] else (x, y, w * share, h)
    yield rect(filled, css(box["slidercolor"]), 1)


def _text(box: dict[str, Any], place: Place, shown: Shown) -> Iterator[str]:
    x, _, w, _ = place
    words, size = str(box["text"] if shown is None else shown), box["fontsize"]
    start, anchor = ((PADDING, "start"), (w / 2, "middle"), (w - PADDING, "end"))[box["textjustification"]]
    yield text(words, x + start, _baseline(place, size), size, css(box["textcolor"]), anchor)


def _panel(box: dict[str, Any], place: Place, shown: Shown) -> Iterator[str]:
    lights = source_json("src/lights.json")
    yield rect(place, css(lights[shown] if shown in lights else box["bgcolor"]), box["rounded"])


Place = tuple[float, float, float, float]
DRAWN = {
    "live.text": _switch, "live.menu": _menu, "live.numbox": _number, "textedit": _field, "umenu": _chooser,
    "multislider": _bar, "comment": _text, "panel": _panel,
}  # fmt: skip


def _value(box: dict[str, Any]) -> dict[str, Any]:
    return dict(box["saved_attribute_attributes"]["valueof"])


# --- SVG ------------------------------------------------------------------------------------------


def css(color: Any) -> str:
    red, green, blue = (round(255 * part) for part in color[:3])
    return f"#{red:02x}{green:02x}{blue:02x}"


def rect(place: Place, fill: str, rounded: float = 0) -> str:
    x, y, w, h = place
    corner = f' rx="{rounded:g}"' if rounded else ""
    return f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}"{corner} fill="{fill}"/>'


def text(words: str, x: float, y: float, size: float, fill: str, anchor: str = "start") -> str:
    aligned = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.4g}" y="{y:.4g}" font-size="{size:g}" fill="{fill}"{aligned}>{escape(words)}</text>'


def centred(words: str, place: Place, size: float, fill: str) -> str:
    return text(words, place[0] + place[2] / 2, _baseline(place, size), size, fill, "middle")


def _baseline(place: Place, size: float) -> float:
    return place[1] + place[3] / 2 + size * 0.36


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m max_for_live.picture", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=Path(__file__).with_name(PICTURE))
    parser.parse_args().file.write_text(picture())


if __name__ == "__main__":
    main()
