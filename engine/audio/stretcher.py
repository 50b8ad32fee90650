"""Processes that stretch loops, started when they are wanted and ended with the engine."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys

import numpy as np
from numpy.typing import NDArray

from engine.audio import stretch
from engine.audio.limiter import limit
from engine.audio.stretch import ANSWER, REQUEST
from engine.audio.true_peak import true_peak
from engine.errors import EngineError

# Who asks while all are at work waits: each has 100 MB, and a small machine two cores.
MOST_PROCESSES = 2


class Stretcher:
    """`stretched` on any thread; as many at once as there are processes."""

    def __init__(self, processes: int | None = None) -> None:
        self._idle: queue.SimpleQueue[subprocess.Popen[bytes] | None] = queue.SimpleQueue()
        for _ in range(processes or min(MOST_PROCESSES, os.cpu_count() or 1)):
            self._idle.put(None)  # not started yet

    def stretched(self, audio: NDArray[np.float32], length: int, percussive: bool) -> NDArray[np.float32]:
        """audio [N, C=2] as [length, C=2], its true peak no higher than it was; EngineError `internal`."""
        process = self._idle.get()
        try:
            for is_last in (False, True):
                if process is None or process.poll() is not None:
                    process = _start()
                try:
                    loop = _ask(process, audio, length, percussive)
                    break
                except (OSError, EOFError) as error:
                    _end(process)
                    if is_last:
                        raise EngineError("internal", f"the process that stretches ended: {error}") from error
        finally:
            self._idle.put(process)
        limit(loop, 1.0, true_peak(audio))
        return loop

    def close(self) -> None:
        """End the processes that are at rest; one at work ends with its loop, for nobody asks again."""
        with contextlib.suppress(queue.Empty):
            while True:
                process = self._idle.get_nowait()
                if process is not None:
                    _end(process)


def _start() -> subprocess.Popen[bytes]:
    # -P: the file's own folder is no place to import from; it has names that others have too.
    command = [sys.executable, "-P", stretch.__file__]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _ask(
    process: subprocess.Popen[bytes], audio: NDArray[np.float32], length: int, percussive: bool
) -> NDArray[np.float32]:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(REQUEST.pack(len(audio), length, percussive))
    process.stdin.write(np.ascontiguousarray(audio, "<f4").data)
    process.stdin.flush()
    head = process.stdout.read(ANSWER.size)
    if len(head) < ANSWER.size:
        raise EOFError(f"it ended with {process.wait()}")
    (samples,) = ANSWER.unpack(head)
    if samples < 0:
        text = process.stdout.read(-samples).decode(errors="replace")
        raise EngineError("internal", f"a loop could not be stretched: {text}")
    data = process.stdout.read(samples * 8)
    if len(data) < samples * 8:
        raise EOFError(f"it ended with {process.wait()}")
    return np.frombuffer(bytearray(data), "<f4").reshape(samples, 2)


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None and process.stdout is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(timeout=2.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
