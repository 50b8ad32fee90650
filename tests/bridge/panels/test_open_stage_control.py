"""The session for Open Stage Control: all of the contract in its reach, and the engine does what it says."""

from __future__ import annotations

import fnmatch
import functools
import json
import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from bridge.osc_places import template_of
from bridge.osc_spec import INPUTS, ROWS
from bridge.panels import open_stage_control as built
from bridge.panels.arrangement import Reader
from bridge.panels.contract import check, several, told
from engine.config import Config
from engine.errors import EngineError
from engine.track import PARAMS
from tests.bridge.panels.boxes import outside, overlapping, session_boxes

HERE = Path(__file__).parent
TRACKS = Config().engine.tracks
DOCUMENTED = tomllib.loads((HERE / "open_stage_control.toml").read_text())
SCRIPTED = re.compile(r'send\("(/[^"]+)"')
SIZE = (1280, 800)


@functools.cache
def session() -> dict[str, Any]:
    return json.loads(built.build())


def widgets(widget: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield widget
    for child in [*widget.get("widgets", ()), *widget.get("tabs", ())]:
        yield from widgets(child)


def all_widgets() -> list[dict[str, Any]]:
    return list(widgets(session()["content"]))


def senders() -> Iterator[tuple[dict[str, Any], str]]:
    """Every widget that sends its value itself, and where."""
    for widget in all_widgets():
        if "address" in widget and not widget.get("bypass"):
            yield widget, template_of(widget["address"])


def scripts(widget: dict[str, Any]) -> str:
    return " ".join(str(widget.get(key, "")) for key in ("onCreate", "onValue"))


# --- the file -------------------------------------------------------------------------------------


def test_the_same_session_comes_out_every_time():
    assert built.build() == built.build()
    assert session()["type"] == "session" and session()["content"]["type"] == "root"


def test_every_widget_and_property_is_in_the_programs_documentation():
    common, own = set(DOCUMENTED["common"]), DOCUMENTED["own"]
    strange = [
        (widget["id"], widget["type"], key)
        for widget in all_widgets()
        for key in widget
        if key not in common | set(own[widget["type"]])
    ]
    assert strange == []


def test_no_text_is_taken_for_one_of_the_programs_own_formulas():
    """`@{…}`, `#{…}`, `OSC{…}`, `JS{…}` and `VAR{…}` are filled in wherever they stand."""
    links = [
        v for w in all_widgets() for v in w.values() if isinstance(v, str) and re.search(r"[@#A-Z]\{", v)
    ]
    assert links and all(re.fullmatch(r"@\{\w+\}", link) for link in links)


def test_widgets_have_names_of_their_own():
    names = [widget["id"] for widget in all_widgets()]
    assert len(names) == len(set(names))


def test_nothing_lies_on_something_else_or_outside():
    boxes = list(session_boxes(session()["content"], *SIZE, bar=40))
    assert len(boxes) > 200
    assert overlapping(boxes) == [] and outside(boxes, *SIZE) == []


def test_every_label_fits_its_widget():
    boxes = session_boxes(session()["content"], *SIZE, bar=40)
    shown = [box for box in boxes if box.kind in ("button", "text")]
    tight = [b.name for b in shown if len(b.text) * (5.6 if b.name.endswith("_label") else 6.6) > b.width]
    assert tight == []


# --- the contract ---------------------------------------------------------------------------------


def test_every_address_is_in_the_contract():
    known = {row.address for row in ROWS}
    heard = {template_of(w["address"]) for w in all_widgets() if "address" in w}
    sent = {template_of(address) for w in all_widgets() for address in SCRIPTED.findall(scripts(w))}
    asked = set(session()["content"]["variables"]["questions"])
    assert heard | sent | asked <= known


def test_every_input_of_the_contract_is_in_reach_or_left_out_for_a_reason():
    reached = {address for _, address in senders() if address in INPUTS}
    reached |= {template_of(a) for w in all_widgets() for a in SCRIPTED.findall(scripts(w))}
    reached |= set(session()["content"]["variables"]["questions"])
    left_out = built.read_panel(TRACKS).unreached
    assert all(left_out.values()) and all(fnmatch.filter(INPUTS, pattern) for pattern in left_out)
    left = {address for pattern in left_out for address in fnmatch.filter(INPUTS, pattern)}
    assert not reached & left and reached | left == set(INPUTS)


def test_every_track_has_its_own_controls():
    for track in TRACKS:
        mine = {a for w in all_widgets() if (a := w.get("address", "")).startswith(f"/rg/track/{track}/")}
        assert {
            f"/rg/track/{track}/{name}" for name in ("lock", "volume", "mute", "solo", "pan", "seed")
        } <= mine


def test_types_and_ranges_are_the_tables_own():
    for widget, address in senders():
        row = INPUTS[address]
        before = widget.get("preArgs", [])
        tags = widget.get("typeTags", "")
        assert tags == "".join(arg.type for arg in row.args)[: len(tags)], widget["id"]
        if widget["type"] in ("fader", "knob"):
            name = before[0] if before else ""
            arg = PARAMS.get(name, row.args[-1])
            ends = list(widget["range"].values())
            assert (min(ends), max(ends)) == (arg.low, arg.high), widget["id"]
            assert ends == sorted(ends)
        elif widget["type"] in ("dropdown", "switch") and row.args[0].choices:
            assert tuple(widget["values"]["values"]) == row.args[0].choices
        elif widget["type"] == "button" and widget["mode"] == "toggle":
            assert (widget["off"], widget["on"]) == (row.args[-1].low, row.args[-1].high)


def test_what_is_shown_is_told_by_the_engine():
    for control in built.read_panel(TRACKS).controls():
        if control.kind in ("show", "meter", "light") and control.row:
            count = len(told(control.row))
            assert all(int(n) < count for n in re.findall(r"\{(\d)\}", control.format)), control.id


def test_other_tracks_get_strips_of_their_own():
    panel = built.read_panel(("drums", "vocal"))
    assert {c.address for c in panel.controls() if c.address.endswith("/lock")} == {
        "/rg/track/drums/lock", "/rg/track/vocal/lock",
    }  # fmt: skip
    boxes = list(session_boxes(json.loads(built.session(panel))["content"], *SIZE, bar=40))
    assert overlapping(boxes) == [] and outside(boxes, *SIZE) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"/rg/launch"', '"/rg/lunch"', "did you mean '/rg/launch'"),
        ('kind = "toggle"', 'kind = "togle"', "did you mean 'toggle'"),
        ('args = ["$prompt"]', 'args = ["$promt"]', "did you mean 'prompt'"),
        ('args = ["$prompt"]', "args = []", "0 arguments given; /rg/generate takes s:prompt"),
        ('args = ["$prompt"]', "args = [1]", "prompt 1 is not a text"),
        ("range = [-120,", "range = [-130,", "volume_db -130.0 is outside -120.0 to 12"),
        ("values = [0, 1, 2, 3]", "values = [0, 1, 2, 4]", "level 4 is outside 0 to 3"),
        ('id = "preview"', 'id = "generate"', "two controls are called generate"),
        ("at = [8, 14, 34, 34]", "at = [8, 14, 34]", r"at \[8, 14, 34\] is not"),
    ],
)
def test_an_arrangement_that_does_not_fit_the_contract_says_where(old, new, says):
    text = resources.files("daw_templates").joinpath("open_stage_control/arrangement.toml").read_text()
    assert old in text
    with pytest.raises(EngineError, match=says):
        check(Reader("here", TRACKS, several).panel(text.replace(old, new, 1)), "here")
