"""Who has the last word on the tempo, where a musician and a clock both have one. In simulated time."""

from random import Random

import pytest

from engine import commands as c
from tests.bridge.clock.simulation import MidiHost, OscHost, Simulation


class Follower(OscHost):
    """A host that takes the set's tempo over, some time after it was told."""

    def take(self, tempo_bpm, after_s):
        self.simulation.later(after_s, lambda: self.set(tempo_bpm=tempo_bpm))


def tempi(simulation):
    return [command.tempo_bpm for command in simulation.asked if isinstance(command, c.SetTempo)]


def test_a_host_s_tempo_is_the_set_s_before_the_musician_asks_for_another():
    """What arrives first counts first: a prompt that comes right after it is read in its tempo."""
    simulation = Simulation(120.0)
    simulation.run(0.1)
    simulation.clock.told(c.ReportPosition(0.0, 97.5, True), "host")
    assert simulation.frame.tempo_bpm == 97.5
    simulation.run(0.5)
    simulation.clock.told(c.ReportPosition(0.9, 101.0, True), "host")
    assert simulation.frame.tempo_bpm == 101.0


@pytest.mark.parametrize("rolling", [True, False])
def test_the_musician_s_tempo_holds_where_the_host_takes_it_over(rolling):
    simulation = Simulation(97.5)
    host = Follower(simulation, Random(1), tempo_bpm=97.5)
    host.set(beat=0.0, rolling=rolling)
    simulation.run(1.0)
    assert simulation.leader == "osc"
    simulation.musician(c.SetTempo(140.0))
    host.take(140.0, 0.5)
    simulation.run(3.0)
    assert (simulation.frame.tempo_bpm, tempi(simulation)) == (140.0, [])


def test_the_musician_s_tempo_holds_where_a_host_is_only_about_to_lead():
    simulation = Simulation(120.0)
    host = Follower(simulation, Random(1), tempo_bpm=97.5, beat=3.0)
    host.tell()
    simulation.run(0.2)
    assert simulation.leader == "internal"  # a host at rest leads once it is steady
    simulation.musician(c.SetTempo(140.0))
    host.take(140.0, 0.7)
    simulation.run(2.0)
    assert (simulation.leader, simulation.frame.tempo_bpm, tempi(simulation)) == ("osc", 140.0, [])


def test_a_host_that_does_not_take_it_over_leads_on_after_a_second():
    simulation = Simulation(97.5)
    host = OscHost(simulation, Random(1), tempo_bpm=97.5)
    host.set(beat=0.0, rolling=True)
    simulation.run(1.0)
    simulation.musician(c.SetTempo(140.0))
    simulation.run(0.9)
    assert simulation.frame.tempo_bpm == 140.0
    simulation.run(0.5)
    assert simulation.frame.tempo_bpm == 97.5


def test_midi_clock_takes_no_tempo_of_ours_and_is_not_left_for_a_moment():
    """As a scene brings one: the music would run away from the clock, and be brought back by a jump."""
    simulation = Simulation(128.0)
    host = MidiHost(simulation, Random(2), tempo_bpm=128.0)
    simulation.run(1.0)
    host.start()
    simulation.run(4.0)
    simulation.musician(c.SetTempo(90.0))
    simulation.run(0.1)
    assert simulation.frame.tempo_bpm == 128.0
    errors = []
    simulation.run(3.0, lambda _: errors.append(abs(host.error_ms())))
    assert max(errors) < 20.0


def test_only_who_takes_no_tempo_of_ours_is_said_to_lead_it():
    simulation = Simulation(128.0)
    assert simulation.clock.tempo_leader == ""
    osc = OscHost(simulation, Random(1), tempo_bpm=128.0)
    osc.set(beat=0.0, rolling=True)
    simulation.run(1.0)
    assert (simulation.leader, simulation.clock.tempo_leader) == ("osc", "")
    midi = MidiHost(simulation, Random(2), tempo_bpm=128.0)
    midi.start()
    simulation.run(3.0)
    assert (simulation.leader, simulation.clock.tempo_leader) == ("midi", "MIDI clock")
