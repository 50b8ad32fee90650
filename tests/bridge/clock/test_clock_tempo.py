"""Who has the last word on the tempo, where a musician and a clock both have one. In simulated time."""

from random import Random

import pytest

from bridge.clock.conductor import Conductor, SetFrame
from bridge.clock.reading import Reading
from engine import commands as c
from engine import events as e
from engine.music.key import Signature
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


def told(simulation):
    return [event.text for event in simulation.told if isinstance(event, e.Log)]


def test_a_host_that_does_not_take_it_over_leads_on_after_a_second_and_is_known_to():
    """As Live does: from then on music is made in its tempo in the first place."""
    simulation = Simulation(97.5)
    host = OscHost(simulation, Random(1), tempo_bpm=97.5)
    host.set(beat=0.0, rolling=True)
    simulation.run(1.0)
    simulation.musician(c.SetTempo(140.0))
    simulation.run(0.9)
    assert (simulation.frame.tempo_bpm, simulation.clock.tempo_leader) == (140.0, "")
    simulation.run(0.5)
    assert (simulation.frame.tempo_bpm, simulation.clock.tempo_leader) == (97.5, "the host over OSC")
    (text,) = told(simulation)
    assert "the host over OSC keeps 97.5 bpm: change it there" in text
    simulation.clock.choose("auto")
    assert simulation.clock.tempo_leader == ""


def test_a_host_that_tells_its_new_tempo_before_its_place_is_not_asked_to_go_back():
    simulation = Simulation(97.5)
    host = OscHost(simulation, Random(1), tempo_bpm=97.5)
    host.set(beat=0.0, rolling=True)
    simulation.run(1.0)
    simulation.musician(c.SetTempo(140.0))
    simulation.run(1.5)  # it is known to keep its own
    simulation.asked.clear()
    simulation.musician(c.SetTempo(101.0))  # the host's own word
    simulation.run(0.1)
    host.set(tempo_bpm=101.0)
    simulation.run(2.0)
    assert (simulation.frame.tempo_bpm, tempi(simulation)) == (101.0, [])


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


class Refusing(Simulation):
    """A set that cannot take what is asked of it."""

    def obey(self, command):
        self.asked.append(command)


def test_what_the_set_cannot_take_is_not_asked_for_with_every_step():
    simulation = Refusing(120.0)
    host = OscHost(simulation, Random(1), tempo_bpm=97.5)
    host.set(beat=0.0, rolling=True)
    simulation.run(3.0)
    assert tempi(simulation) == [97.5]
    host.set(tempo_bpm=90.0)
    simulation.run(6.0)
    assert tempi(simulation) == [97.5, 90.0, 90.0]


def test_a_signature_that_is_refused_is_asked_for_once_and_again_when_it_comes_back():
    asked = []
    simulation = Simulation(120.0)
    conductor = Conductor(simulation.player, lambda _: None, asked.append, simulation.later)
    frame, long, other = SetFrame(120.0, Signature(4, 4)), Signature(9, 1), Signature(3, 4)
    for signature in (long, long, other, other, Signature(4, 4), long):
        conductor.follow_frame(Reading(True, 0.0, 120.0, signature), frame, 120.0, 0.0)
    assert asked == [long, other, long]
