"""Laws of every controller map that came along: what it says, the contract and the maker understand."""

from __future__ import annotations

from itertools import combinations, product

import mido
import pytest

from bridge.midi_control import BEND_MAX
from bridge.midi_devices import Wanted, recognise
from bridge.midi_layer import Layer
from bridge.midi_map import LOOKS, Binding
from bridge.midi_map_file import TRACKS, map_names
from bridge.midi_shown import look_of
from bridge.osc_codec import decode_all
from bridge.osc_spec import STATES
from engine import events as e
from tests.bridge.midi_desk import Desk, loaded

NAMES = map_names()
MAKERS = {  # manufacturer's and model's bytes, as the makers' manuals give them
    "launchpad_mk3": "00 20 29 02 0C", "launchpad_x": "00 20 29 02 0C",
    "launchpad_mini_mk3": "00 20 29 02 0D", "launchpad_pro_mk3": "00 20 29 02 0E",
    "apc_mini_mk2": "47 7F 4F", "push2": "00 21 1D 01 01", "mackie_control": "00 00 66 14",
}  # fmt: skip


def desk(name: str, tracks: tuple[str, ...] = TRACKS) -> Desk:
    """A controller in the midst of a set: takes, scenes, everything known."""
    found = Desk(name, tracks)
    found.scenes("intro", "verse")
    for track in tracks:
        found.show(
            e.TrackTake(track, 2, 3), e.TrackState(track, "ready"), e.TrackVolume(track, -6.0),
            e.TrackParam(track, "density", 0.5), e.TrackWaiting(track, "none"), e.TrackLock(track, False),
        )  # fmt: skip
    found.show(e.When("bar"), e.Bars(4), e.Tempo(120.0), e.SceneLoaded("verse"))
    return found


def layers(found: Desk) -> list[Layer]:
    """Every page, without and with each modifier."""
    made = []
    for page in found.map.names.pages:
        for held in ((), *((name,) for name in found.map.names.modifiers)):
            layer = Layer(found.map, found.world)
            layer.page, layer.held = page, frozenset(held)
            made.append(layer)
    return made


def press(binding: Binding) -> list[mido.Message]:
    """The control pressed, or turned to the right, and let go."""
    control, channel = binding.control, binding.control.channel or 0
    values = (1,) if binding.encoder in ("twos", "sign", "either") else (127, 0)
    if control.kind == "note":
        return [mido.Message("note_on", note=control.number, velocity=v, channel=channel) for v in values]
    if control.kind == "bend":
        return [mido.Message("pitchwheel", pitch=BEND_MAX - 8192, channel=channel)]
    return [mido.Message("control_change", control=control.number, value=v, channel=channel) for v in values]


def test_the_controllers_of_the_stage_are_there():
    assert set(NAMES) == {*MAKERS, "generic_pad", "generic_knobs"}


@pytest.mark.parametrize("count", [1, 4, 9])
@pytest.mark.parametrize("name", NAMES)
def test_a_map_is_right_whatever_the_tracks_are_called(name, count):
    tracks = tuple(f"track{i}" for i in range(count))
    assert loaded(name, tracks).bindings


@pytest.mark.parametrize("name", NAMES)
def test_every_press_and_turn_asks_for_what_the_contract_knows(name):
    found = desk(name)
    asked = []
    for layer in layers(found):
        controls = [binding for binding in found.map.bindings if binding.scope.on(layer.page, layer.held)]
        for binding in controls:
            found.controller.layer.page, found.controller.layer.held = layer.page, layer.held
            found.controller.layer.offsets = dict.fromkeys(layer.offsets, 0)
            asked += found.play(*press(binding))
    assert len(asked) >= len([binding for binding in found.map.bindings if binding.address]) / 4
    for address, *args in asked:
        assert all(decoded.command is not None for decoded in decode_all(address, args, TRACKS))
    # What is refused is what a set of two scenes and three takes does not have.
    assert {error.code for error in found.refused} <= {"range", "not_found"}


@pytest.mark.parametrize("name", NAMES)
def test_a_set_can_be_played_with_it(name):
    """Locks, regeneration, generation, takes, scenes, launch, play and stop are on every controller."""
    addresses = {binding.address for binding in loaded(name).bindings}
    wanted = {"/rg/track/{t}/lock", "/rg/track/{t}/regenerate", "/rg/generate", "/rg/play", "/rg/stop"}
    wanted |= {"/rg/launch", "/rg/scene/load", "/rg/scene/save", "/rg/track/{t}/take"}
    assert wanted <= addresses


