"""MIDI learn: the next control that moves is bound to an address and kept, and everybody is told."""

from __future__ import annotations

import time
from pathlib import Path

import mido
import pytest

from bridge import midi_answers, midi_heard, midi_learn
from bridge.midi_device import Device
from bridge.midi_heard import encoder_of, is_button
from bridge.midi_input import MidiInput
from bridge.midi_map_file import TRACKS, load_map, parse_map
from bridge.osc_codec import decode
from bridge.osc_spec import INPUTS
from engine import events as e
from engine.config import Config, FoldersConfig, MidiConfig
from engine.errors import EngineError

LOCK = "/rg/track/bass/lock"
PARAM = "/rg/track/bass/param"


class School:
    """The house with one controller in it, and nobody's MIDI; time passes as it is told to."""

    def __init__(self, folder: Path, map_name: str = "generic_pad", **midi: object) -> None:
        self.told: list[e.Event] = []
        self.asked: list[tuple] = []
        midi = {"controller": "generic_pad", **midi}
        config = Config(midi=MidiConfig(**midi), folders=FoldersConfig(controllers=str(folder)))
        self.midi = MidiInput(config, TRACKS, self._submit, self._tell, lambda call: call())
        try:
            self.midi.learned.load()
        except EngineError as error:
            self.told.append(e.Log("warning", error.text))
        self.device = Device(load_map(map_name), self.midi._controller, self.midi.system)
        self.device.port_names = ("Pad 1:Pad 1 MIDI 28:0", "")
        self.sent: list[mido.Message] = []
        self.device.ports.send = self.sent.append  # type: ignore[method-assign]
        self.midi.plugs.devices = [self.device]
        self.device.use(self.midi.plugs._learned(self.device))
        self.request = 0

    def _submit(self, address: str, args: list) -> None:
        self.asked.append((address, *args))
        if address == PARAM:
            self.midi.show(e.TrackParam("bass", *args))

    def _tell(self, event: e.Event) -> None:
        self.told.append(event)

    def ask(self, address: str, *args: str) -> None:
        """A command of the contract, as a client sends it."""
        self.request += 1
        decoded = decode(address, [*args, self.request] if INPUTS[address].is_async else list(args), TRACKS)
        assert decoded.command is not None
        origin = e.Origin("client", address, decoded.request_id, self.request)
        if isinstance(decoded.command, midi_answers.c.LearnMidi):
            self.midi.learner.learn(decoded.command.address, decoded.command.args, origin)
        else:
            midi_answers.answer(decoded.command, origin, self.midi, self._tell)

    def play(self, *messages: mido.Message) -> list[tuple]:
        """What is asked of the engine."""
        self.asked.clear()
        for message in messages:
            if not self.midi.learner.takes(self.device, message):
                self.device.controller.receive(message)
        return list(self.asked)

    def ends(self, kind: type[e.Event]) -> e.Event:
        """The end of the last command: its file is written by another thread."""
        deadline = time.monotonic() + 30.0
        while True:
            self.midi.learner.step()
            found = [
                x for x in self.told if isinstance(x, e.Done | e.Failed) and x.origin.serial == self.request
            ]
            if found:
                assert len(found) == 1 and isinstance(found[0], kind), found
                return found[0]
            assert time.monotonic() < deadline, self.told
            time.sleep(0.001)

    def learn(self, address: str, args: str, *messages: mido.Message) -> e.Reply:
        """Learned, and kept."""
        self.ask("/rg/midi/learn", address, args)
        assert self.play(*messages) == []  # what is learned does nothing meanwhile
        self.ends(e.Done)
        return next(
            x for x in reversed(self.told) if isinstance(x, e.Reply) and x.address == "/rg/midi/learned"
        )

    def lines(self) -> list[str]:
        return [event.text for event in self.told if isinstance(event, e.Log)]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    """A short moment of quiet tells what a control is."""
    monkeypatch.setattr(midi_heard, "QUIET_S", 0.02)


def note(number: int, velocity: int = 100) -> mido.Message:
    return mido.Message("note_on", note=number, velocity=velocity)


def tap(number: int) -> tuple[mido.Message, mido.Message]:
    return note(number), note(number, 0)


def cc(control: int, *values: int) -> list[mido.Message]:
    return [mido.Message("control_change", control=control, value=value, channel=2) for value in values]


# --- every kind of control ------------------------------------------------------------------------


