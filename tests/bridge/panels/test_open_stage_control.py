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
from tests.bridge.panels.stage import PROMPT, Puppet, Stage
from tests.companion_tools import require_tool

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


# --- a running engine -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tablet(stage: Stage, tmp_path_factory) -> Iterator[Puppet]:
    node = require_tool("node")
    path = tmp_path_factory.mktemp("session") / "session.json"
    path.write_bytes(built.build())
    with Puppet([node, str(HERE / "open_stage_control.cjs"), str(path), str(stage.port)]) as running:
        running.wait("connected", 1)
        yield running


def test_what_the_engine_has_is_shown_as_soon_as_the_session_opens(stage, tablet):
    tempo, key = stage.value("/rg/tempo")[0], stage.value("/rg/key")[0]
    tablet.wait("tempo", tempo)
    tablet.wait("key", key)
    tablet.wait("track_drums_take_show", "1 of 1")
    tablet.wait("track_drums_state_show", "ready")
    tablet.wait("set_open_show", "first")
    assert tablet.do("read", id="track_bass_stem_show").startswith("bass_140bpm")


@pytest.mark.parametrize("name", ["lock", "mute", "solo"])
def test_a_switch_is_lit_when_the_engine_says_so(stage, tablet, name):
    for value in (1, 0):
        tablet.do("press", id=f"track_bass_{name}")
        tablet.wait(f"track_bass_{name}", value)
        assert stage.value(f"/rg/track/bass/{name}") == (value,)


def test_sliders_set_what_they_stand_for_and_follow_others(stage, tablet):
    tablet.do("slide", id="track_drums_volume", value=-9.5)
    stage.until("/rg/track/drums/volume", -9.5)
    stage.client.send("/rg/track/drums/volume", -3.25)
    tablet.wait("track_drums_volume", -3.25)
    tablet.do("slide", id="track_harmony_param_density", value=0.75)
    assert stage.hear("/rg/track/harmony/param", "density") == ("density", 0.75)
    stage.client.send("/rg/track/harmony/param", "octave", -1.0)
    tablet.wait("track_harmony_param_octave", -1)
    assert tablet.do("read", id="track_harmony_param_density") == 0.75


def test_fields_and_choices_set_values_and_a_refusal_brings_the_true_one_back(stage, tablet):
    tablet.do("choose", id="when", value="bar")
    stage.until("/rg/when", "bar")
    tablet.do("choose", id="signature", value="7/8")
    stage.until("/rg/signature", 7, 8)
    stage.client.send("/rg/signature", 4, 4)
    tablet.wait("signature", [4, 4])
    tablet.do("type", id="key", value="F# minor")
    stage.until("/rg/key", "F#m")
    tablet.wait("key", "F#m")
    tablet.do("type", id="seed", value="5")
    stage.until("/rg/seed", 5)
    tablet.do("type", id="tempo", value="999")
    tablet.wait("tempo", stage.value("/rg/tempo")[0])
    assert "outside 40 to 240" in tablet.do("read", id="fail_show")


def test_a_typed_prompt_is_sent_by_its_button_and_not_before(stage, tablet):
    tablet.do("sent")
    tablet.do("type", id="prompt", value=PROMPT + ", darker")
    assert tablet.do("sent") == []
    tablet.do("press", id="generate")
    (message,) = tablet.do("sent")
    assert message == {"address": "/rg/generate", "args": [PROMPT + ", darker"], "tags": "s"}
    tablet.wait("track_melody_take_show", "2 of 2")


def test_one_track_is_made_anew_and_undone(stage, tablet):
    count = stage.client.seen["/rg/track/bass/take"][1]
    tablet.do("press", id="track_bass_regenerate")
    tablet.wait("track_bass_take_show", f"{count + 1} of {count + 1}")
    tablet.do("press", id="track_bass_undo")
    tablet.wait("track_bass_take_show", f"{count} of {count + 1}")
    tablet.do("type", id="bass_take_wanted", value=str(count + 1))
    tablet.do("press", id="bass_take_go")
    tablet.wait("track_bass_take_show", f"{count + 1} of {count + 1}")


def test_menus_fill_with_the_scenes_there_are(stage, tablet):
    changes = tablet.do("read", id="changes") or 0
    tablet.do("type", id="scene_name", value="chorus")
    tablet.do("press", id="scene_save")
    tablet.wait("changes", changes + 1)
    tablet.do("tick", ms=1000)
    tablet.wait("scene_load_names", ["chorus"])
    tablet.do("choose", id="scene_load", value="chorus")
    assert stage.hear("/rg/scene/load") == ("chorus",)


def test_an_analysis_is_read_line_by_line(stage, tablet):
    tablet.do("press", id="analyze_prompt")
    stage.client.ask("/rg/analyze/prompt", "x")  # what was asked before it is answered
    lines = tablet.do("read", id="analysis_field_show").split("\n")
    assert any(line.startswith("tempo") for line in lines) and len(lines) > 5


def test_playing_lights_the_light_and_counts(stage, tablet):
    tablet.do("press", id="play")
    tablet.wait("playing_light", 1)
    tablet.do("press", id="stop")
    tablet.wait("playing_light", 0)


def test_a_tablet_that_slept_or_lost_the_engine_says_hello_again(stage, tablet):
    tablet.do("sent")
    tablet.do("tick", ms=5000)
    assert [m["address"] for m in tablet.do("sent")] == ["/rg/ping"]
    tablet.do("sleep", ms=60_000)
    tablet.do("tick", ms=1000)
    assert tablet.do("sent")[0] == {"address": "/rg/hello", "args": ["Open Stage Control", 0], "tags": "si"}
    tablet.wait("connected", 1)


def test_where_no_engine_answers_the_light_goes_out(tmp_path):
    node = require_tool("node")
    path = tmp_path / "session.json"
    path.write_bytes(built.build())
    with Puppet([node, str(HERE / "open_stage_control.cjs"), str(path), "9"]) as lonely:
        lonely.do("tick", ms=3000)
        assert lonely.do("read", id="connected") == 0
        assert [m["address"] for m in lonely.do("sent")].count("/rg/hello") == 4
