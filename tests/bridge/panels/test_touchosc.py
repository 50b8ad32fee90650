"""The layout for TouchOSC: its messages are the contract's, and the engine does what its controls say."""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from bridge.osc_codec import decode as decode_message
from bridge.osc_places import template_of
from bridge.osc_spec import INPUTS, ROWS
from bridge.panels import touchosc as built
from bridge.panels.contract import told
from bridge.panels.touchosc_xml import Node, Osc, Partial, Rectangle, decode, encode
from engine.config import Config
from engine.errors import EngineError
from engine.track import PARAMS
from tests.bridge.panels.boxes import layout_boxes, outside, overlapping
from tests.bridge.panels.stage import Stage
from tests.bridge.panels.tablet import Tablet
from tests.companion_tools import require_tool

TRACKS = Config().engine.tracks
SIZE = (1280, 800)
TAGS = {"INTEGER": "i", "FLOAT": "f", "STRING": "s"}


@functools.cache
def the_layout() -> Node:
    return decode(built.build())


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def messages() -> Iterator[tuple[Node, Osc]]:
    for node in nodes(the_layout()):
        for message in node.messages:
            yield node, message


# --- the file -------------------------------------------------------------------------------------


def test_what_is_encoded_is_decoded():
    layout = built.layout(built.read_panel(TRACKS))
    assert decode(encode(layout)) == layout
    assert built.build() == built.build()


def test_the_file_is_deflated_xml_of_nodes_with_ids_of_their_own():
    document = ET.fromstring(zlib.decompress(built.build()))
    assert (document.tag, document.attrib) == ("lexml", {"version": "3"})
    found = document.findall(".//node")
    assert len({node.attrib["ID"] for node in found}) == len(found) > 300
    assert all([part.tag for part in node][:2] == ["properties", "values"] for node in found)


@pytest.mark.parametrize("data", [b"", b"<lexml/>", zlib.compress(b"<lexml/>"), zlib.compress(b"no xml")])
def test_what_is_no_document_is_refused(data):
    with pytest.raises(EngineError, match="no document of TouchOSC"):
        decode(data)


def test_every_property_type_survives():
    node = Node(
        "BUTTON",
        {"name": "é'\"<&>", "on": True, "n": -3, "f": 0.25, "frame": Rectangle(1, 2, 3, 4)},
        {"x": "0"},
        [
            Osc(
                "/a",
                (Partial("CONSTANT", "STRING", "x y"), Partial("VALUE", "FLOAT", "x", -1, 1.5)),
                "x",
                "RISE",
            )
        ],
    )
    assert decode(encode(node)) == node


def test_controls_have_names_of_their_own():
    names = [node.name for node in nodes(the_layout())]
    assert len(names) == len(set(names))


def test_nothing_lies_on_something_else_or_outside():
    boxes = list(layout_boxes(the_layout()))
    assert len(boxes) > 250
    assert overlapping(boxes) == [] and outside(boxes, *SIZE) == []


def test_every_label_fits_its_control():
    assert [box.name for box in layout_boxes(the_layout()) if len(box.text) * 6.8 > box.width] == []


# --- the contract ---------------------------------------------------------------------------------


def test_what_is_sent_is_what_the_table_takes():
    """Address, number of arguments, their types, and both ends of what a value can be."""
    for node, message in messages():
        if not message.send:
            continue
        row = INPUTS[template_of(message.address)]
        tags = "".join(TAGS[partial.conversion] for partial in message.arguments)
        assert tags == "".join(arg.type for arg in row.args)[: len(tags)], node.name
        for end in ("low", "high"):
            values = [
                getattr(partial, end)
                if partial.kind == "VALUE"
                else {"s": str, "i": int, "f": float}[tag](partial.value)
                for partial, tag in zip(message.arguments, tags, strict=True)
            ]
            decode_message(message.address, values, TRACKS)  # EngineError for whatever it does not take


