"""The session for Open Stage Control in front of a running engine: each does what the other says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.panels import open_stage_control as built
from tests.bridge.panels.stage import PROMPT, Puppet, Stage
from tests.companion_tools import require_tool

HERE = Path(__file__).parent


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
    tablet.wait("set_open_show", stage.set_name)
    tablet.wait("track_bass_stem_show", stage.value("/rg/track/bass/stem")[0])


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
    tablet.wait_for("fail_show", "/rg/tempo: .*outside 40 to 240")


def test_a_typed_prompt_is_sent_by_its_button_and_not_before(stage, tablet):
    tablet.do("sent")
    tablet.do("type", id="prompt", value=PROMPT + ", darker")
    assert tablet.do("sent") == []
    tablet.do("press", id="generate")
    (message,) = tablet.do("sent")
    assert message == {"address": "/rg/generate", "args": [PROMPT + ", darker"], "tags": "s"}
    tablet.wait("track_melody_take_show", "2 of 2")


def test_one_track_is_made_anew_and_undone(stage, tablet):
    count = stage.value("/rg/track/bass/take")[1]
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
    tablet.wait_for("analysis_field_show", r"^tempo_bpm: 140\n(.+\n){5}")


def test_playing_lights_the_light_and_counts(stage, tablet):
    tablet.do("press", id="play")
    tablet.wait("playing_light", 1)
    tablet.do("press", id="stop")
    tablet.wait("playing_light", 0)


def test_a_tablet_that_slept_or_lost_the_engine_says_hello_again(stage, tablet):
    tablet.do("sent")
    tablet.do("tick", ms=1000)
    (ping,) = tablet.do("sent")
    assert ping["address"] == "/rg/ping"
    tablet.wait("heard_pong", ping["args"][0])
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