def test_a_pad_learns_a_lock_and_is_there_after_a_restart(tmp_path):
    school = School(tmp_path)
    assert school.learn(LOCK, "", *tap(60)).values == ("Generic pad: note 60 channel 1", LOCK, "$toggle", "")
    assert school.play(*tap(60)) == [(LOCK, 1)]
    assert School(tmp_path).play(*tap(60)) == [(LOCK, 1)]


def test_a_knob_learns_a_parameter_with_its_name(tmp_path):
    school = School(tmp_path)
    school.learn(PARAM, "density", *cc(70, 10, 11, 13, 14, 15, 17))
    assert school.play(*cc(70, 127)) == [(PARAM, "density", 1.0)]
    assert School(tmp_path).play(*cc(70, 0)) == [(PARAM, "density", 0.0)]


@pytest.mark.parametrize(
    ("shown", "right", "left"),
    [((1, 1, 2, 1), 1, 127), ((1, 1, 1), 1, 65), ((127, 127, 127), 1, 127), ((65, 65, 66), 66, 62)],
)
def test_an_endless_knob_is_known_by_what_it_repeats(tmp_path, shown, right, left):
    school = School(tmp_path)
    school.learn(PARAM, "density", *cc(70, *shown))
    school.midi.show(e.TrackParam("bass", "density", 0.5))
    up, down = (school.play(*cc(70, value))[0][2] for value in (right, left))
    assert up > 0.5 and down < up


def test_a_button_that_sends_cc_is_no_knob(tmp_path):
    school = School(tmp_path)
    school.learn(LOCK, "", *cc(50, 127, 0))
    assert school.play(*cc(50, 127, 0)) == [(LOCK, 1)]


def test_a_fader_of_14_bits_learns_a_volume_over_what_is_heard(tmp_path):
    school = School(tmp_path)
    bends = [mido.Message("pitchwheel", pitch=pitch, channel=3) for pitch in (0, 100, 200)]
    school.learn("/rg/track/bass/volume", "", *bends)
    assert school.play(mido.Message("pitchwheel", pitch=8191, channel=3)) == [("/rg/track/bass/volume", 6.0)]
    assert school.play(mido.Message("pitchwheel", pitch=-8192, channel=3)) == [
        ("/rg/track/bass/volume", -60.0)
    ]


def wide(*values: int) -> list[mido.Message]:
    """A knob of 14 bits: CC 16 and, for what is finer, 48."""
    return [message for value in values for message in (*cc(16, value >> 7), *cc(48, value & 127))]


def test_a_knob_of_14_bits_is_one_knob_and_goes_in_small_steps(tmp_path):
    school = School(tmp_path)
    reply = school.learn(PARAM, "density", *wide(3000, 3010, 3030))
    assert reply.values[0] == "Generic pad: cc14 16 channel 3"
    for same in (school, School(tmp_path)):
        assert same.play(*wide(0, 16383)) == [(PARAM, "density", 0.0), (PARAM, "density", 1.0)]
        (one,), (next_one,) = same.play(*wide(8192)), same.play(*cc(48, 1))  # the fine half alone
        assert 0 < next_one[2] - one[2] < 0.0001


def test_a_knob_of_14_bits_takes_the_place_of_what_its_halves_did(tmp_path):
    school = School(tmp_path)
    school.learn(PARAM, "energy", *(m.copy(control=m.control + 4) for m in wide(3000, 3010, 3030)))
    assert [args[1] for args in school.play(*cc(20, 64), *cc(52, 1))] == ["energy"]  # not brightness as well


def test_a_pedal_learns_to_launch(tmp_path):
    school = School(tmp_path)
    school.learn("/rg/launch", "", mido.Message("program_change", program=5))
    assert school.play(mido.Message("program_change", program=5)) == [("/rg/launch",)]


def test_a_pad_learns_a_prompt_of_several_words(tmp_path):
    school = School(tmp_path)
    school.learn("/rg/track/bass/regenerate", "half as busy", *tap(60))
    assert School(tmp_path).play(*tap(60)) == [("/rg/track/bass/regenerate", "half as busy")]


def test_a_prompt_may_hold_any_sign(tmp_path):
    prompt = 'techno "raw" \\ café 𝄞 \x7f'
    School(tmp_path).learn("/rg/generate", prompt, *tap(60))
    assert School(tmp_path).play(*tap(60)) == [("/rg/generate", prompt)]


