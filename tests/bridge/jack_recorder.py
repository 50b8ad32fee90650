"""A second JACK client that records, natively, what arrives at its ports, with the transport's frame.

It knows nothing of the player: it joins ports by name and notes each block as JACK delivers it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jack
import numpy as np
from numba import carray, cfunc, types
from numpy.typing import NDArray

from bridge.jack_layout import POSITION
from bridge.native import call_get_buffer, call_transport_query, native, pointer

# Three minutes at 44.1 kHz, of which a page costs memory when it is written.
CAPACITY_FRAMES = 1 << 23
CAPACITY_BLOCKS = 1 << 17

TAPE = np.dtype(
    [
        ("client", np.int64),
        ("get_buffer", np.int64),
        ("transport_query", np.int64),
        ("position", np.int64),
        ("num_ports", np.int64),
        ("ports", np.int64),  # int64 [port]
        ("blocks", np.int64),  # int64 [CAPACITY_BLOCKS, 3]: rolling, frame, frames
        ("samples", np.int64),  # float32 [port, CAPACITY_FRAMES]
        ("recording", np.int64),
        ("num_blocks", np.int64),
        ("num_frames", np.int64),
    ]
)


@native
def _record(tape: Any, frames: int) -> None:
    head = tape[0]
    if head.recording == 0 or head.num_blocks == CAPACITY_BLOCKS:
        return
    if head.num_frames + frames > CAPACITY_FRAMES:
        return
    ports = carray(pointer(head.ports), (head.num_ports,), np.int64)
    blocks = carray(pointer(head.blocks), (CAPACITY_BLOCKS, 3), np.int64)
    samples = carray(pointer(head.samples), (head.num_ports, CAPACITY_FRAMES), np.float32)
    state = call_transport_query(head.transport_query, head.client, head.position)
    for port in range(head.num_ports):
        source = carray(pointer(call_get_buffer(head.get_buffer, ports[port], frames)), (frames,), np.float32)
        for i in range(frames):
            samples[port, head.num_frames + i] = source[i]
    blocks[head.num_blocks, 0] = state == 1
    blocks[head.num_blocks, 1] = carray(pointer(head.position), (1,), POSITION)[0].frame
    blocks[head.num_blocks, 2] = frames
    head.num_frames += frames
    head.num_blocks += 1


@cfunc(types.int32(types.uint32, types.voidptr), cache=True)
def _process(frames: int, tape: Any) -> int:
    _record(carray(tape, (1,), TAPE), np.int64(frames))
    return 0


@dataclass(frozen=True)
class Block:
    rolling: bool
    frame: int
    samples: NDArray[np.float32]  # [port, N]

    @property
    def end(self) -> int:
        return self.frame + self.samples.shape[1]


def wait_until(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    """What happens in a JACK thread cannot be awaited: look every 2 ms."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


class Recorder:
    """Joins `sources` (full port names) and records from the start of the `with`."""

    def __init__(self, server_name: str, sources: Sequence[str]) -> None:
        self._client = jack.Client("recorder", no_start_server=True, servername=server_name)
        self._samples = np.zeros((len(sources), CAPACITY_FRAMES), np.float32)
        self._blocks = np.zeros((CAPACITY_BLOCKS, 3), np.int64)
        self._position = np.zeros(1, POSITION)
        self._tape = np.zeros(1, TAPE)
        ffi, library = jack._ffi, jack._lib

        def number(value: object) -> int:
            return int(ffi.cast("uintptr_t", value))

        inputs = [self._client.inports.register(f"in_{i}") for i in range(len(sources))]
        self._ports = np.array([number(port._ptr) for port in inputs], np.int64)
        tape = self._tape
        tape["client"] = number(self._client._ptr)
        tape["get_buffer"] = number(ffi.addressof(library, "jack_port_get_buffer"))
        tape["transport_query"] = number(ffi.addressof(library, "jack_transport_query"))
        tape["num_ports"] = len(sources)
        for name, array in (
            ("position", self._position), ("ports", self._ports), ("blocks", self._blocks),
            ("samples", self._samples),
        ):  # fmt: skip
            tape[name] = array.ctypes.data
        library.jack_set_process_callback(
            self._client._ptr,
            ffi.cast("JackProcessCallback", _process.address),
            ffi.cast("void *", tape.ctypes.data),
        )
        self._client.activate()
        for source, port in zip(sources, inputs, strict=True):
            self._client.connect(source, port)

    def __enter__(self) -> Recorder:
        self._tape["recording"] = 1
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop recording, then leave: ports that are taken down during a block would be in it as silence."""
        self._tape["recording"] = 0
        time.sleep(2.5 * self._client.blocksize / self._client.samplerate + 0.01)
        self._client.close()

    @property
    def client(self) -> Any:
        return self._client

    def wait_frame(self, frame: int) -> None:
        """Until the last block that rolls reaches `frame`; as long as blocks come, however slowly."""
        while not any(block.rolling and block.end >= frame for block in self._last()):
            assert not self._is_full(), f"the recorder is full, and frame {frame} has not come"
            self.wait_blocks(1)

    def wait_blocks(self, count: int) -> None:
        """`count` blocks more."""
        target = int(self._tape["num_blocks"][0]) + count
        wait_until(lambda: int(self._tape["num_blocks"][0]) >= target)

    def _is_full(self) -> bool:
        tape = self._tape[0]
        room = CAPACITY_FRAMES - int(tape["num_frames"]) >= self._client.blocksize
        return int(tape["num_blocks"]) == CAPACITY_BLOCKS or not room

    def blocks(self) -> list[Block]:
        """All that was recorded, in order."""
        kept, start = [], 0
        for rolling, frame, frames in self._blocks[: int(self._tape["num_blocks"][0])]:
            kept.append(Block(bool(rolling), int(frame), self._samples[:, start : start + frames].copy()))
            start += frames
        return kept

    def rolling(self) -> list[Block]:
        return [block for block in self.blocks() if block.rolling]

    def _last(self) -> list[Block]:
        count = int(self._tape["num_blocks"][0])
        if count == 0:
            return []
        rolling, frame, frames = self._blocks[count - 1]
        return [Block(bool(rolling), int(frame), np.zeros((1, int(frames)), np.float32))]
