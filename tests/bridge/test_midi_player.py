"""Live MIDI by the system clock: the law without waiting, the thread's times, real virtual ports."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import rtmidi
from hypothesis import assume, given
from hypothesis import strategies as st

from bridge.grid import Grid
from bridge.internal_player import InternalPlayer
from bridge.midi_out_ports import MidiOutPorts
from bridge.midi_player import MidiPlayer
from bridge.midi_speaker import Message, Speaker
from bridge.player import SAFETY_FRAMES, Loop
from bridge.playing import Playing
from engine.audio.midi_live import CONTROL, OFF, ON, MidiStyle, live_midi
from engine.config import MidiConfig
from engine.engine import SWITCH_INTERVAL_S
from engine.errors import EngineError
from engine.music.score import Note, Score
from tests.bridge.jack_recorder import wait_until
from tests.bridge.jack_server import JackServer
from tests.bridge.midi_ear import MidiEar
from tests.engine.stems import score, scores

TRACKS = ("drums", "bass")
GRID = Grid(120.0)


class Stage:
    """A player and its MIDI on a clock that is moved by hand; `said`: (seconds, message) of the bass."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.said: list[tuple[float, Message]] = []
        self.midi = MidiPlayer(TRACKS, lambda: self, lambda: self.now_s)
        self.player = InternalPlayer(TRACKS, lambda: self.now_s, self.midi.listen)
        self.player.set_grid(GRID)

    def send(self, track: str, message: Message) -> None:
        assert track == "bass"
        self.said.append((self.now_s - 100.0, message))

    def close(self) -> None:
        pass

    def run(self, seconds: float) -> None:
        """As the thread would: from one event to the next."""
        end = self.now_s + seconds
        while self.now_s < end:
            self.now_s = min(end, self.now_s + max(self.midi.step(), 1e-6))
        self.midi.step()

    def play(self, made: Score, when: str = "now") -> Loop:
        loop = loop_of(made)
        self.player.swap_many({"bass": loop}, when, Grid(made.tempo_bpm))
        return loop


def loop_of(made: Score) -> Loop:
    audio = np.zeros((made.length_samples, 2), np.float32)
    return Loop(audio, live_midi(made.track, made, MidiStyle()), made.length_beats)


def struck(said: list[tuple[float, Message]]) -> list[tuple[float, int]]:
    return [(at, data1) for at, (status, data1, _) in said if status & 0xF0 == ON]


def left_over(said: list[tuple[float, Message]]) -> set[int]:
    sounding: set[int] = set()
    for _, (status, pitch, _) in said:
        if status & 0xF0 == ON:
            assert pitch not in sounding
            sounding.add(pitch)
        elif status & 0xF0 == OFF:
            sounding.remove(pitch)
    return sounding


@given(scores("bass"), st.lists(st.floats(0.001, 20.0), min_size=1, max_size=20), st.floats(0.0, 500.0))
def test_every_event_is_said_once_in_its_turn_whatever_the_steps(
    made: Score, steps: list[float], start: float
) -> None:
    loop, speaker = loop_of(made), Speaker()
    begun = [message for message in speaker.take_over(loop, start) if message[0] & 0xF0 == ON]
    said, beat = [], start
    for step in steps:
        beat += step
        said += list(speaker.until(beat))
    events = loop.midi.events[loop.midi.events["sample"] >= 0]
    expected = sorted(
        (turn * made.length_beats + int(event["sample"]) / made.length_samples * made.length_beats, place)
        for turn in range(int(start / made.length_beats), int(beat / made.length_beats) + 1)
        for place, event in enumerate(events)
    )
    due = [events[place] for at, place in expected if start - 1e-9 <= at < beat]
    law = [tuple(int(event[name]) for name in ("status", "data1", "data2")) for event in due]
    strikes = [message for message in law if message[0] & 0xF0 != OFF]
    assert [message for message in said if message[0] & 0xF0 != OFF] == strikes
    timed = [(float(i), message) for i, message in enumerate([*begun, *said, *speaker.hush()])]
    assert left_over(timed) == set()


STEADY = score("bass", notes=tuple(Note(i / 4, 0.2, 40 + i, 90) for i in range(16)))


def assert_in_turn(stage: Stage, beat_of) -> None:
    """A sixteenth after the other, each once and in time."""
    found = struck(stage.said)
    assert [pitch for _, pitch in found] == [40 + i % 16 for i in range(len(found))] and len(found) > 8
    assert all(beat_of(at) == pytest.approx(i / 4, abs=2e-3) for i, (at, _) in enumerate(found))


def test_notes_follow_a_change_of_tempo() -> None:
    stage = Stage()
    stage.play(STEADY)
    stage.player.play()
    stage.run(0.6)
    stage.player.set_grid(Grid(200.0))
    stage.run(2.0)
    turn = 0.6 + SAFETY_FRAMES / 44_100
    assert_in_turn(stage, lambda s: 2 * s if s < turn else 2 * turn + (s - turn) * 200 / 60)


