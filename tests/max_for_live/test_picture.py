"""The device's look, drawn from its patcher: the picture is current, and no text is cut off."""

import xml.etree.ElementTree as ElementTree

import pytest

from max_for_live.build import amxd
from max_for_live.container import read_device
from max_for_live.device import device_patcher
from max_for_live.layout import read_layout
from max_for_live.lettering import text_width, wrapped
from max_for_live.picture import DRAWN, PADDING, PICTURE, number_text, picture
from max_for_live.sources import source_text, source_toml

BOXES = [entry["box"] for entry in device_patcher()["boxes"] if entry["box"].get("presentation")]
# The longest that the script writes into each.
WRITTEN = {
    "status": "looking for the engine",
    "frame": "240.00 bpm | 12/16 | C#hm | clock: internal",
    "state": "making 100%",
    "take": "99/99",
    "log": "Harmony was not placed: Live did not replace the clip of the take before",
}


def test_the_picture_in_the_how_to_is_that_of_the_device():
    assert source_text(PICTURE) == picture(), "python -m max_for_live.picture draws it anew"
    assert f"]({PICTURE})" in source_text("README.md")


def test_it_shows_every_box_of_the_device_that_is_built():
    patcher = read_device(amxd()).patcher
    drawn = [entry["box"] for entry in patcher["boxes"] if entry["box"].get("presentation")]
    assert {box["maxclass"] for box in drawn} <= set(DRAWN)
    root = ElementTree.fromstring(picture())
    said = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    for box in drawn:
        if box["maxclass"] == "live.text":
            assert box["text"] in said or box["texton"] in said
    places = {(float(e.get("x")), float(e.get("y"))) for e in root.iter("{http://www.w3.org/2000/svg}rect")}
    for box in drawn:
        x, y, *_ = box["presentation_rect"]
        assert box["maxclass"] in ("comment", "multislider") or (x, y) in places, box["varname"]


def test_what_it_is_said_to_show_are_widgets():
    widgets = {(w.group, w.name) for w in read_layout().widgets}
    shown = {(group, name) for group, values in source_toml("picture.toml").items() for name in values}
    assert shown <= widgets


def texts_of(box):
    """Everything that can stand in a box."""
    value = box.get("saved_attribute_attributes", {}).get("valueof", {})
    if box["maxclass"] == "live.text":
        return [box["text"], box["texton"]]
    if box["maxclass"] == "live.menu":
        return value["parameter_enum"]
    if box["maxclass"] == "live.numbox":
        return [number_text(box, value[end]) for end in ("parameter_mmin", "parameter_mmax")]
    if box["maxclass"] == "comment":
        return [WRITTEN.get(box["varname"].split("_")[-1], ""), box["text"]]
    return []


@pytest.mark.parametrize("box", BOXES, ids=lambda box: box["varname"])
def test_no_text_is_cut_off(box):
    arrow = 9 if box["maxclass"] == "live.menu" else 0
    for text in texts_of(box):
        assert text_width(text, box["fontsize"]) + PADDING + arrow <= box["presentation_rect"][2], text
        assert box["fontsize"] <= box["presentation_rect"][3]


def test_words_are_wrapped_where_the_line_is_full():
    assert wrapped("one two three", 10, 40) == ["one two", "three"]
    assert wrapped("", 10, 40) == [""]
    assert wrapped("incomprehensibilities", 10, 40) == ["incomprehensibilities"]
