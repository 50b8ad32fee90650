"""The music follows a session of Link: its bar, its tempo, its start and stop. In simulated time."""

import numpy as np
import pytest

from engine import commands as c
from engine import events as e
from tests.bridge.clock.simulation import LinkSession, Simulation, worst

MINUTE = 60.0


def test_with_link_a_start_waits_for_the_bar_of_the_session():
    simulation = Simulation(100.0)
    session = LinkSession(simulation, beat=1.3)
    simulation.run(1.0)
    assert (simulation.leader, simulation.rolling, simulation.frame.tempo_bpm) == ("link", False, 120.0)
    simulation.clock.play()
    starts = []
    simulation.run(4.0, lambda s: starts.append(session.beat) if s.rolling else None)
    assert starts[0] % 4.0 == pytest.approx(0.0, abs=0.04)
    assert worst(session, 10.0) < 0.5


@pytest.mark.parametrize("ppm", [-100.0, 30.0])
def test_link_and_a_sound_card_that_drifts_stay_within_half_a_millisecond(ppm):
    simulation = Simulation(124.0, sound_ppm=ppm)
    session = LinkSession(simulation, tempo_bpm=124.0)
    simulation.run(1.0)
    simulation.clock.play()
    simulation.run(5.0)
    assert worst(session, MINUTE) < 0.5


def test_the_tempo_changes_both_ways_and_the_last_one_holds():
    simulation = Simulation(100.0)
    session = LinkSession(simulation, tempo_bpm=110.0)
    simulation.run(1.0)
    assert (simulation.frame.tempo_bpm, session.said) == (110.0, [])  # joining tells nobody anything
    session.set(tempo_bpm=133.33)
    simulation.run(0.5)
    assert simulation.frame.tempo_bpm == 133.33
    simulation.musician(c.SetTempo(90.0))
    assert ("tempo", 90.0) in session.said
    simulation.run(0.05)
    session.set(tempo_bpm=90.0)
    simulation.run(3.0)
    assert simulation.frame.tempo_bpm == 90.0
    assert simulation.asked == [c.SetTempo(110.0), c.SetTempo(133.33)]


def test_a_prompt_s_tempo_is_the_session_s_and_heard_at_once():
    simulation = Simulation(120.0)
    session = LinkSession(simulation)
    simulation.run(1.0)
    simulation.clock.play()
    simulation.run(4.0)
    simulation.clock.note(e.Tempo(140.0))  # what plays gets it with the new takes only
    assert session.said == [("tempo", 140.0)]
    simulation.run(0.05)
    session.set(tempo_bpm=140.0)
    simulation.run(4.0)
    assert simulation.player.transport().tempo_bpm == 140.0
    assert abs(session.error_ms()) < 1.0


def test_a_session_without_others_is_kept_in_step_with_the_music():
    simulation = Simulation()
    session = LinkSession(simulation, peers=0)
    simulation.clock.link._stay = object()  # joined
    simulation.clock.play()
    simulation.run(3.0)
    assert simulation.leader == "internal"
    word, beat, at_s = session.said[-1]
    assert word == "align"
    assert beat == pytest.approx((at_s - 1000.0) * 2.0, abs=1e-3)


def test_start_and_stop_come_from_link_where_that_is_wanted():
    simulation = Simulation(start_stop_sync=True)
    session = LinkSession(simulation, beat=0.7)
    simulation.run(1.0)
    session.playing = True
    simulation.run(3.0)
    assert simulation.rolling and abs(session.error_ms()) < 1.0
    session.playing = False
    simulation.run(0.1)
    assert not simulation.rolling


def test_a_start_that_waits_for_the_bar_is_taken_back_by_a_stop():
    simulation = Simulation(start_stop_sync=True)
    session = LinkSession(simulation, beat=0.2)
    simulation.run(1.0)
    session.playing = True
    simulation.run(0.3)
    session.playing = False
    simulation.run(3.0)
    assert not simulation.rolling
    simulation.clock.play()
    simulation.clock.stop()
    simulation.run(3.0)
    assert not simulation.rolling


def test_the_offset_of_the_settings_brings_the_music_earlier():
    simulation = Simulation(offset_ms=20.0)
    session = LinkSession(simulation)
    simulation.run(1.0)
    simulation.clock.play()
    simulation.run(5.0)
    assert session.error_ms() == pytest.approx(-20.0, abs=0.5)


# --- swaps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["beat", "bar"])
def test_a_swap_is_on_a_boundary_of_the_clock_that_leads(when):
    simulation = Simulation(100.0, sound_ppm=80.0)
    session = LinkSession(simulation, tempo_bpm=131.3, beat=2.7)
    simulation.run(1.0)
    simulation.clock.play()
    simulation.run(20.0)
    player = simulation.player
    player.swap("drums", player.prepare(np.ones((44_100, 2), np.float32)), when, simulation.frame)
    step = 4.0 if when == "bar" else 1.0
    while player.pending("drums") is not None:
        simulation.run(0.0005)
    late_ms = session.beat % step * 60_000 / 131.3
    assert late_ms == pytest.approx(0.0, abs=1.5) or late_ms == pytest.approx(step * 60_000 / 131.3, abs=1.5)


def test_a_swap_stays_on_its_bar_when_the_clock_changes_its_tempo_meanwhile():
    simulation = Simulation(120.0)
    session = LinkSession(simulation)
    simulation.run(1.0)
    simulation.clock.play()
    simulation.run(5.0)
    player = simulation.player
    player.swap("drums", player.prepare(np.ones((44_100, 2), np.float32)), "bar", simulation.frame)
    session.set(tempo_bpm=150.0)
    while player.pending("drums") is not None:
        simulation.run(0.0005)
    late_ms = ((session.beat + 2.0) % 4.0 - 2.0) * 60_000 / 150.0
    assert late_ms == pytest.approx(0.0, abs=10.0)  # the new tempo is heard some 30 ms after it was told