@pytest.mark.parametrize("frames", [3000, -3000])
def test_a_shift_neither_drops_nor_doubles_a_note(frames: int) -> None:
    stage = Stage()
    stage.play(STEADY)
    stage.player.play()
    stage.run(0.6)
    stage.player.slew(frames)
    stage.run(6.0)
    found = struck(stage.said)
    assert [pitch for _, pitch in found] == [40 + i % 16 for i in range(len(found))]
    assert 2 * found[-1][0] + 2 * frames / 44_100 == pytest.approx((len(found) - 1) / 4, abs=2e-3)


def test_at_a_swap_the_old_notes_end_and_the_new_ones_begin() -> None:
    stage = Stage()
    stage.play(score("bass", notes=(Note(0.0, 4.0, 40, 90),)))
    stage.player.play()
    stage.run(0.5)
    stage.play(score("bass", notes=(Note(0.0, 1.0, 60, 90), Note(2.0, 1.0, 64, 90))), "loop")
    stage.run(4.0)
    assert [pitch for _, pitch in struck(stage.said)] == [40, 60, 64, 60]
    assert [at for at, _ in struck(stage.said)] == pytest.approx([0.0, 2.0, 3.0, 4.0], abs=1e-3)
    (ended,) = [at for at, said in stage.said if said == (OFF, 40, 0)]
    assert ended == pytest.approx(2.0, abs=1e-3)


@pytest.mark.parametrize("how", ["stop", "locate", "off", "silence", "close"])
def test_nothing_hangs_after(how: str) -> None:
    stage = Stage()
    stage.play(score("bass", notes=(Note(0.0, 4.0, 40, 90),)))
    stage.player.play()
    stage.run(0.5)
    assert left_over(stage.said) == {40}
    match how:
        case "stop":
            stage.player.stop()
        case "locate":
            stage.player.locate(3.95)
        case "off":
            stage.player.set_midi("bass", False)
        case "silence":
            stage.player.swap_many({"bass": None}, "now", GRID)
            stage.run(0.03)
        case "close":
            stage.midi.start()
            stage.midi.close()
    if how != "close":
        stage.midi.step()
    assert left_over(stage.said) == set()
    if how in ("stop", "off", "close"):
        assert (CONTROL, 123, 0) in [said for _, said in stage.said]


def test_a_model_that_takes_the_previews_place_goes_on() -> None:
    stage = Stage()
    preview = stage.play(score("bass", notes=(Note(0.0, 4.0, 40, 90),)))
    stage.player.play()
    stage.run(0.5)
    model = loop_of(score("bass", notes=(Note(0.0, 4.0, 40, 90),)))
    assert stage.player.replace("bass", preview, model)
    stage.run(0.5)
    assert [pitch for _, pitch in struck(stage.said)] == [40] and left_over(stage.said) == {40}


@given(scores("bass"), st.floats(0.001, 20.0), st.floats(0.001, 20.0), st.floats(40.0, 240.0))
def test_the_same_notes_at_another_tempo_go_on_where_they_are(
    made: Score, before: float, after: float, tempo_bpm: float
) -> None:
    """None is struck twice, none is left out, none hangs."""
    plain, speaker = Speaker(), Speaker()
    loop, other = loop_of(made), loop_of(replace(made, tempo_bpm=tempo_bpm))
    assume(other.midi.has_notes_of(loop.midi))
    law = [*plain.take_over(loop, 0.0), *plain.until(before + after)]
    said = [*speaker.take_over(loop, 0.0), *speaker.until(before)]
    said += [*speaker.go_on(other, before), *speaker.until(before + after)]
    strikes = [[message for message in each if message[0] & 0xF0 == ON] for each in (law, said)]
    shorter = min(map(len, strikes))
    assert strikes[0][:shorter] == strikes[1][:shorter]
    assert abs(len(strikes[0]) - len(strikes[1])) <= len(made.notes)  # the last may lie a sample further on
    timed = [(float(i), message) for i, message in enumerate([*said, *speaker.hush()])]
    assert left_over(timed) == set()
    assert speaker.next_beat > before + after - 1e-3


def test_a_note_that_is_held_is_not_struck_again_when_the_loop_comes_for_another_tempo() -> None:
    stage = Stage()
    made = score("bass", notes=(Note(0.0, 2.0, 40, 90), Note(3.0, 0.5, 45, 90)))
    old = stage.play(made)
    stage.player.play()
    stage.run(0.3)
    stage.player.set_grid(Grid(100.0))
    stage.run(0.3)
    assert stage.player.replace("bass", old, loop_of(replace(made, tempo_bpm=100.0)))
    stage.run(1.8)
    assert [pitch for _, pitch in struck(stage.said)] == [40, 45, 40]
    (ended,) = [at for at, said in stage.said if said == (OFF, 40, 0)]
    turn = 0.3 + SAFETY_FRAMES / 44_100
    assert ended == pytest.approx(turn + (2.0 - 2 * turn) * 0.6, abs=2e-3)