@pytest.mark.parametrize("name", NAMES)
def test_every_light_has_every_look_and_shows_it_without_fail(name):
    found = desk(name)
    shown = layers(found)
    for state, waiting in product(STATES, ("none", "launch")):
        found.show(e.TrackState("bass", state), e.TrackWaiting("bass", waiting))
        for layer in shown:
            assert all(look_of(light, layer) in light.looks for light in found.map.lights)
    assert all(set(light.looks) == set(LOOKS) for light in found.map.lights)


@pytest.mark.parametrize("name", NAMES)
def test_no_place_shows_two_things_at_once(name):
    found = desk(name)
    for layer in layers(found):
        live = layer.live(found.map.outputs, lambda output: output.place)
        assert len({output.place for output in live}) == len(live)


@pytest.mark.parametrize("name", NAMES)
def test_every_lamp_goes_out_at_the_end_and_the_last_words_are_the_exit(name):
    found = desk(name)
    found.controller.refresh()
    for page in found.map.names.pages:
        found.controller.layer.page = page
        found.controller.panel.turn()
    found.sent.clear()
    found.controller.dark()
    after = found.sent[: len(found.sent) - len(found.map.exit)]
    assert tuple(found.sent[len(after) :]) == found.map.exit
    assert {m.velocity for m in after if m.type == "note_on"} <= {0}


@pytest.mark.parametrize("name", MAKERS)
def test_sysex_is_the_makers_own(name):
    found = desk(name)
    found.controller.refresh()
    found.controller.dark()
    said = [message for message in found.sent if message.type == "sysex"]
    header = tuple(bytes.fromhex(MAKERS[name]))
    assert said and all(message.data[: len(header)] == header for message in said)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_on_the_picture_is_what_can_be_pressed(name):
    found = loaded(name)
    shown = {
        (control.kind, control.number, control.channel) for row in found.layout for control in row if control
    }
    bound = {(b.control.kind, b.control.number, b.control.channel) for b in found.bindings}
    assert bound <= shown
    assert len(shown) == len([control for row in found.layout for control in row if control])


# --- ports ----------------------------------------------------------------------------------------

