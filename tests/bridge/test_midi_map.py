"""What a controller file may say: only what the contract knows."""

from __future__ import annotations

from importlib import resources

import pytest

from bridge.midi_control import Control
from bridge.midi_map import LOOKS, STATE_LOOKS, Binding, Look
from bridge.midi_map_file import load_map, parse_map
from bridge.osc_spec import STATES
from engine.errors import EngineError

FOLDER = resources.files("configs").joinpath("controllers")
PACKAGED = sorted(f.name.removesuffix(".toml") for f in FOLDER.iterdir() if f.name.endswith(".toml"))
LOOKS_TEXT = "[looks]\n" + "\n".join(f"{look} = {{ velocity = {i} }}" for i, look in enumerate(LOOKS))


def bind(lines: str) -> Binding:
    return parse_map(f"[[bind]]\n{lines}", "pad.toml").bindings[0]


def refusal(text: str) -> EngineError:
    with pytest.raises(EngineError) as caught:
        parse_map(text, "pad.toml")
    assert caught.value.text.startswith("pad.toml")
    return caught.value


@pytest.mark.parametrize("name", PACKAGED)
def test_every_packaged_map_is_valid(name):
    assert load_map(name).bindings


def test_the_generic_pad_is_laid_out_as_its_head_says():
    tracks = ("drums", "bass", "harmony", "melody")
    found = {
        str(b.control): (b.address.replace("{t}", tracks[b.slot]), *b.args)
        for b in load_map("generic_pad").bindings
    }
    wanted = {f"note {36 + i}": (f"/rg/track/{t}/lock", "$toggle") for i, t in enumerate(tracks)}
    wanted |= {f"note {40 + i}": (f"/rg/track/{t}/regenerate",) for i, t in enumerate(tracks)}
    wanted |= {"note 44": ("/rg/generate", ""), "note 45": ("/rg/cancel",)}
    wanted |= {"note 46": ("/rg/play",), "note 47": ("/rg/stop",)}
    wanted |= {f"cc {20 + i}": (f"/rg/track/{t}/param", "brightness", "$value") for i, t in enumerate(tracks)}
    wanted |= {f"cc {24 + i}": (f"/rg/track/{t}/param", "density", "$value") for i, t in enumerate(tracks)}
    wanted |= {f"cc {28 + i}": (f"/rg/track/{t}/volume", "$value") for i, t in enumerate(tracks)}
    assert found == wanted


def test_every_state_of_a_track_has_a_look():
    assert set(STATES) <= set(STATE_LOOKS) and set(STATE_LOOKS.values()) <= set(LOOKS)


