"""The JACK transport of a real server leads: another program's bar and beat, start, stop, locate."""

import statistics
import time
from dataclasses import replace

import pytest

from bridge.clock.clock import STEP_S, Clock
from bridge.grid import Grid
from bridge.jack_player import JackPlayer
from engine import commands as c
from engine import events as e
from engine.config import ClockConfig
from engine.errors import EngineError
from engine.music.key import Signature
from tests.bridge.clock.jack_master import Master
from tests.bridge.jack_server import JackServer


class Stage:
    """A player on a server, the clock that it follows, and a set that takes every tempo."""

    def __init__(self, server):
        self.player = JackPlayer(["drums"], server_name=server.name, connect=False)
        self.clock = Clock(self.player, ClockConfig(), self.obey, lambda event: None, later=None)
        self.grid = Grid()
        self.polled_s = 0.0

    def obey(self, command):
        if isinstance(command, c.SetTempo):
            self.grid = replace(self.grid, tempo_bpm=command.tempo_bpm)
            self.clock.note(e.Tempo(command.tempo_bpm))
        else:
            self.grid = replace(self.grid, signature=Signature(command.beats, command.unit))
            self.clock.note(e.SignatureChanged(command.beats, command.unit))
        self.player.set_grid(self.grid)

    def step(self):
        now_s = time.perf_counter()
        if now_s - self.polled_s > 0.2:  # the engine does once a second
            self.polled_s = now_s
            self.player.poll()
        self.clock.step()
        time.sleep(STEP_S)

    def until(self, holds, seconds=60.0):
        end_s = time.perf_counter() + seconds
        while not holds():
            assert time.perf_counter() < end_s, (self.clock.active, self.player.transport())
            self.step()

    def beat_off_ms(self, master, looks=15):
        """How far the music is from the master, in the middle of so many looks."""
        errors = []
        for _ in range(looks):
            self.step()
            errors.append((master.beat_now() - self.player.transport().beat) * 60_000 / master.tempo_bpm)
        return statistics.median(errors)


@pytest.fixture(scope="module")
def server():
    # It waits for nobody: one that waits for its clients loses time on a busy machine, and is no clock then.
    with JackServer(sample_rate=48_000, block_size=256, synchronous=False) as server:
        yield server


@pytest.fixture
def stage(server):
    stage = Stage(server)
    yield stage
    stage.player.stop()
    stage.player.close()


def test_another_program_s_tempo_bar_and_place_are_followed_and_then_kept(server, stage):
    stage.step()
    assert stage.clock.active.source == "internal"
    master = Master(server, 133.0, beats=3)
    stage.until(lambda: stage.clock.active.source == "jack")
    stage.until(lambda: stage.grid == Grid(133.0, Signature(3, 4)))
    with pytest.raises(EngineError, match="another program on JACK"):
        stage.clock.check(c.SetTempo(100.0))
    master.client.transport_frame = 480_000
    master.client.transport_start()
    stage.until(lambda: stage.player.transport().rolling)
    assert abs(stage.beat_off_ms(master)) < 1.0
    master.client.transport_frame = 48_000  # its loop begins anew
    stage.until(lambda: stage.player.transport().frame < 100_000)
    assert abs(stage.beat_off_ms(master)) < 1.0
    before = stage.player.transport()
    master.close()  # the music goes on at the tempo that it had, from where it is
    stage.until(lambda: stage.clock.active.source == "internal")
    after = stage.player.transport()
    went = (after.frame - before.frame) * 133.0 / (60.0 * 48_000)
    assert after.beat - before.beat == pytest.approx(went, abs=0.001)
    assert after.rolling and stage.grid.tempo_bpm == 133.0


def test_taken_by_hand_jack_leads_with_bar_and_beat_of_our_own(stage):
    stage.clock.choose("jack")
    stage.step()
    assert (stage.clock.active.source, "ours" in stage.clock.active.detail) == ("jack", True)
    stage.clock.check(c.SetTempo(90.0))  # which nobody else has a say in


def test_another_clock_by_hand_overrules_the_other_program_on_jack(server, stage):
    master = Master(server, 90.0)
    try:
        stage.until(lambda: stage.clock.active.source == "jack" and stage.grid.tempo_bpm == 90.0)
        stage.clock.choose("osc")
        now_s = time.perf_counter()

        def tell():
            beat = 16.0 + (time.perf_counter() - now_s) * 2.0
            stage.clock.told(c.ReportPosition(beat, 120.0, True), "host")
            return stage.grid.tempo_bpm == 120.0 and stage.player.transport().rolling

        stage.until(tell)
        end_s = time.perf_counter() + 0.5
        stage.until(lambda: tell() and time.perf_counter() > end_s)
        here = stage.player.transport()
        assert here.beat == pytest.approx(16.0 + (time.perf_counter() - now_s) * 2.0, abs=0.02)
    finally:
        master.close()