def test_a_choice_goes_round_on_a_pad_and_lies_along_a_knob(tmp_path):
    school = School(tmp_path)
    school.learn("/rg/when", "", *tap(60))
    school.midi.show(e.When("bar"))
    assert school.play(*tap(60)) == [("/rg/when", "loop")]
    school.learn("/rg/when", "", *cc(70, 1, 3, 5, 7, 9, 11))
    assert [school.play(*cc(70, value))[0][1] for value in (0, 127)] == ["now", "manual"]


def _smallest(address: str) -> str:
    """Arguments for an address, as far as no control could supply them."""
    return {
        "/rg/track/{t}/param": "density", "/rg/track/{t}/prompt": "dark", "/rg/track/{t}/import": "loop.wav",
        "/rg/key": "Am", "/rg/signature": "4 4", "/rg/analyze/prompt": "dark", "/rg/analyze/track": "bass",
        "/rg/scene/save": "one", "/rg/scene/load": "$scene 1", "/rg/scene/delete": "one",
        "/rg/context/save": "one", "/rg/context/load": "one", "/rg/set/open": "one", "/rg/set/new": "one",
        "/rg/locate": "0", "/rg/clock/position": "0 120 1", "/rg/midi/learn": LOCK, "/rg/midi/unlearn": LOCK,
    }.get(address, "")  # fmt: skip


@pytest.mark.parametrize("address", [a for a, row in INPUTS.items() if row.command is not None])
def test_a_pad_can_learn_every_address_of_the_contract(tmp_path, address):
    school = School(tmp_path)
    school.ask("/rg/midi/learn", address.replace("{t}", "bass"), _smallest(address))
    school.play(note(60))
    school.ends(e.Done)


# --- who had it -----------------------------------------------------------------------------------


def test_what_a_pad_did_before_is_told_and_it_does_it_no_more(tmp_path):
    school = School(tmp_path)
    reply = school.learn("/rg/play", "", *tap(36))
    assert reply.values[3] == "/rg/track/{t}/lock $toggle"
    assert "and was /rg/track/{t}/lock $toggle" in school.lines()[-1]
    assert school.play(*tap(36)) == [("/rg/play",)]
    assert school.learn("/rg/stop", "", *tap(36)).values[3] == "/rg/play"
    assert School(tmp_path).play(*tap(36)) == [("/rg/stop",)]


def test_the_light_of_a_learned_pad_shows_what_it_sets(tmp_path):
    school = School(tmp_path)
    school.device.is_lit = True
    school.learn("/rg/track/melody/mute", "", *tap(36))
    school.sent.clear()
    school.midi.show(e.TrackMute("melody", True))
    assert [(m.note, m.velocity) for m in school.sent] == [(36, 21)]


def test_a_learned_knob_is_told_what_others_set_and_never_what_it_says_itself(tmp_path):
    school = School(tmp_path)
    school.device.is_lit = True
    school.learn(PARAM, "density", *cc(70, 10, 11, 13, 14, 15, 17))
    school.sent.clear()
    school.midi.show(e.TrackParam("bass", "density", 0.5))
    assert school.sent == cc(70, 64)  # on its own channel
    assert school.play(*cc(70, 100, 127))[-1] == (PARAM, "density", 1.0)
    assert school.sent == cc(70, 64)
    school.midi.show(e.TrackParam("bass", "density", 0.0))
    assert school.sent == cc(70, 64, 0)


def test_fingers_on_a_knob_are_not_what_is_learned(tmp_path):
    school = School(tmp_path, "push2")
    school.learn(PARAM, "energy", note(0, 127), *cc(71, 1, 1, 1), note(0, 0))
    school.midi.show(e.TrackParam("bass", "energy", 0.5))
    assert school.play(*cc(71, 1))[0][:2] == (PARAM, "energy")


def test_on_a_controller_with_pages_a_pad_learns_for_the_page_that_is_shown(tmp_path):
    school = School(tmp_path, "launchpad_x")
    school.ask("/rg/midi/learn", "/rg/play")
    school.play(*(mido.Message("control_change", control=96, value=value) for value in (127, 0)))
    assert school.midi.learner.is_learning  # the page is turned, not learned
    school.play(note(81))
    school.ends(e.Done)
    school.play(note(81, 0))
    assert school.play(*tap(81)) == [("/rg/play",)]
    school.play(*(mido.Message("control_change", control=95, value=value) for value in (127, 0)))
    assert school.play(*tap(81)) == [("/rg/track/drums/lock", 1)]


