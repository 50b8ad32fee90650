"""What a controller file may say: only what the contract knows."""

from __future__ import annotations

from importlib import resources

import pytest

from bridge.midi_control import Control
from bridge.midi_map import LOOKS, STATE_LOOKS, Binding, ControllerMap, Curve, Look
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
    wanted |= {f"note {48 + i}": (f"/rg/track/{t}/take", "$take next") for i, t in enumerate(tracks)}
    wanted |= {f"note {52 + i}": (f"/rg/track/{t}/take", "$take previous") for i, t in enumerate(tracks)}
    wanted |= {"note 56": ("/rg/launch",), "note 57": ("/rg/scene/save", "$scene new")}
    wanted |= {"note 58": ("/rg/scene/load", "$scene previous"), "note 59": ("/rg/scene/load", "$scene next")}
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


# --- pages, colours, displays ---------------------------------------------------------------------

WHOLE = """
pages = ["one", "two"]
rgb = "F0 00 {number} {red} {green} {blue} F7"
[prompts]
bands = ["techno", "house"]
[modifiers]
shift = { note = 99 }
[colours]
off = 0
green = 21
amber = "#ff8000"
[manners]
pulse = { channel = 3 }
blink = { channel = 2, under = "off" }
[looks]
off = { colour = "off" }
solid = { colour = "green" }
pulse = { colour = "green", manner = "pulse" }
blink = { colour = "green", manner = "blink" }
failed = { velocity = 5, channel = 2 }
[styles.button]
off = { velocity = 0 }
solid = { velocity = 1 }
pulse = { velocity = 2 }
blink = { velocity = 2 }
failed = { velocity = 2 }
[display]
message = "F0 00 {offset} {text} F7"
width = 20
lines = 2
"""


def whole(lines: str) -> ControllerMap:
    return parse_map(WHOLE + lines, "pad.toml")


def test_one_entry_is_a_row_of_controls_for_the_tracks_and_numbers():
    row = whole('[[bind]]\nnote = [5, 6]\naddress = "/rg/track/{t}/take"\nargs = ["$take {n}"]').bindings
    assert [(b.control.number, b.slot, b.args) for b in row] == [(5, 0, ("$take 1",)), (6, 1, ("$take 2",))]


def test_a_look_is_colour_times_manner_and_a_light_may_have_a_colour_or_a_style_of_its_own():
    shows = '[[led]]\nnote = 1\nshows = "/rg/playing"\n'
    plain, amber, button = (
        whole(shows + more).lights[0].looks for more in ("", 'colour = "amber"', 'style = "button"')
    )
    assert plain["solid"] == Look(21) and plain["pulse"] == Look(21, 2) and plain["failed"] == Look(5, 1)
    assert plain["blink"] == Look(21, 1, under=Look(0))
    assert amber["solid"] == Look(rgb=(255, 128, 0)) and amber["pulse"] == plain["pulse"]
    assert button["blink"] == Look(2)


def test_a_page_button_shows_its_page_by_itself():
    assert [light.shows for light in whole('[[bind]]\ncc = 1\npage = "two"').lights] == ["$page two"]


def test_the_same_light_may_show_something_else_on_another_page_or_under_a_modifier():
    led = '[[led]]\nnote = 1\nshows = "/rg/playing"\n'
    assert len(whole(f'{led}on = "one"\n{led}on = "two"\n{led}with = "shift"\n').lights) == 3
    error = refusal(WHOLE + led + led + 'on = "two"\n')
    assert error.code == "range" and "two leds for note 1" in error.text


def test_a_curve_is_met_exactly_at_its_points_and_back():
    points = [[0, -60], [0.5, -12], [0.75, 0], [1, 6]]
    curve = bind(f'cc = 1\naddress = "/rg/track/bass/volume"\nargs = ["$value"]\npoints = {points}').curve
    for position, value in points:
        assert curve.value(position) == value and curve.position(value) == position
    assert curve.position(-100) == 0 and curve.position(100) == 1 and curve.clamp(9) == 6
    falling = Curve(((0.0, 10.0), (1.0, 0.0)))
    assert falling.position(10.0) == 0 and falling.position(2.5) == 0.75


def test_a_map_takes_over_another_one_and_adds_to_it(tmp_path):
    (tmp_path / "below.toml").write_text(WHOLE + '[[bind]]\nnote = 1\naddress = "/rg/play"\n')
    (tmp_path / "above.toml").write_text(
        'base = "below"\nname = "Above"\n[prompts]\nmore = ["trance"]\n'
        '[[bind]]\nnote = 2\naddress = "/rg/stop"\n'
    )
    above = load_map("above", folder=tmp_path)
    assert [b.address for b in above.bindings] == ["/rg/play", "/rg/stop"] and above.name == "Above"
    assert set(above.names.prompts) == {"bands", "more"} and above.names.pages == ("one", "two")


