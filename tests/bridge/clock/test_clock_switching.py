"""From one clock to another without a jump. In simulated time."""

from itertools import pairwise
from random import Random

import pytest

from bridge.clock.clock import STEP_S
from engine.errors import EngineError
from tests.bridge.clock.simulation import LinkSession, MidiHost, OscHost, Simulation

MS = 0.001


def steps_ms(simulation, seconds):
    """How much further the music went with each step than the time that passed, in ms."""
    beats = [simulation.beat]
    simulation.run(seconds, lambda s: beats.append(s.beat))
    tempo = simulation.frame.tempo_bpm
    # Between the first two no time passed.
    return [((b - a) * 60 / tempo - STEP_S) / MS for a, b in pairwise(beats[1:])]


@pytest.fixture
def midi():
    """MIDI clock leads, and has done so for a while."""
    simulation = Simulation(120.0)
    host = MidiHost(simulation, Random(5))
    simulation.run(1.5)
    host.start()
    simulation.run(6.0)
    assert simulation.leader == "midi"
    return host


def test_where_both_agree_the_music_goes_on_to_a_millisecond(midi):
    simulation = midi.simulation
    session = LinkSession(simulation, tempo_bpm=120.0, beat=midi.beat + 8.0)
    moved = steps_ms(simulation, 2.0)
    assert simulation.leader == "link"
    assert max(map(abs, moved)) < 1.0
    assert abs(session.error_ms()) < 1.0
    session.peers = 0
    moved = steps_ms(simulation, 2.0)
    assert simulation.leader == "midi"
    assert max(map(abs, moved)) < 1.0


def test_where_they_nearly_agree_the_music_is_shifted_smoothly(midi):
    simulation = midi.simulation
    session = LinkSession(simulation, tempo_bpm=120.0, beat=midi.beat + 0.06)  # 30 ms ahead
    moved = steps_ms(simulation, 4.0)
    assert simulation.leader == "link"
    assert max(map(abs, moved)) < 0.03 * STEP_S / MS  # never by more than 2 %, and the steps' own
    assert abs(session.error_ms()) < 1.0


def test_a_clock_that_goes_leaves_the_music_rolling_at_its_tempo(midi):
    midi.is_there = False
    simulation = midi.simulation
    moved = steps_ms(simulation, 5.0)
    assert simulation.leader == "internal"
    assert simulation.rolling and simulation.frame.tempo_bpm == 120.0
    assert max(map(abs, moved)) < 1.0


def test_a_clock_at_rest_does_not_take_over_from_music_that_rolls_by_itself():
    simulation = Simulation(90.0)
    simulation.clock.play()
    host = MidiHost(simulation, Random(6), tempo_bpm=140.0)
    simulation.run(5.0)
    assert (simulation.leader, simulation.rolling, simulation.frame.tempo_bpm) == ("internal", True, 90.0)
    host.start()
    simulation.run(3.0)
    assert (simulation.leader, simulation.frame.tempo_bpm) == ("midi", 140.0)
    assert abs(host.error_ms()) < 1.0


def test_a_clock_taken_by_hand_at_rest_stops_nobody():
    simulation = Simulation(90.0)
    simulation.clock.play()
    MidiHost(simulation, Random(6), tempo_bpm=140.0)
    simulation.clock.choose("midi")
    simulation.run(3.0)
    assert (simulation.leader, simulation.rolling, simulation.frame.tempo_bpm) == ("midi", True, 140.0)


def test_every_change_is_told_once_with_the_reason():
    simulation = Simulation()
    host = OscHost(simulation, Random(1))
    simulation.run(1.0)
    host.set(beat=0.0, rolling=True)
    simulation.run(3.0)
    host.set(rolling=False)
    simulation.run(4.0)
    told = [(event.source, event.detail) for event in simulation.told]
    assert told == [
        ("osc", "a host over OSC"), ("osc", "a host over OSC, at rest"),
        ("internal", "our own tempo and position"),
    ]  # fmt: skip


def test_what_was_chosen_and_is_not_there_is_said():
    simulation = Simulation()
    simulation.clock.choose("midi")
    simulation.run(0.1)
    assert simulation.clock.active.source == "internal"
    assert "midi was chosen" in simulation.clock.active.detail


def test_a_tempo_that_no_set_can_have_is_not_followed_and_said():
    simulation = Simulation(120.0)
    simulation.clock.play()
    host = OscHost(simulation, Random(1), tempo_bpm=300.0)
    host.set(beat=0.0, rolling=True)
    simulation.run(3.0)
    assert (simulation.leader, simulation.frame.tempo_bpm) == ("internal", 120.0)
    assert simulation.clock.active.detail == "osc is outside 40 to 240 bpm: our own tempo"
    host.set(tempo_bpm=150.0)
    simulation.run(1.0)
    assert (simulation.leader, simulation.frame.tempo_bpm) == ("osc", 150.0)


def test_link_in_the_settings_without_the_extra_leaves_the_other_clocks(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    simulation = Simulation(link=True)
    for source in ("midi", "auto"):
        simulation.clock.choose(source)
    with pytest.raises(EngineError, match="pip install"):
        simulation.clock.choose("link")
