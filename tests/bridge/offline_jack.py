"""Drives the real callback block by block without a server: any block sizes, any transport, at once.

The two C functions that the callback calls are compiled here: a port is the address of its buffer, the
client the address of [state, frame].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, cfunc, types
from numpy.typing import NDArray

from bridge.grid import Grid
from bridge.jack_callback import process_block
from bridge.jack_memory import POSITION, Memory
from bridge.player import Loop

MAX_BLOCK = 8192


@cfunc(types.uintp(types.uintp, types.uint32))
def _get_buffer(port: int, frames: int) -> int:
    return port


@cfunc(types.int32(types.voidptr, types.voidptr))
def _transport_query(client: Any, position: Any) -> int:
    transport = carray(client, (2,), np.int64)
    carray(position, (1,), POSITION)[0].frame = transport[1]
    return np.int32(transport[0])


class OfflineJack:
    def __init__(self, num_tracks: int = 1, sample_rate: int = 44_100) -> None:
        self.memory = Memory(num_tracks, sample_rate)
        self.sample_rate = sample_rate
        self._buffers = np.full((2 * num_tracks + 2, MAX_BLOCK), np.nan, np.float32)
        self._transport = np.zeros(2, np.int64)
        self._kept: list[NDArray[np.float32]] = []
        self._generation = 0
        header = self.memory.header
        header["client"] = self._transport.ctypes.data
        header["get_buffer"] = _get_buffer.address
        header["transport_query"] = _transport_query.address
        self.memory.ports[:] = [row.ctypes.data for row in self._buffers]

    def order(self, track: int, loop: Loop | None, frame: int) -> int:
        """Swap at `frame`; the order's generation."""
        self._generation += 1
        samples = None if loop is None else loop.render(self.sample_rate)
        if samples is not None:
            self._kept.append(samples)
        length = 0 if loop is None else loop.length_samples
        self.memory.order(track, self._generation, samples, length, frame)
        self.memory.publish(Grid())
        return self._generation

    def block(self, frames: int, frame: int, rolling: bool = True) -> NDArray[np.float32]:
        """One block: [port, N]."""
        self._transport[:] = (rolling, frame)
        process_block(self.memory.header, frames)
        return self._buffers[:, :frames].copy()

    def roll(self, start: int, block_sizes: list[int]) -> NDArray[np.float32]:
        """Blocks one after another from `start` on: [port, N]."""
        heard = []
        for frames in block_sizes:
            heard.append(self.block(frames, start))
            start += frames
        return np.concatenate(heard, axis=1)
