"""What MIDI clock out sends is what MIDI clock in understands. In simulated time."""

from itertools import pairwise

import pytest

from bridge.clock.clock import STEP_S
from bridge.clock.midi import CONTINUE, SONG_POSITION, START, STOP, TICK, MidiClock
from bridge.clock.sender import ClockSender
from bridge.grid import Grid
from tests.bridge.clock.simulation import Simulation


class Follower:
    """A device that follows our clock, and a score of what it was sent."""

    def __init__(self):
        self.simulation = Simulation(125.0)
        self.clock = MidiClock()
        self.sent = []
        self.sender = ClockSender(self.hear, self.simulation.later)

    def hear(self, message):
        self.sent.append((self.simulation.now_s, message[0]))
        self.clock.hear("us", message, self.simulation.now_s)

    def run(self, seconds):
        self.simulation.run(
            seconds, lambda s: self.sender.step(s.player.transport(), s.now_s)
        )  # fmt: skip

    def statuses(self):
        return [status for _, status in self.sent if status != TICK]

    def error_ms(self):
        reading = self.clock.read(self.simulation.now_s)
        assert reading.rolling == self.simulation.rolling
        return abs(reading.beat - self.simulation.beat) * 60_000 / 125.0


@pytest.fixture
def follower():
    follower = Follower()
    follower.run(1.0)
    return follower


def test_at_rest_there_are_ticks_at_the_tempo(follower):
    assert follower.statuses() == []
    assert follower.clock.read(follower.simulation.now_s).tempo_bpm == pytest.approx(125.0, abs=0.1)


def test_a_start_from_0_is_followed_to_the_step_and_then_exactly(follower):
    follower.simulation.player.play()
    follower.run(2.0)
    assert follower.statuses() == [START]
    assert follower.error_ms() < 1.0


def test_a_start_in_the_midst_is_a_song_position_and_a_continue_on_its_sixteenth(follower):
    follower.simulation.player.locate(33.3)
    follower.run(0.1)
    follower.simulation.player.play()
    follower.run(2.0)
    assert follower.statuses() == [SONG_POSITION, SONG_POSITION, CONTINUE]
    assert follower.error_ms() < 1.0


def test_a_jump_is_a_stop_a_song_position_and_a_continue(follower):
    follower.simulation.player.play()
    follower.run(2.0)
    follower.simulation.player.locate(64.1)
    follower.run(2.0)
    assert follower.statuses() == [START, STOP, SONG_POSITION, CONTINUE]
    assert follower.error_ms() < 1.0
    follower.simulation.player.stop()
    follower.run(1.0)
    assert follower.statuses()[-1] == STOP
    assert follower.clock.read(follower.simulation.now_s).rolling is False


def test_a_slew_and_a_tempo_move_the_ticks_with_the_music(follower):
    player = follower.simulation.player
    player.play()
    follower.run(2.0)
    player.slew(0.03 * 44_100)
    follower.run(4.0)
    assert follower.error_ms() < 1.0
    follower.simulation.frame = Grid(90.0)
    player.set_grid(follower.simulation.frame)
    follower.run(4.0)
    assert follower.error_ms() < 1.0


def test_ticks_are_sent_once_each_in_their_time(follower):
    follower.simulation.player.play()
    follower.run(4.0)
    times = [at_s for at_s, status in follower.sent if status == TICK and at_s > 1001.1]
    gaps = [b - a for a, b in pairwise(times)]
    assert max(abs(gap - 60 / 125 / 24) for gap in gaps) < 0.0002
    assert STEP_S < 60 / 125 / 24  # a step could not have sent them by itself
