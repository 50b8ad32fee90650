"""A player on a real JACK server, and the law of what a second client hears of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from bridge.grid import Grid, loop_position
from bridge.jack_player import JackPlayer
from bridge.player import Loop, Player
from tests.bridge.jack_recorder import Block, Recorder, wait_until
from tests.bridge.jack_server import JackServer

TRACKS = ("drums", "bass", "harmony", "melody")
TOLD = Grid(120.0)


def noise(seed: int, frames: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-0.2, 0.2, (frames, 2)).astype(np.float32)


@contextmanager
def player_at(server: JackServer, tracks: Sequence[str] = TRACKS) -> Iterator[JackPlayer]:
    """A player at beat 0, at rest."""
    player = JackPlayer(tracks, server_name=server.name)
    try:
        player.stop()
        player.locate(0.0)
        wait_until(lambda: player.transport().frame == 0 and not player.transport().rolling)
        yield player
    finally:
        player.stop()
        wait_until(lambda: not player.transport().rolling)
        player.close()


def listen(server: JackServer, *ports: str) -> Recorder:
    return Recorder(server.name, [f"resonantgen:{port}" for port in ports])


def load(player: Player, lengths: dict[str, int]) -> dict[str, Loop]:
    """A loop of noise for each of these tracks, playing from the transport's start."""
    loops = {t: player.prepare(noise(seed, n)) for seed, (t, n) in enumerate(lengths.items())}
    player.swap_many(loops, "now", TOLD)
    wait_until(lambda: all(player.playing(track) is loop for track, loop in loops.items()))
    return loops


def plain(loop: Loop, frames: NDArray[np.int64], rate: int = 44_100) -> NDArray[np.float32]:
    return loop.render(rate)[:, [loop_position(int(f), loop.length_samples, rate) for f in frames]]


def count_exact(blocks: list[Block], law: NDArray[np.float32], start: int = 0) -> int:
    """How many blocks hold `law` [port, N], which begins at transport frame `start`.

    A block that holds something else must be the block before once more: one that the player missed, so
    that JACK left the port as it was. Blocks must be in order.
    """
    exact = 0
    for before, block in zip([None, *blocks], blocks, strict=False):
        if before is not None:
            assert block.frame >= before.end
        expected = law[:, block.frame - start : block.end - start]
        if np.array_equal(block.samples[:, : expected.shape[1]], expected):
            exact += 1
        else:
            assert before is not None and np.array_equal(block.samples, before.samples), block.frame
    return exact