def test_a_controller_learns_for_itself_alone(tmp_path):
    School(tmp_path).learn("/rg/play", "", *tap(60))
    other = School(tmp_path)
    other.device.port_names = ("Keys:Keys MIDI 1", "")
    other.device.use(other.midi.plugs._learned(other.device))
    assert other.play(*tap(60)) == []


# --- picking up -----------------------------------------------------------------------------------


def test_a_knob_that_picks_up_waits_until_it_has_met_the_value(tmp_path):
    school = School(tmp_path, pickup=True)
    school.learn(PARAM, "density", *cc(70, 10, 11, 13, 14, 15, 17))
    school.midi.show(e.TrackParam("bass", "density", 0.5))
    assert school.play(*cc(70, 20, 40, 60)) == []
    assert [args[2] for args in school.play(*cc(70, 66, 70))] == pytest.approx([66 / 127, 70 / 127])
    school.midi.show(e.TrackParam("bass", "density", 0.1))  # somebody else has set it
    assert school.play(*cc(70, 72)) == []


# --- giving up ------------------------------------------------------------------------------------


def test_nothing_moved_is_a_failure_that_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(midi_learn, "LEARN_S", 0.0)
    school = School(tmp_path)
    school.ask("/rg/midi/learn", LOCK)
    failed = school.ends(e.Failed)
    assert failed.code == "not_found" and "nothing moved" in failed.text
    assert not school.midi.plugs.listens_to_all


def test_learning_can_be_given_up(tmp_path):
    school = School(tmp_path)
    school.ask("/rg/midi/learn", LOCK)
    school.midi.learner.cancel()
    assert school.ends(e.Failed).code == "cancelled"
    assert school.play(*tap(36)) == [("/rg/track/drums/lock", 1)]
    with pytest.raises(EngineError, match="nothing is being learned"):
        school.midi.learner.cancel()


def test_another_learn_takes_the_place_of_the_first(tmp_path):
    school = School(tmp_path)
    school.ask("/rg/midi/learn", LOCK)
    school.learn("/rg/play", "", *tap(60))
    assert [x.code for x in school.told if isinstance(x, e.Failed)] == ["cancelled"]
    assert school.play(*tap(60)) == [("/rg/play",)]


def test_a_control_that_is_held_when_learning_begins_is_not_taken(tmp_path):
    school = School(tmp_path)
    school.play(note(36))
    school.ask("/rg/midi/learn", LOCK)
    school.play(note(36, 0))
    assert school.midi.learner.is_learning


def test_what_was_learned_is_forgotten(tmp_path):
    school = School(tmp_path)
    school.learn("/rg/play", "", *tap(36))
    school.learn(PARAM, "density", *tap(60))
    school.learn(PARAM, "energy", *tap(61))
    school.ask("/rg/midi/unlearn", "/rg/play")
    school.ends(e.Done)
    assert school.play(*tap(36)) == [("/rg/track/drums/lock", 1)]  # as the map has it
    school.ask("/rg/midi/unlearn", PARAM, "density")
    school.ends(e.Done)
    later = School(tmp_path)
    assert later.play(*tap(36), *tap(60)) == [("/rg/track/drums/lock", 1)]
    assert [args[1] for args in later.play(*tap(61))] == ["energy"]
    with pytest.raises(
        EngineError, match="nothing was learned for /rg/stop; learned so far: /rg/track/bass/param"
    ):
        later.ask("/rg/midi/unlearn", "/rg/stop")


@pytest.mark.parametrize(
    ("address", "args", "code", "says"),
    [
        ("/rg/track/bass/lok", "", "unknown", "did you mean '/rg/track/bass/lock'"),
        ("/rg/beat", "", "unknown", "address"),
        (PARAM, "", "type", "give its name as well; it takes: name, value"),
        (PARAM, "densty", "unknown", "did you mean 'density'"),
        ("/rg/track/bass/volume", "loud", "type", "'loud' is not a number"),
        ("/rg/bars", "999", "range", "1 to 64"),
        ("/rg/play", "now", "type", "it takes: none"),
        ("/rg/locate", "", "type", "give its beat as well"),
        ("/rg/tempo", "$toggle", "type", "$toggle is 0 or 1"),
    ],
)
def test_what_cannot_be_learned_says_what_is_allowed(tmp_path, address, args, code, says):
    school = School(tmp_path)
    with pytest.raises(EngineError) as caught:
        school.ask("/rg/midi/learn", address, args)
    assert caught.value.code == code and says in caught.value.text
    assert not school.midi.learner.is_learning and school.told == []


