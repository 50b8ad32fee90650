"""Musical boundaries on the transport: which frame is the next beat, bar or loop.

A *transport frame* is one sample period of the server (JACK's word); stems are counted in samples at
44.1 kHz. At another rate loops stay in place for ever, because every loop's start is computed from its
index by whole numbers and no length is ever added up:

    loop k of a stem of N samples starts at frame ceil(k * N * rate / 44100)

    frame   0            L1           L2            L3      loops at 48 kHz are floor or ceil of
            |-- loop 0 --|-- loop 1 --|--- loop 2 ---|      N * 48000 / 44100 frames long; the sum is exact

At 44.1 kHz this is frame modulo N.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from engine.errors import unknown
from engine.music.key import Signature
from engine.units import STEM_SAMPLE_RATE, beats_to_samples, samples_to_beats

WHEN = ("now", "beat", "bar", "loop")


@dataclass(frozen=True)
class Grid:
    """Tempo and signature that the transport is counted in; beat 0 is frame 0."""

    tempo_bpm: float = 120.0
    signature: Signature = field(default_factory=Signature)

    def beat_to_frame(self, beat: float, sample_rate: int = STEM_SAMPLE_RATE) -> int:
        """`beat` in quarter notes."""
        return beats_to_samples(beat, self.tempo_bpm, sample_rate)

    def frame_to_beat(self, frame: int, sample_rate: int = STEM_SAMPLE_RATE) -> float:
        """Quarter notes."""
        return samples_to_beats(frame, self.tempo_bpm, sample_rate)

    def step_beats(self, when: str) -> float:
        """Quarter notes from one "beat" (the signature's unit: an eighth in 7/8) or "bar" to the next."""
        return self.signature.bar_beats if when == "bar" else 4.0 / self.signature.unit


def check_when(when: str) -> None:
    """EngineError `unknown` for what is not of WHEN."""
    if when not in WHEN:
        raise unknown("time to swap", when, WHEN)


def next_boundary(
    when: str, frame: int, grid: Grid, sample_rate: int = STEM_SAMPLE_RATE, loop_samples: int | None = None
) -> int:
    """The first boundary at or after `frame`; EngineError `unknown` for a `when` that is not of WHEN.

    "loop" is the next start of a loop of `loop_samples` (at 44.1 kHz); without a loop, the next bar.
    """
    check_when(when)
    if when == "now":
        return frame
    if when == "loop" and loop_samples:
        return next_loop_start(frame, loop_samples, sample_rate)
    step = grid.step_beats("beat" if when == "beat" else "bar")
    index = max(0, math.floor(grid.frame_to_beat(frame, sample_rate) / step) - 1)
    while grid.beat_to_frame(index * step, sample_rate) < frame:
        index += 1
    return grid.beat_to_frame(index * step, sample_rate)


def loop_start(index: int, loop_samples: int, sample_rate: int = STEM_SAMPLE_RATE) -> int:
    """The frame that loop `index` (from 0) starts at."""
    return -(-index * loop_samples * sample_rate // STEM_SAMPLE_RATE)


def loop_index(frame: int, loop_samples: int, sample_rate: int = STEM_SAMPLE_RATE) -> int:
    """The loop that `frame` lies in: loop_start(i) <= frame < loop_start(i + 1)."""
    return frame * STEM_SAMPLE_RATE // (loop_samples * sample_rate)


def loop_position(frame: int, loop_samples: int, sample_rate: int = STEM_SAMPLE_RATE) -> int:
    """Frames since the start of the loop that `frame` lies in."""
    return frame - loop_start(loop_index(frame, loop_samples, sample_rate), loop_samples, sample_rate)


def next_loop_start(frame: int, loop_samples: int, sample_rate: int = STEM_SAMPLE_RATE) -> int:
    """The first start of a loop at or after `frame`."""
    index = -(-frame * STEM_SAMPLE_RATE // (loop_samples * sample_rate))
    return loop_start(index, loop_samples, sample_rate)


def rendered_frames(loop_samples: int, sample_rate: int = STEM_SAMPLE_RATE) -> int:
    """Frames a rendering of the loop must hold: its longest turn."""
    return loop_start(1, loop_samples, sample_rate)