def test_what_is_heard_is_what_the_engine_tells():
    for node, message in messages():
        if message.receive:
            args = told(template_of(message.address))
            assert args is not None, node.name
            assert [TAGS[p.conversion] for p in message.arguments] == [arg.type for arg in args], node.name


def test_faders_have_the_range_that_the_table_or_a_part_of_it_has():
    for node, message in messages():
        if node.kind in ("FADER", "RADIAL") and message.send:
            arg, partial = INPUTS[template_of(message.address)].args[-1], message.arguments[-1]
            assert arg.low <= partial.low < partial.high <= arg.high, node.name


def test_every_parameter_of_every_track_has_a_fader_with_its_range():
    for track in TRACKS:
        for name, param in PARAMS.items():
            node = next(n for n in nodes(the_layout()) if n.name == f"track_{track}_param_{name}")
            script = str(node.properties["script"])
            assert f"'/rg/track/{track}/param', '{name}'" in script
            assert f"LOW, HIGH = {param.low:g}, {param.high:g}" in script
            assert node.messages == []  # or what the engine tells would be sent back


def test_every_address_in_a_script_is_in_the_contract():
    known = {row.address for row in ROWS}
    for node in nodes(the_layout()):
        for address in re.findall(r"'(/rg/[^']*)'", str(node.properties.get("script", ""))):
            assert template_of(address) in known


# --- a running engine -----------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["udp", "slip"])
def tablet(request, stage: Stage, tmp_path_factory) -> Iterator[Tablet]:
    lua = require_tool("lua5.4")
    path = tmp_path_factory.mktemp("layout") / "layout.lua"
    with Tablet(lua, the_layout(), path, stage.port, request.param) as running:
        running.wait("connected", 1)
        yield running


def test_what_the_engine_has_is_shown_as_soon_as_the_layout_opens(stage, tablet):
    tablet.wait("key_show", stage.value("/rg/key")[0])
    tablet.wait("tempo_show", f"{stage.value('/rg/tempo')[0]:.6g} bpm")
    tablet.wait("track_drums_state_show", "ready")
    tablet.wait("set_open_show", stage.set_name)
    tablet.wait("track_bass_stem_show", stage.value("/rg/track/bass/stem")[0])


@pytest.mark.parametrize("name", ["lock", "mute", "solo"])
def test_a_switch_goes_both_ways(stage, tablet, name):
    address = f"/rg/track/bass/{name}"
    for value in (1, 0):
        tablet.do("press", id=f"track_bass_{name}")
        assert tablet.sent[-1] == (address, [value])
        stage.until(address, value)
    stage.client.send(address, 1)
    tablet.wait(f"track_bass_{name}", 1)
    stage.client.send(address, 0)
    tablet.wait(f"track_bass_{name}", 0)


def test_faders_set_what_they_stand_for_and_follow_others(stage, tablet):
    tablet.do("slide", id="track_drums_volume", value=0.5)
    stage.until("/rg/track/drums/volume", -24.0)
    stage.client.send("/rg/track/drums/volume", 12.0)
    tablet.wait("track_drums_volume", 1)
    stage.client.send("/rg/track/drums/volume", -100.0)
    tablet.wait("track_drums_volume", 0)
    tablet.do("slide", id="track_harmony_pan", value=0.25)
    stage.until("/rg/track/harmony/pan", -0.5)
    tablet.do("slide", id="bars", value=0.0)
    stage.until("/rg/bars", 1)
    tablet.wait("bars_show", "1")


