"""A loop as long as another tempo has it, its pitch and its sounds as they were.

    input    ..end|start ................... end|start..      the stretcher sees the loop's own neighbours
    output   ..==|start ..................==|                 and the end flows into what came before the
                  ^ faded into: the == before the start        start: the loop closes without a seam

Signalsmith Stretch (MIT) does it where its wheel is installed, librosa's phase vocoder where there is none.
This file is also the process that does it (`serve`): the library keeps the interpreter lock for as long as
it computes, and a lock must be answered meanwhile. So nothing is imported here but what computes.
"""

from __future__ import annotations

import os
import struct
import sys
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

# Samples on both sides of the loop: more than the stretcher's latency at any of its settings.
AROUND = 11_025
FADE = 1024
# Block and interval in samples. On our instruments' stems at 100 and 150 for 120 bpm, against the same score
# rendered at that tempo, onsets are off by (median, 90 % within): drums 0.2 to 0.5 ms and 0.8 ms with the
# short block, the others 1 to 2 ms and 3 ms with the long one. The library's own 120 ms blocks: drums 2 ms,
# and a third more time.
SHORT, LONG = (1024, 256), (2048, 512)
REQUEST = struct.Struct("<qqq")  # samples [N, C=2] that follow, samples wanted, whether it is percussion
ANSWER = struct.Struct("<q")  # samples [N, C=2] that follow; negative: bytes of an error's text
NICENESS = 10


def stretch_loop(audio: NDArray[np.float32], length: int, percussive: bool) -> NDArray[np.float32]:
    """audio [N, C=2] -> [length, C=2]. Any lengths; beyond half and double it is heard that it was done."""
    assert len(audio) > 0 and length > 0, (len(audio), length)
    if length == len(audio):
        return audio.copy()
    ring = np.ascontiguousarray(audio[np.arange(-AROUND, len(audio) + AROUND) % len(audio)].T)
    longer = _stretched(ring, length / len(audio), SHORT if percussive else LONG)
    start = round(AROUND * longer.shape[1] / ring.shape[1])
    fade = min(FADE, start, length)
    loop = longer[:, start : start + length].T.copy()
    before = longer[:, start - fade : start].T
    weight = np.arange(fade, dtype=np.float32)[:, None] / fade
    loop[length - fade :] += weight * (before - loop[length - fade :])
    return np.ascontiguousarray(loop, dtype=np.float32)


def _stretched(audio: NDArray[np.float32], factor: float, block: tuple[int, int]) -> NDArray[np.float32]:
    """audio [C=2, N] -> [C=2, about factor * N]; place x of the input is at factor * x of the output."""
    try:
        from python_stretch import Signalsmith
    except ImportError:
        from librosa.effects import time_stretch

        slow: NDArray[np.float32] = time_stretch(audio, rate=1.0 / factor, n_fft=2 * block[0])
        return slow
    stretch = Signalsmith.Stretch()
    stretch.configure(2, *block)
    stretch.setTimeFactor(1.0 / factor)
    return np.asarray(stretch.process(audio), dtype=np.float32)


# --- the process ----------------------------------------------------------------------------------


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Stretch what comes in until nothing comes any more."""
    while len(head := requests.read(REQUEST.size)) == REQUEST.size:
        samples, length, percussive = REQUEST.unpack(head)
        audio = np.frombuffer(requests.read(samples * 8), "<f4").reshape(samples, 2)
        try:
            loop = stretch_loop(audio, length, bool(percussive))
        except Exception as error:  # whatever a library raises is told, and the next loop may be well
            text = f"{type(error).__name__}: {error}".encode()
            answers.write(ANSWER.pack(-len(text)) + text)
        else:
            answers.write(ANSWER.pack(len(loop)))
            answers.write(loop.astype("<f4").data)
        answers.flush()


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    serve(sys.stdin.buffer, sys.stdout.buffer)