def test_a_map_of_ones_own_is_named_by_its_path(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('name = "Mine"\n[[bind]]\ncc = 1\nchannel = 16\naddress = "/rg/play"\n')
    mine = load_map(str(path))
    assert (mine.name, mine.bindings) == ("Mine", (Binding(Control("cc", 1, 15), "/rg/play", ()),))


def test_an_unknown_controller_names_the_nearest():
    with pytest.raises(EngineError, match="did you mean 'generic_pad'"):
        load_map("genric_pad")


def test_a_knob_takes_the_range_of_its_argument_where_the_file_gives_none():
    assert bind('cc = 1\naddress = "/rg/tempo"\nargs = ["$value"]').scaled(1.0) == 240.0
    octave = bind('cc = 1\naddress = "/rg/track/bass/param"\nargs = ["octave", "$value"]')
    assert (octave.scaled(0.0), octave.scaled(1.0)) == (-2.0, 2.0)


def test_a_range_may_run_backwards_and_integers_are_whole():
    knob = bind('cc = 1\naddress = "/rg/bars"\nargs = ["$value"]\nrange = [16, 1]')
    values = [knob.scaled(position / 127) for position in range(128)]
    assert (values[0], values[-1]) == (16, 1) and values == sorted(values, reverse=True)
    assert all(type(value) is int for value in values) and set(values) == set(range(1, 17))


def test_a_light_may_have_looks_of_its_own():
    led = '\n[[led]]\nnote = 1\nshows = "/rg/track/bass/mute"\n'
    plain, own = (
        parse_map(LOOKS_TEXT + led + looks, "x").lights[0].looks
        for looks in ("", "looks = { solid = { velocity = 99, channel = 16 } }")
    )
    assert own["solid"] == Look(99, 15) and {**own, "solid": plain["solid"]} == plain


def test_a_ready_take_looks_solid_where_the_file_does_not_say():
    text = LOOKS_TEXT.replace(f"ready = {{ velocity = {LOOKS.index('ready')} }}", "")
    looks = parse_map(text + '\n[[led]]\nnote = 1\nshows = "/rg/track/bass/state"', "x").lights[0].looks
    assert looks["ready"] == looks["solid"]


@pytest.mark.parametrize(
    ("lines", "code", "says"),
    [
        ('note = 1\naddress = "/rg/track/drums/lok"', "unknown", "did you mean '/rg/track/drums/lock'"),
        ('note = 1\naddress = "/rg/track/drumz/lock"', "unknown", "did you mean '/rg/track/drums/lock'"),
        ('note = 1\naddress = "/rg/beat"', "unknown", "address"),
        ('note = 1\naddress = "/rg/quit"', "unknown", "address"),
        ('note = 1\naddress = "/rg/play"\nargs = [1]', "type", "it takes: none"),
        ('note = 1\naddress = "/rg/track/bass/lock"', "type", "it takes: on"),
        ('note = 1\naddress = "/rg/track/bass/lock"\nargs = [2]', "range", "0 to 1"),
        ('note = 1\naddress = "/rg/track/bass/lock"\nargs = [0.5]', "type", "a whole number"),
        ('note = 1\naddress = "/rg/track/bass/lock"\nargs = ["$togle"]', "unknown", "did you mean '$toggle'"),
        ('note = 1\naddress = "/rg/tempo"\nargs = ["$gate"]', "type", "$gate is 0 or 1"),
        ('note = 1\naddress = "/rg/generate"\nargs = ["$value"]', "type", "prompt is a text"),
        ('note = 1\naddress = "/rg/when"\nargs = ["lop"]', "unknown", "did you mean 'loop'"),
        ('cc = 1\naddress = "/rg/track/bass/param"\nargs = ["brightnes", 1]', "unknown", "'brightness'"),
        ('cc = 1\naddress = "/rg/track/bass/param"\nargs = ["density", 2]', "range", "0 to 1"),
        ('cc = 1\naddress = "/rg/tempo"\nargs = ["$value"]\nrange = [0, 240]', "range", "40.0 to 240.0"),
        ('cc = 1\naddress = "/rg/tempo"\nargs = ["$value"]\nrange = [60]', "type", "two numbers"),
        ('cc = 1\naddress = "/rg/tempo"\nargs = ["$value"]\nrange = [60, nan]', "range", "nan"),
        ('cc = 1\naddress = "/rg/play"\nrange = [0, 1]', "range", "range is for $value"),
        ('note = 1\ncc = 1\naddress = "/rg/play"', "type", "either note or cc"),
        ('address = "/rg/play"', "type", "either note or cc"),
        ('note = 128\naddress = "/rg/play"', "range", "0 to 127"),
        ('note = 1\nchannel = 0\naddress = "/rg/play"', "range", "1 to 16"),
        ("note = 1", "type", "address is missing"),
        ('note = 1\nadress = "/rg/play"', "unknown", "did you mean 'address'"),
    ],
)
def test_a_wrong_binding_says_what_is_allowed(lines, code, says):
    error = refusal(f"[[bind]]\n{lines}")
    assert error.code == code
    assert says in error.text and "bind 1" in error.text


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ('\n[[led]]\nnote = 1\nshows = "/rg/tempo"', "unknown", "address"),
        ('\n[[led]]\nnote = 1\nshows = "/rg/track/*/lock"', "unknown", "address"),
        ('\n[[led]]\nnote = 1\nshows = "/rg/playing"' * 2, "range", "two leds for note 1"),
        ("\n[look]", "unknown", "did you mean 'looks'"),
        ("\nbright = { velocity = 1 }", "unknown", "key 'bright'"),
    ],
)
def test_a_wrong_light_says_what_is_allowed(text, code, says):
    error = refusal(LOOKS_TEXT + text)
    assert error.code == code
    assert says in error.text


def test_a_light_needs_every_look():
    error = refusal('[[led]]\nnote = 1\nshows = "/rg/playing"\n[looks]\noff = { velocity = 0 }')
    assert "no look for solid, pulse, blink, failed" in error.text


@pytest.mark.parametrize("text", ["bind = 1", "bind = [1]", "looks = 3", "name = 3", "[bind]\nnote = 1"])
def test_wrong_kinds_are_refused(text):
    assert refusal(text).code == "type"


def test_a_syntax_error_names_its_line():
    assert "pad.toml, line 2" in refusal("name = 'x'\n[[bind]\n").text