PORTS = [  # (map, its input, its output, others of the same device that are not for us), as systems name them
    ("launchpad_x", "Launchpad X:Launchpad X LPX MIDI Out 28:1", "Launchpad X:Launchpad X LPX MIDI In 28:1",
     "Launchpad X:Launchpad X LPX DAW Out 28:0", "Launchpad X:Launchpad X LPX DAW In 28:0"),
    ("launchpad_x", "Launchpad X LPX MIDI Out", "Launchpad X LPX MIDI In",
     "Launchpad X LPX DAW Out", "Launchpad X LPX DAW In"),
    ("launchpad_x", "MIDIIN2 (LPX MIDI) 1", "MIDIOUT2 (LPX MIDI) 2", "LPX MIDI 0", "LPX MIDI 1"),
    ("launchpad_x", "Midi-Bridge:Launchpad X 2:(capture_1) Launchpad X LPX MIDI Out",
     "Midi-Bridge:Launchpad X 2:(playback_1) Launchpad X LPX MIDI In",
     "Midi-Bridge:Launchpad X 2:(capture_0) Launchpad X LPX DAW Out",
     "Midi-Bridge:Launchpad X 2:(playback_0) Launchpad X LPX DAW In"),
    ("launchpad_x", "Launchpad X:Launchpad X MIDI 2 28:1", "Launchpad X:Launchpad X MIDI 2 28:1",
     "Launchpad X:Launchpad X MIDI 1 28:0", "Launchpad X:Launchpad X MIDI 1 28:0"),
    ("launchpad_mini_mk3", "Launchpad Mini MK3:Launchpad Mini MK3 LPMiniMK3 MI 24:1",
     "Launchpad Mini MK3:Launchpad Mini MK3 LPMiniMK3 MI 24:1",
     "Launchpad Mini MK3:Launchpad Mini MK3 LPMiniMK3 DA 24:0",
     "Launchpad Mini MK3:Launchpad Mini MK3 LPMiniMK3 DA 24:0"),
    ("launchpad_mini_mk3", "MIDIIN2 (LPMiniMK3 MIDI) 1", "MIDIOUT2 (LPMiniMK3 MIDI) 2",
     "LPMiniMK3 MIDI 0", "LPMiniMK3 MIDI 1"),
    ("launchpad_pro_mk3", "Launchpad Pro MK3:Launchpad Pro MK3 LPProMK3 MIDI 28:0",
     "Launchpad Pro MK3:Launchpad Pro MK3 LPProMK3 MIDI 28:0",
     "Launchpad Pro MK3:Launchpad Pro MK3 LPProMK3 DIN 28:1",
     "Launchpad Pro MK3:Launchpad Pro MK3 LPProMK3 DAW 28:2"),
    ("launchpad_pro_mk3", "LPProMK3 MIDI 0", "LPProMK3 MIDI 1", "MIDIIN2 (LPProMK3 MIDI) 1",
     "MIDIOUT3 (LPProMK3 MIDI) 3"),
    ("apc_mini_mk2", "APC mini mk2:APC mini mk2 APC mini mk2 Contr 24:0",
     "APC mini mk2:APC mini mk2 APC mini mk2 Contr 24:0", "APC mini mk2:APC mini mk2 APC mini mk2 Notes 24:1",
     "APC mini mk2:APC mini mk2 APC mini mk2 Notes 24:1"),
    ("apc_mini_mk2", "APC mini mk2 Control", "APC mini mk2 Control", "APC mini mk2 Notes",
     "APC mini mk2 Notes"),
    ("apc_mini_mk2", "APC mini mk2 0", "APC mini mk2 1", "MIDIIN2 (APC mini mk2) 1",
     "MIDIOUT2 (APC mini mk2) 2"),
    ("push2", "Ableton Push 2 User Port", "Ableton Push 2 User Port", "Ableton Push 2 Live Port",
     "Ableton Push 2 Live Port"),
    ("push2", "MIDIIN2 (Ableton Push 2) 1", "MIDIOUT2 (Ableton Push 2) 2", "Ableton Push 2 0",
     "Ableton Push 2 1"),
    ("push2", "Ableton Push 2:Ableton Push 2 MIDI 2 24:1", "Ableton Push 2:Ableton Push 2 MIDI 2 24:1",
     "Ableton Push 2:Ableton Push 2 MIDI 1 24:0", "Ableton Push 2:Ableton Push 2 MIDI 1 24:0"),
    ("push2", "Ableton Push 2 24:1", "Ableton Push 2 24:1", "Ableton Push 2 24:0", "Ableton Push 2 24:0"),
    ("mackie_control", "X-Touch:X-Touch MIDI 1 28:0", "X-Touch:X-Touch MIDI 1 28:0", "", ""),
    ("mackie_control", "X-Touch INT", "X-Touch INT", "X-Touch EXT", "X-Touch-Ext"),
    ("mackie_control", "X-Touch 0", "X-Touch 1", "MIDIIN2 (X-Touch) 1", "MIDIOUT2 (X-Touch) 2"),
    ("mackie_control", "MCU Pro USB v3.1:MCU Pro USB v3.1 MIDI 1 24:0",
     "MCU Pro USB v3.1:MCU Pro USB v3.1 MIDI 1 24:0", "MCU Pro USB v3.1:MCU Pro USB v3.1 MIDI 2 24:1",
     "X-TOUCH MINI"),
    ("mackie_control", "Mackie Control Universal Pro", "Mackie Control Universal Pro", "", ""),
    ("mackie_control", "iCON QCON Pro X V1.15", "iCON QCON Pro X V1.15", "", ""),
    ("generic_knobs", "nanoKONTROL2:nanoKONTROL2 MIDI 1 20:0", "nanoKONTROL2:nanoKONTROL2 MIDI 1 20:0",
     "", ""),
]  # fmt: skip
OTHERS = ["Midi Through:Midi Through Port-0 14:0", "KeyStep 37", "system:midi_capture_1"]
KNOWN = [Wanted.by_map(found) for found in map(loaded, NAMES) if found.ports]


@pytest.mark.parametrize(("name", "source", "sink", "other_in", "other_out"), PORTS)
def test_a_controller_is_known_by_the_names_of_its_ports(name, source, sink, other_in, other_out):
    inputs = [port for port in (other_in, source) if port]
    outputs = [port for port in (other_out, sink) if port]
    plugs, clashes = recognise(KNOWN, [*OTHERS, *inputs], [*OTHERS, *outputs])
    assert [(plug.map.name, plug.input, plug.output) for plug in plugs] == [(loaded(name).name, source, sink)]
    assert clashes == []


@pytest.mark.parametrize(("one", "other"), list(combinations([PORTS[i] for i in (0, 5, 7, 9, 14)], 2)))
def test_several_controllers_are_each_themselves(one, other):
    plugs, clashes = recognise(
        KNOWN, [one[1], one[3], other[1], other[3]], [other[2], one[2], other[4], one[4]]
    )
    found = {plug.map.name: (plug.input, plug.output) for plug in plugs}
    assert found == {loaded(port[0]).name: port[1:3] for port in (one, other)} and clashes == []