def test_after_a_long_sleep_it_starts_anew() -> None:
    stage = Stage()
    stage.play(STEADY)
    stage.player.play()
    stage.run(0.1)
    stage.now_s += 10.03
    stage.run(0.5)
    late = [at for at, _ in struck(stage.said) if at > 5.0]
    assert len(late) == 4 and left_over(stage.said) <= {40 + i for i in range(16)}


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """As the engine sets it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    yield
    sys.setswitchinterval(before)


# --- the thread -----------------------------------------------------------------------------------


class Ear:
    def __init__(self) -> None:
        self.heard: list[tuple[float, Message]] = []

    def send(self, track: str, message: Message) -> None:
        self.heard.append((time.perf_counter(), message))

    def close(self) -> None:
        pass


def wake_late_ms(began: float, count: int, late_ms: list[float]) -> None:
    """What the machine and the interpreter cost any thread that waits: every eighth of a second."""
    for i in range(1, count):
        time.sleep(max(0.0, began + i / 8 - time.perf_counter()))
        late_ms.append((time.perf_counter() - began - i / 8) * 1000)


def test_the_thread_speaks_in_time_beside_a_busy_interpreter(quick_switches: None) -> None:
    """Each note once, and half of them within 2 ms of when any thread could have woken."""
    ear, slept_ms = Ear(), [0.0]
    midi = MidiPlayer(TRACKS, lambda: ear)
    pictures: list[Playing] = []
    player = InternalPlayer(TRACKS, listen=lambda playing: (pictures.append(playing), midi.listen(playing)))
    player.swap_many({"bass": loop_of(STEADY)}, "now", GRID)
    midi.start()
    busy = threading.Event()
    player.play()
    began = pictures[-1].since_s
    others = [
        threading.Thread(target=lambda: [sum(range(1000)) for _ in iter(busy.is_set, True)]),
        threading.Thread(target=wake_late_ms, args=(began, 8, slept_ms)),
    ]
    for thread in others:
        thread.start()
    wait_until(lambda: len(struck(ear.heard)) >= 8)
    player.stop()
    midi.close()
    busy.set()
    for thread in others:
        thread.join()
    found = struck(ear.heard)
    assert [pitch for _, pitch in found] == [40 + i for i in range(len(found))]
    late_ms = sorted((at - began - i / 8) * 1000 for i, (at, _) in enumerate(found))
    assert late_ms[0] > -1.0 and late_ms[4] < sorted(slept_ms)[4] + 2.0, (late_ms, slept_ms)
    assert left_over(ear.heard) == set()


def test_what_goes_wrong_with_one_message_does_not_end_the_thread(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class BrokenOnce(Ear):
        def send(self, track: str, message: Message) -> None:
            broke, self.broke = getattr(self, "broke", False), True
            if not broke:
                raise SystemError("the driver")
            super().send(track, message)

    monkeypatch.setattr("bridge.midi_player.AGAIN_S", 0.01)
    ear = BrokenOnce()
    midi = MidiPlayer(TRACKS, lambda: ear)
    player = InternalPlayer(TRACKS, listen=midi.listen)
    player.swap_many({"bass": loop_of(STEADY)}, "now", GRID)
    midi.start()
    player.play()
    wait_until(lambda: len(struck(ear.heard)) >= 2)
    player.stop()
    midi.close()
    assert left_over(ear.heard) == set()
    assert [record.getMessage() for record in caplog.records] == ["MIDI out"]


# --- real ports -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer(48_000, 256) as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("JACK_DEFAULT_SERVER", running.name)
        yield running


def test_each_track_has_a_virtual_port_that_another_program_hears(server: JackServer) -> None:
    ports = MidiOutPorts(TRACKS, MidiConfig(api="jack"), server.name)
    assert ports.names == ["resonantgen drums", "resonantgen bass"]
    source = "resonantgen bass:resonantgen bass"
    midi = MidiPlayer(TRACKS, lambda: ports)
    player = InternalPlayer(TRACKS, listen=midi.listen)
    player.swap_many({"bass": loop_of(STEADY)}, "now", GRID)
    midi.start()
    with MidiEar(server.name, [source]) as ear:
        heard = ear.heard[source]
        player.play()
        wait_until(lambda: len([data for _, data in heard if data[0] & 0xF0 == ON]) >= 6)
        player.stop()
        wait_until(lambda: (CONTROL, 123, 0) in [data for _, data in heard])
    midi.close()
    said = [data for _, data in heard if data[0] & 0xF0 == ON]
    assert [(data[1], data[2]) for data in said] == [(40 + i, 90) for i in range(len(said))]
    assert left_over(heard) == set()


def test_a_machine_without_midi_is_told_so() -> None:
    missing = "windows" if rtmidi.API_WINDOWS_MM not in rtmidi.get_compiled_api() else "alsa"
    with pytest.raises(EngineError, match="MIDI") as caught:
        MidiOutPorts(TRACKS, MidiConfig(api=missing))
    assert caught.value.code == "not_available"