def test_one_message_that_goes_wrong_takes_no_other_along(tmp_path, monkeypatch):
    school = School(tmp_path)
    school.midi.tried_at_s = float("inf")
    receive, failing = school.device.controller.receive, [note(36)]

    def receive_most(message: mido.Message) -> None:
        if message in failing:
            raise TypeError
        receive(message)

    monkeypatch.setattr(school.device.controller, "receive", receive_most)
    monkeypatch.setattr(school.device, "waiting", lambda hear: [*tap(36), *tap(37)] * (not school.asked))
    with pytest.raises(TypeError):
        school.midi.step()
    monkeypatch.setattr(school.device, "waiting", lambda hear: [])
    school.midi.step()
    assert school.asked == [("/rg/track/bass/lock", 1)]


def test_without_midi_nothing_can_be_learned(tmp_path):
    school = School(tmp_path)
    with pytest.raises(EngineError, match="there is no MIDI here"):
        midi_answers.answer(midi_answers.c.LearnMidi(LOCK), e.Origin("c", "x"), school.midi, print)


# --- the file -------------------------------------------------------------------------------------


def test_the_file_is_a_map_that_can_be_read_and_written_by_hand(tmp_path):
    school = School(tmp_path)
    school.learn("/rg/track/bass/volume", "", *cc(70, 10, 11, 13, 14, 15, 17))
    text = (tmp_path / "learned.toml").read_text()
    assert 'port = "Pad 1:Pad 1 MIDI"\ncc = 70\nchannel = 3\n' in text and "range = [-60.0, 6.0]" in text
    assert parse_map(text, "learned.toml").bindings == tuple(school.midi.learned.bindings)


def test_a_damaged_file_is_told_of_kept_and_moved_aside_by_the_next_thing_learned(tmp_path):
    (tmp_path / "learned.toml").write_text("[[bind]\n")
    school = School(tmp_path)
    assert (
        "learned.toml, line 1: not TOML" in school.lines()[0]
        and "until the file is mended" in school.lines()[0]
    )
    assert (tmp_path / "learned.toml").read_text() == "[[bind]\n"
    school.learn("/rg/play", "", *tap(60))
    assert (tmp_path / "learned.toml.damaged-1").read_text() == "[[bind]\n"
    assert School(tmp_path).play(*tap(60)) == [("/rg/play",)]


def test_a_disk_that_refuses_is_told_and_what_was_learned_works_on(tmp_path):
    (tmp_path / "file").write_text("")
    school = School(tmp_path / "file")  # a folder cannot be made there
    school.ask("/rg/midi/learn", "/rg/play")
    school.play(*tap(60))
    failed = school.ends(e.Failed)
    assert failed.code == "disk" and "until the engine ends" in failed.text
    assert school.play(*tap(60)) == [("/rg/play",)]


def test_every_binding_is_listed_with_its_controller_and_page(tmp_path):
    school = School(tmp_path, "launchpad_x")
    rows = midi_answers.bindings(school.midi)
    assert ("Launchpad X: note 82 (band)", LOCK, "$toggle") in rows
    assert ("Launchpad X: note 81 (scenes, with save)", "/rg/scene/save", "$scene 1") in rows
    School(tmp_path).learn("/rg/play", "", *tap(60))
    school.midi.learned.load()
    school.midi.plugs.devices = []
    assert midi_answers.bindings(school.midi) == [("Pad 1:Pad 1 MIDI: note 60 channel 1", "/rg/play", "")]


def test_two_knobs_moved_one_after_the_other_are_not_one(tmp_path, monkeypatch):
    monkeypatch.setattr(midi_heard, "QUIET_S", 0.0)
    school = School(tmp_path)
    reply = school.learn(PARAM, "density", *cc(16, 10), *cc(48, 10, 12, 14))
    assert reply.values[0] == "Generic pad: cc 48 channel 3"


def test_buttons_and_encoders_are_told_apart():
    assert is_button([127]) and is_button([127, 0]) and is_button([127, 0, 127])
    assert not is_button([127, 127]) and not is_button([0]) and not is_button([0, 1])
    assert encoder_of([3, 4, 5, 6]) == encoder_of([1, 2, 3, 5]) == encoder_of([60, 60, 127, 127]) == ""
    assert encoder_of([1, 1, 65, 65]) == "sign" and encoder_of([63, 63, 62]) == "offset"
