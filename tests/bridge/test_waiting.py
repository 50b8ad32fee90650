"""What waits to take over is told when it changes, and only then."""

from __future__ import annotations

import numpy as np

from bridge.grid import Grid
from bridge.internal_player import InternalPlayer
from bridge.waiting import Waiting
from engine.events import TrackWaiting

ONE_BAR = np.zeros((88_200, 2), np.float32)  # [N, C] at 120 bpm


def test_a_take_waits_for_its_boundary_and_then_for_nothing():
    player = InternalPlayer(["drums", "bass"])
    waiting = Waiting(["drums", "bass"], player, set)
    player.swap("drums", player.prepare(ONE_BAR), "now", Grid(120.0))
    player.play()
    assert waiting.look() == []
    player.swap("drums", player.prepare(ONE_BAR), "loop", Grid(120.0))
    assert waiting.look() == [TrackWaiting("drums", "boundary")]
    assert waiting.look() == []
    player.stop()  # whatever waited is performed
    assert waiting.look() == [TrackWaiting("drums", "none")]
    assert waiting.snapshot() == [TrackWaiting("drums", "none"), TrackWaiting("bass", "none")]


def test_a_take_that_is_held_waits_for_a_launch():
    held = {"bass"}
    waiting = Waiting(["drums", "bass"], InternalPlayer(["drums", "bass"]), lambda: held)
    assert waiting.look() == [TrackWaiting("bass", "launch")]
    held.clear()
    assert waiting.look() == [TrackWaiting("bass", "none")]