def test_parameters_go_both_ways_and_what_is_told_is_not_sent_back(stage, tablet):
    tablet.do("slide", id="track_melody_param_octave", value=0.75)
    assert tablet.sent[-1] == ("/rg/track/melody/param", ["octave", 1.0])
    stage.hear("/rg/track/melody/param", "octave", 1.0)  # what comes by another way could overtake it
    count = len(tablet.sent)
    stage.client.send("/rg/track/melody/param", "octave", -2.0)
    tablet.wait("track_melody_param_octave", 0)
    stage.client.send("/rg/track/melody/param", "glide", 0.25)
    tablet.wait("track_melody_param_glide", 0.25)
    tablet.do("hold", id="track_melody_param_glide", value=True)
    stage.client.send("/rg/track/melody/param", "glide", 0.75)
    stage.client.send("/rg/track/melody/param", "swing", 0.75)
    tablet.wait("track_melody_param_swing", 0.75)
    assert tablet.do("read", id="track_melody_param_glide") == 0.25  # a finger is on it
    tablet.do("hold", id="track_melody_param_glide", value=False)
    assert len(tablet.sent) == count


def test_buttons_send_their_words_once(stage, tablet):
    tablet.do("press", id="when_bar")
    assert tablet.sent[-1] == ("/rg/when", ["bar"])
    tablet.wait("when_show", "bar")
    tablet.do("press", id="key_f_sharpm")
    tablet.wait("key_show", "F#m")
    tablet.do("press", id="signature_3_4_press")
    tablet.wait("signature_show", "3/4")
    tablet.do("press", id="signature_4_4_press")
    tablet.wait("signature_show", "4/4")
    count = len(tablet.sent)
    tablet.do("press", id="play")
    assert tablet.sent[count:] == [("/rg/play", [])]
    tablet.wait("playing_light", 1)
    tablet.do("press", id="stop")
    tablet.wait("playing_light", 0)


def test_a_track_is_made_anew_and_undone_and_kept_as_a_scene(stage, tablet):
    count = stage.value("/rg/track/bass/take")[1]
    tablet.do("press", id="track_bass_regenerate")
    tablet.wait("track_bass_take_show", f"{count + 1} of {count + 1}")
    tablet.do("press", id="track_bass_undo")
    tablet.wait("track_bass_take_show", f"{count} of {count + 1}")
    tablet.do("press", id="scene_save_3")
    tablet.wait("scene_save_show", "3")
    tablet.do("press", id="scene_load_3")
    tablet.wait("scene_load_show", "3")


def test_a_refusal_is_shown_with_what_is_allowed(stage, tablet):
    tablet.do("press", id="scene_load_8")
    tablet.wait_for("fail_show", r"/rg/scene/load: .*'8'")


def test_the_layout_stays_subscribed_and_says_hello_after_a_sleep(stage, tablet):
    tablet.arrived.clear()
    count = len(tablet.sent)
    for _ in range(6):
        tablet.do("tick", ms=1000)
        tablet.take_in("/rg/pong")
    assert {address for address, _ in tablet.sent[count:]} == {"/rg/ping"}
    count = len(tablet.sent)
    tablet.do("tick", ms=60_000)
    assert ("/rg/hello", ["TouchOSC", tablet.answer_port]) in tablet.sent[count:]
    tablet.wait("connected", 1)


def test_the_button_greets_with_the_port_of_the_script():
    greeting = next(m for n, m in messages() if m.address == "/rg/hello")
    assert [p.value for p in greeting.arguments] == ["TouchOSC", str(built.ANSWER_PORT)]


def test_a_layout_that_was_cut_down_goes_on_working(stage, tmp_path):
    lua = require_tool("lua5.4")
    layout = the_layout()
    kept = [child for child in layout.children if child.name in ("key_show", "play")]
    with Tablet(lua, replace(layout, children=kept), tmp_path / "layout.lua", stage.port) as cut:
        cut.wait("key_show", stage.value("/rg/key")[0])
        cut.do("press", id="play")
        stage.until("/rg/playing", 1)
        cut.do("tick", ms=1000)
    stage.client.send("/rg/stop")


def test_where_no_engine_answers_the_light_goes_out(tmp_path):
    lua = require_tool("lua5.4")
    with Tablet(lua, the_layout(), tmp_path / "layout.lua", 9) as lonely:
        for _ in range(3):
            lonely.do("tick", ms=1000)
        assert lonely.do("read", id="connected") == 0
        assert [address for address, _ in lonely.sent].count("/rg/hello") == 4
