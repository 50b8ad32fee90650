"""Drives the real callback block by block without a server: any block sizes, any transport, at once.

The C functions that the callback calls are compiled here: a port is the address of its buffer, the client
the address of [state, frame]. A MIDI buffer is int64 [1 + events, 4]: their number, then time and bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, cfunc, types
from numpy.typing import NDArray

from bridge.jack_callback import process_block
from bridge.jack_layout import POSITION
from bridge.jack_memory import Memory
from bridge.native import pointer
from bridge.player import Loop
from bridge.timeline import Timeline

MAX_BLOCK = 8192
MAX_EVENTS = 1000
Said = tuple[int, tuple[int, int, int]]  # transport frame, bytes


@cfunc(types.uintp(types.uintp, types.uint32))
def _get_buffer(port: int, frames: int) -> int:
    return port


@cfunc(types.int32(types.voidptr, types.voidptr))
def _transport_query(client: Any, position: Any) -> int:
    transport = carray(client, (2,), np.int64)
    carray(position, (1,), POSITION)[0].frame = transport[1]
    return np.int32(transport[0])


@cfunc(types.void(types.uintp))
def _clear_buffer(buffer: int) -> None:
    carray(pointer(np.int64(buffer)), (1,), np.int64)[0] = 0


@cfunc(types.int32(types.uintp, types.uint32, types.uintp, types.uintp))
def _event_write(buffer: int, time: int, data: int, size: int) -> int:
    rows = carray(pointer(np.int64(buffer)), (1 + MAX_EVENTS, 4), np.int64)
    message = carray(pointer(np.int64(data)), (3,), np.uint8)
    if rows[0, 0] == MAX_EVENTS:
        return np.int32(105)  # ENOBUFS
    rows[0, 0] += 1
    rows[rows[0, 0], 0] = time
    for i in range(3):
        rows[rows[0, 0], 1 + i] = message[i]
    return np.int32(0)


class OfflineJack:
    def __init__(self, num_tracks: int = 1, sample_rate: int = 44_100) -> None:
        self.memory = Memory(num_tracks, sample_rate)
        self.sample_rate = sample_rate
        self._buffers = np.full((2 * num_tracks + 2, MAX_BLOCK), np.nan, np.float32)
        self._transport = np.zeros(2, np.int64)
        self._kept: list[object] = []
        self._generation = 0
        self.timeline = Timeline(sample_rate=sample_rate)
        header = self.memory.header
        header["client"] = self._transport.ctypes.data
        header["get_buffer"] = _get_buffer.address
        header["transport_query"] = _transport_query.address
        self.memory.ports[:] = [row.ctypes.data for row in self._buffers]
        self._midi = np.zeros((num_tracks, 1 + MAX_EVENTS, 4), np.int64)
        self.said: list[list[Said]] = [[] for _ in range(num_tracks)]
        header["clear_buffer"] = _clear_buffer.address
        self.memory.midi["write"] = _event_write.address
        self.memory.midi["port"] = [rows.ctypes.data for rows in self._midi]

    def order(self, track: int, loop: Loop | None, frame: int) -> int:
        """Swap at `frame`; the order's generation."""
        self._generation += 1
        samples = None if loop is None else loop.render(self.sample_rate)
        if samples is not None:
            self._kept.append(samples)
        length = 0 if loop is None else loop.length_samples
        events = None if loop is None or loop.midi is None else loop.midi.events
        self._kept.append(events)
        if loop is not None:
            loop.begin(120.0)
        beats = 0.0 if loop is None else loop.length_beats
        before = None if loop is None or loop.midi_before is None else loop.midi_before.events
        self._kept.append(before)
        self.memory.order(track, self._generation, samples, length, frame, events, beats, before)
        self.publish()
        return self._generation

    def publish(self) -> None:
        """The orders, and the timeline with what the callback has told of it."""
        self.memory.publish(self.timeline, int(self.memory.snapshot().report["cuts"]))

    def block(self, frames: int, frame: int, rolling: bool = True) -> NDArray[np.float32]:
        """One block: [port, N]."""
        self._transport[:] = (rolling, frame)
        process_block(self.memory.header, frames)
        for said, rows in zip(self.said, self._midi, strict=True):
            said += [(frame + int(row[0]), tuple(row[1:].tolist())) for row in rows[1 : 1 + rows[0, 0]]]
        return self._buffers[:, :frames].copy()

    def roll(self, start: int, block_sizes: list[int]) -> NDArray[np.float32]:
        """Blocks one after another from `start` on: [port, N]."""
        heard = []
        for frames in block_sizes:
            heard.append(self.block(frames, start))
            start += frames
        return np.concatenate(heard, axis=1)
