"""MIDI clock read as a musician means it, in simulated time."""

import pytest

from bridge.clock.midi import FRESH_S, START, TICK, MidiClock
from tests.bridge.clock.midi_sender import Sender

MS = 0.001


@pytest.fixture
def clock():
    return MidiClock()


def worst_ms(sender, seconds, **options):
    """How far the clock's place was from the song's, at most."""
    errors = []

    def look(now_s, beat):
        reading = sender.clock.read(now_s)
        errors.append(abs(reading.beat - beat) * 60 / sender.tempo_bpm / MS)

    sender.run(seconds, look, **options)
    return max(errors)


@pytest.mark.parametrize("tempo_bpm", [40.0, 97.3, 174.0])
def test_of_a_millisecond_of_jitter_a_fifth_is_left(clock, tempo_bpm):
    """A millisecond is the standard deviation; at most some three times that arrives, and a fifth is left."""
    sender = Sender(clock, tempo_bpm)
    sender.start()
    sender.run(5.0)
    assert worst_ms(sender, 60.0) < 0.8
    assert clock.read(sender.now_s).tempo_bpm == pytest.approx(tempo_bpm, abs=0.03)


def test_start_is_beat_0_at_the_next_tick(clock):
    sender = Sender(clock, jitter_s=0.0)
    sender.run(1.0)
    assert clock.read(sender.now_s).rolling is False
    sender.start()
    assert clock.read(sender.now_s).rolling is False
    sender.run(sender.period_s)
    reading = clock.read(sender.now_s)
    assert (reading.rolling, reading.beat) == (True, 0.0)
    assert clock.read(sender.now_s + 0.25).beat == pytest.approx(0.5)


def test_ticks_that_only_come_while_it_rolls_are_followed_from_the_second_on(clock):
    sender = Sender(clock, jitter_s=0.0)
    sender.start()
    sender.run(2 * sender.period_s)
    reading = clock.read(sender.now_s)
    assert (reading.rolling, reading.certain, reading.settled) == (True, True, False)
    assert reading.beat == pytest.approx(1 / 24)


def test_stop_holds_the_place_and_continue_goes_on_with_the_next_tick(clock):
    sender = Sender(clock, jitter_s=0.0)
    sender.start()
    sender.run(1.25)
    sender.stop()
    held = clock.read(sender.now_s)
    sender.run(2.0)  # ticks at rest count nothing
    assert clock.read(sender.now_s).beat == held.beat == 60 / 24
    sender.tick = 60
    sender.go_on()
    sender.run(sender.period_s)
    reading = clock.read(sender.now_s)
    assert (reading.rolling, reading.beat) == (True, pytest.approx(60 / 24))


def test_a_song_position_is_the_place_of_the_tick_after_continue_whatever_was_rounded_away(clock):
    sender = Sender(clock, jitter_s=0.0)
    sender.start()
    sender.run(1.0)
    sender.stop()
    sender.locate(129)  # 129 sixteenths: a second byte, and no whole beat
    assert clock.read(sender.now_s).beat == 32.25
    sender.go_on()
    sender.run(0.5 + sender.period_s)
    assert clock.read(sender.now_s).beat == pytest.approx(32.25 + 1.0)


def test_a_loop_of_the_host_is_a_song_position_while_it_rolls(clock):
    sender = Sender(clock)
    sender.start()
    sender.run(4.0)
    sender.locate(16)
    assert clock.read(sender.now_s).rolling is True
    assert worst_ms(sender, 4.0) < 1.0
    assert clock.read(sender.now_s).beat == pytest.approx(4.0 + 8.0 - 1 / 24, abs=0.002)


def test_ticks_may_begin_anew_with_the_song(clock):
    sender = Sender(clock, jitter_s=0.0)
    sender.run(2.0)
    sender.now_s -= sender.period_s * 0.4
    sender.start()
    assert worst_ms(sender, 2.0) < 0.01


@pytest.mark.parametrize(("lost", "late"), [(1, 0), (3, 0), (0, 2), (0, 4)])
def test_ticks_that_are_lost_are_made_up_for_and_late_ones_are_not_counted_twice(clock, lost, late):
    sender = Sender(clock)
    sender.start()
    sender.run(3.0)
    sender.lost, sender.late = lost, late
    sender.run((lost + late + 2) * sender.period_s)
    assert worst_ms(sender, 5.0) < 1.0


@pytest.mark.parametrize("tempo_bpm", [40.0, 100.0, 121.0, 140.0, 239.0])
def test_another_tempo_is_followed_within_a_beat_whatever_its_step(clock, tempo_bpm):
    sender = Sender(clock, 120.0)
    sender.start()
    sender.run(5.0)
    sender.tempo_bpm = tempo_bpm
    sender.run(max(0.5, 60 / tempo_bpm))
    assert worst_ms(sender, 5.0) < 3.0
    assert clock.read(sender.now_s).tempo_bpm == pytest.approx(tempo_bpm, rel=0.002)


def test_a_ramp_is_followed_within_3_ms(clock):
    sender = Sender(clock, 120.0)
    sender.start()
    sender.run(3.0)
    assert worst_ms(sender, 10.0, tempo_of=lambda s: 120.0 + 2.0 * s) < 3.0


def test_after_a_second_of_silence_it_is_gone_and_comes_back_where_the_song_went_on(clock):
    sender = Sender(clock)
    sender.start()
    sender.run(5.0)
    assert clock.read(sender.now_s + FRESH_S - 0.01).beat == pytest.approx(sender.beat + 1.98, abs=0.002)
    assert clock.read(sender.now_s + FRESH_S + 0.01) is None
    sender.lost = 240
    sender.run(240 * sender.period_s)
    sender.run(0.25)
    assert clock.read(sender.now_s).beat == pytest.approx(sender.beat, abs=0.005)


def test_ticks_handed_over_with_blocks_of_audio_leave_a_tenth_of_the_block(clock):
    sender = Sender(clock, 123.4, jitter_s=0.0)
    deliver, block_s = clock.hear, 1024 / 44_100
    clock.hear = lambda port, message, at_s: deliver(port, message, (at_s // block_s + 0.5) * block_s)
    sender.start()
    sender.run(10.0)
    assert worst_ms(sender, 10.0) < 1.0


def test_of_two_senders_the_first_leads_until_it_falls_silent(clock):
    first, second = Sender(clock, 120.0), Sender(clock, 90.0)
    first.start()
    first.run(2.0)
    clock.hear("other", bytes([START]), first.now_s)
    clock.hear("other", bytes([TICK]), first.now_s)
    assert worst_ms(first, 2.0) < 1.0
    second.now_s = first.now_s + FRESH_S + 0.1
    second.clock = clock
    clock.hear, heard = (lambda _, message, at_s: heard("other", message, at_s)), clock.hear
    second.start()
    second.run(2.0)
    assert clock.read(second.now_s).tempo_bpm == pytest.approx(90.0, abs=0.5)