def test_the_users_own_map_takes_the_place_of_one_that_came_along(tmp_path):
    (tmp_path / "launchpad_x.toml").write_text('name = "Mine"')
    assert load_map("launchpad_x", folder=tmp_path).name == "Mine"
    (tmp_path / "a.toml").write_text('base = "b"')
    (tmp_path / "b.toml").write_text('base = "a"')
    with pytest.raises(EngineError, match="b is its own base: b -> a -> b"):
        load_map("a", folder=tmp_path)


TEMPO = '[[bind]]\ncc = 1\naddress = "/rg/tempo"\nargs = ["$value"]\n'


@pytest.mark.parametrize(
    ("lines", "code", "says"),
    [
        ('[[bind]]\nnote = 1\naddress = "/rg/play"\non = "tow"', "unknown", "did you mean 'two'"),
        ('[[bind]]\nnote = 1\naddress = "/rg/play"\nwith = "shft"', "unknown", "did you mean 'shift'"),
        ('[[bind]]\nnote = 1\npage = "three"', "unknown", "page 'three'"),
        ('[[bind]]\nnote = 1\nscroll = "scens"\nby = 8', "unknown", "did you mean 'scenes'"),
        ('[[bind]]\nnote = 1\nscroll = "scenes"', "type", "by is missing"),
        ('[[bind]]\nnote = 1\npage = "one"\naddress = "/rg/play"', "type", "give one of them"),
        ('[[bind]]\nnote = [1, 200]\naddress = "/rg/play"', "range", "0 to 127"),
        ('[[bind]]\nbend = 17\naddress = "/rg/play"', "range", "1 to 16"),
        ('[[bind]]\nnote = 1\naddress = "/rg/generate"\nargs = ["$prompt band 1"]', "unknown", "'bands'"),
        ('[[bind]]\nnote = 1\naddress = "/rg/generate"\nargs = ["$prompt bands 3"]', "range", "2 prompts"),
        ('[[bind]]\nnote = 1\naddress = "/rg/generate"\nargs = ["$prompt bands x"]', "unknown", "word"),
        ('[[bind]]\nnote = 1\naddress = "/rg/generate"\nargs = ["$take 1"]', "type", "$take 1 is for"),
        ('[[bind]]\nnote = 1\naddress = "/rg/tempo"\nargs = ["$scene 1"]', "type", "$scene 1 is a text"),
        ('[[bind]]\nnote = 1\naddress = "/rg/tempo"\nargs = ["$next"]', "type", "goes through choices"),
        ('[[bind]]\nnote = 1\naddress = "/rg/generate"\nargs = [["a"]]', "type", "texts and numbers"),
        ('[[bind]]\ncc = 1\naddress = "/rg/tempo"\nargs = ["$value"]\nencoder = "two"', "unknown", "'twos'"),
        (TEMPO + 'step = 0\nencoder = "sign"', "range", "above 0"),
        (TEMPO + "points = [[0, 60], [1]]", "type", "position"),
        (TEMPO + "points = [[0, 60], [0.9, 90]]", "range", "0 to 1"),
        (TEMPO + "points = [[0, 60], [0.5, 90], [1, 70]]", "range", "go up, or down"),
        ('[[led]]\nnote = 1\nshows = "$trak"', "unknown", "did you mean '$track'"),
        ('[[led]]\nnote = 1\nshows = "$take"', "unknown", "$take"),
        ('[[led]]\nnote = 1\nshows = "$take x"', "range", "not a number from 1"),
        ('[[led]]\nnote = 1\nshows = "$page three"', "unknown", "'three'"),
        ('[[led]]\nnote = 1\nshows = "/rg/when"\nequals = "lop"', "unknown", "did you mean 'loop'"),
        ('[[led]]\nnote = 1\nshows = "/rg/bars"\nequals = "four"', "type", "is never 'four'"),
        ('[[led]]\nnote = 1\nshows = "/rg/key"\nat_least = 1', "type", "at_least is for numbers"),
        ('[[led]]\nnote = 1\nshows = "/rg/bars"\nat_least = "x"', "type", "is not a number"),
        ('[[led]]\nnote = 1\nshows = "/rg/track/bass/param densty"\nat_least = 1', "unknown", "'density'"),
        ('[[led]]\nnote = 1\nshows = "/rg/playing"\ncolour = "gren"', "unknown", "did you mean 'green'"),
        ('[[led]]\nnote = 1\nshows = "/rg/playing"\nstyle = "buton"', "unknown", "did you mean 'button'"),
        ('[[position]]\nbend = 1\nshows = "/rg/track/{t}/volum"', "unknown", "did you mean"),
        ('[[position]]\nbend = 1\nshows = "/rg/track/{t}/param"', "type", "not one number"),
        ('[[position]]\nbend = [1, 2]\nshows = "/rg/track/{t}/pan"\ntouch = 104', "range", "1 touch notes"),
        ('[[position]]\ncc = 1\nshows = "/rg/track/{t}/volume"\nvalues = 3', "type", "two numbers"),
        ('[[text]]\nline = 3\ncolumn = 1\nwidth = 7\ntext = "x"', "range", "1 to 2"),
        ('[[text]]\nline = 1\ncolumn = 15\nwidth = 7\ntext = "x"', "range", "a line has 20"),
        ('[[text]]\nline = 1\ncolumn = 1\nwidth = 7\ntext = "{trak}"', "unknown", "did you mean '{track}'"),
        ('[[text]]\nline = 1\ncolumn = 1\nwidth = 7\ntext = "{param densty}"', "unknown", "'density'"),
        ('[[text]]\nline = 1\ncolumn = 1\nwidth = 7\ntext = "{prompt band 1}"', "unknown", "'bands'"),
        ('[[text]]\nline = 1\ncolumn = 1\nwidth = 7\ntext = "{scene x}"', "range", "number from 1"),
        ('[[meter]]\nstrip = 9\nsteps = [0]', "range", "1 to 8"),
        ('[[meter]]\nstrip = 1\nsteps = [0, -6]', "range", "steps go up"),
        ('[[meter]]\nstrip = 1\nsteps = ["0"]', "type", "numbers, in dB"),
    ],
)  # fmt: skip
def test_a_wrong_entry_says_what_is_allowed(lines, code, says):
    error = refusal(f"{WHOLE}\n{lines}\n")
    assert error.code == code
    assert says in error.text


