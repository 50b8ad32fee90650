"""The music follows whatever clock leads: start, stop, place, jumps, tempo, drift. In simulated time."""

from random import Random

import pytest

from engine import commands as c
from engine import events as e
from engine.errors import EngineError
from tests.bridge.clock.simulation import MidiHost, OscHost, Simulation, worst

MINUTE = 60.0


# --- a host over OSC ------------------------------------------------------------------------------


@pytest.fixture
def osc():
    simulation = Simulation()
    host = OscHost(simulation, Random(1), tempo_bpm=97.5)
    simulation.run(0.1)
    host.set(beat=33.0, rolling=True)
    simulation.run(4.0)
    return host


def test_a_host_over_osc_is_started_with_placed_and_kept_to_10_ms(osc):
    simulation = osc.simulation
    assert (simulation.leader, simulation.rolling, simulation.frame.tempo_bpm) == ("osc", True, 97.5)
    assert worst(osc, MINUTE) < 10.0  # each message is up to 20 ms late, and that late nobody can know


def test_a_loop_of_the_host_takes_the_music_back_with_it(osc):
    osc.set(beat=16.0)
    osc.simulation.run(0.3)
    assert abs(osc.error_ms()) < 25.0
    osc.simulation.run(5.0)
    assert worst(osc, 5.0) < 10.0


@pytest.mark.parametrize("step_bpm", [0.3, -0.3])
def test_a_tempo_ramp_of_the_host_is_followed_all_the_way(osc, step_bpm):
    for step in range(100):
        osc.set(tempo_bpm=97.5 + step * step_bpm)
        osc.simulation.run(0.1)
        assert abs(osc.error_ms()) < 15.0
    osc.simulation.run(2.0)
    assert osc.simulation.frame.tempo_bpm == pytest.approx(97.5 + 99 * step_bpm)
    assert len(osc.simulation.asked) <= 103


def test_when_the_host_stops_the_music_stops_and_when_it_is_gone_the_musician_is_free(osc):
    simulation = osc.simulation
    osc.set(rolling=False)
    simulation.run(0.2)
    assert not simulation.rolling
    simulation.clock.play()  # against the clock: that is the musician's right
    simulation.run(5.0)
    assert (simulation.rolling, simulation.leader) == (True, "internal")
    assert simulation.frame.tempo_bpm == 97.5


def test_a_musician_who_stops_against_the_host_is_let_until_it_starts_again(osc):
    simulation = osc.simulation
    simulation.clock.stop()
    simulation.run(3.0)
    assert not simulation.rolling
    osc.set(rolling=False)
    simulation.run(0.5)
    osc.set(beat=8.0, rolling=True)
    simulation.run(5.0)
    assert simulation.rolling and abs(osc.error_ms()) < 10.0


def test_a_count_in_is_waited_out():
    simulation = Simulation()
    host = OscHost(simulation, Random(1))
    host.set(beat=-4.0, rolling=True)
    simulation.run(1.9)
    assert (simulation.leader, simulation.rolling) == ("osc", False)
    simulation.run(3.0)
    assert simulation.rolling and abs(host.error_ms()) < 10.0


def test_at_rest_the_music_is_put_where_the_host_is_put(osc):
    simulation = osc.simulation
    osc.set(rolling=False)
    simulation.run(0.3)
    osc.set(beat=64.0)
    simulation.run(0.3)
    assert simulation.beat == pytest.approx(64.0, abs=1e-3)


def test_of_two_hosts_the_first_leads_until_it_rests(osc):
    simulation = osc.simulation
    other = OscHost(simulation, Random(9), tempo_bpm=140.0)
    other.set(beat=100.0, rolling=True)
    simulation.run(3.0)
    assert simulation.frame.tempo_bpm == 97.5 and abs(osc.error_ms()) < 10.0
    osc.set(rolling=False)
    simulation.run(3.0)
    assert simulation.frame.tempo_bpm == 140.0 and abs(other.error_ms()) < 10.0


# --- MIDI clock -----------------------------------------------------------------------------------


@pytest.fixture
def midi():
    simulation = Simulation(100.0)
    host = MidiHost(simulation, Random(2), tempo_bpm=128.0)
    simulation.run(2.0)
    host.start()
    simulation.run(4.0)
    return host


def test_midi_clock_is_started_with_on_its_first_beat_and_kept_to_a_millisecond(midi):
    simulation = midi.simulation
    assert (simulation.leader, simulation.rolling, simulation.frame.tempo_bpm) == ("midi", True, 128.0)
    assert worst(midi, MINUTE) < 1.0


def test_a_start_is_followed_in_the_moment_of_its_first_tick():
    simulation = Simulation(128.0)
    host = MidiHost(simulation, Random(4), tempo_bpm=128.0, jitter_s=0.0)
    simulation.run(1.0)
    host.start()
    begun = []
    simulation.run(0.05, lambda s: begun.append(host.error_ms()) if s.rolling else None)
    assert abs(begun[0]) < 1.0


def test_jitter_renders_nothing_anew(midi):
    midi.simulation.asked.clear()
    midi.simulation.run(MINUTE)
    assert midi.simulation.asked == []


@pytest.mark.parametrize("tempo_bpm", [120.0, 127.5, 123.4])
def test_the_tempo_of_midi_clock_is_found_within_four_seconds_and_asked_for_a_few_times(tempo_bpm):
    simulation = Simulation(100.0)
    host = MidiHost(simulation, Random(3), tempo_bpm=tempo_bpm)
    simulation.run(0.5)
    host.start()
    simulation.run(4.0)
    assert simulation.frame.tempo_bpm == pytest.approx(tempo_bpm, abs=0.05)
    assert len(simulation.asked) <= 4
    assert worst(host, MINUTE) < 1.0


def test_a_song_position_while_it_rolls_is_located(midi):
    midi.locate(8)
    midi.simulation.run(0.3)
    assert abs(midi.error_ms()) < 25.0
    midi.simulation.run(2.0)
    assert worst(midi, 10.0) < 1.0


def test_stop_song_position_and_continue(midi):
    midi.stop()
    midi.simulation.run(0.1)
    assert not midi.simulation.rolling
    midi.locate(64)
    midi.go_on()
    midi.simulation.run(3.0)
    assert midi.simulation.rolling
    assert worst(midi, 10.0) < 1.0


def test_when_midi_clock_is_unplugged_the_music_goes_on_at_its_tempo_and_is_caught_again(midi):
    simulation = midi.simulation
    midi.is_there = False
    assert worst(midi, 10.0) < 3.0
    assert (simulation.leader, simulation.rolling, simulation.frame.tempo_bpm) == ("internal", True, 128.0)
    midi.is_there = True
    simulation.run(6.0)
    assert simulation.leader == "midi"
    assert worst(midi, 10.0) < 1.0


def test_a_prompt_s_tempo_gives_way_to_a_clock_that_does_not_take_ours(midi):
    midi.simulation.clock.note(e.Tempo(90.0))
    midi.simulation.run(1.5)
    assert midi.simulation.asked[-1] == c.SetTempo(128.0)
    assert midi.simulation.frame.tempo_bpm == 128.0


# --- what may be changed by hand ------------------------------------------------------------------


def test_what_the_clock_would_undo_at_once_is_refused_with_what_to_do(midi):
    for command in (c.SetTempo(90.0), c.Locate(3.0)):
        with pytest.raises(EngineError, match="/rg/clock/source internal") as refusal:
            midi.simulation.clock.check(command)
        assert refusal.value.code == "locked"
    midi.simulation.clock.check(c.SetTempo(128.0))