@pytest.mark.parametrize(
    ("lines", "code", "says"),
    [
        ("ports = ['(']", "type", "not a regular expression"),
        ("ports = [1]", "type", "list of texts"),
        ('pages = ["a", "a"]', "range", "a page is there twice"),
        ('init = ["F0 00 20"]', "type", "not one MIDI message"),
        ('init = ["F0 GG F7"]', "type", "GG in"),
        ('init = ["90 3C 40 90"]', "type", "not one MIDI message"),
        ('init = ["F0 {nmber} F7"]', "type", "{nmber} in"),
        ('rgb = "F0 {numbr} F7"', "type", "allowed: 00 to FF, {number}, {red}"),
        ('sleeps = ["90 3C 40"]', "type", "not one MIDI message"),
        ('wakes = ["00 20"]', "type", "not one MIDI message"),
        ('wakes = ["F0 00 80"]', "type", "not one MIDI message"),
        ('touches = ["note 0-200"]', "range", "0 to 127"),
        ("[[bind]]\nnote = 1\nown = false", "range", "own is true"),
        ('layout = ["nte 1-8"]', "type", "'nte' is neither"),
        ('layout = ["note 1-8-9"]', "type", "as in 81-88"),
        ('[prompts]\nbands = "techno"', "type", "list of texts"),
        ("[colours]\nred = 200", "range", "neither 0 to 127 nor"),
        ('[colours]\nred = "#ff0000"', "type", "need an rgb message"),
        ("[manners]\nblink = { chanel = 2 }", "unknown", "did you mean 'channel'"),
        (
            '[looks]\noff = { colour = "black" }\n[[led]]\nnote = 1\nshows = "/rg/playing"',
            "unknown",
            "'black'",
        ),
        ('base = "lanchpad_x"', "unknown", "did you mean 'launchpad_x'"),
        ('[[text]]\nline = 1\ncolumn = 1\nwidth = 7\ntext = "x"', "type", "needs [display]"),
        ('[display]\nmessage = "F0 {txt} F7"\nwidth = 56\nlines = 2', "type", "{offset}, {text}"),
        ('[modifiers]\nshift = { note = 1, with = "x" }', "unknown", "key 'with'"),
    ],
)
def test_a_wrong_head_says_what_is_allowed(lines, code, says):
    error = refusal(lines)
    assert error.code == code
    assert says in error.text
