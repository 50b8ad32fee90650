"""A loop read frame by frame: its samples as they are, or between them where the tempo is another.

Between samples the loop is interpolated by a windowed sinc, 16 samples wide. At a sample's own place that is
the sample itself. Read up to twice as fast, what lies above half the rate folds down: it lasts until the
loop has been rendered for the tempo.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import carray
from numpy.typing import NDArray

from bridge.jack_turns import UNITS, place_in_turn, turn_index, turn_start
from bridge.native import native, pointer

TAPS, PHASES = 16, 256
BEFORE = TAPS // 2 - 1  # taps before the place
# Stopband below -80 dB; flat to 16 kHz at 44.1 kHz. Between two phases it is a straight line: below -90 dB.
KAISER_BETA = 8.0

_SILENCE = np.float32(0.0)


def interpolation_kernel() -> NDArray[np.float32]:
    """[PHASES + 1, TAPS]: row p weighs the samples around a place p / PHASES after a sample."""
    offsets = np.arange(TAPS) - BEFORE - np.arange(PHASES + 1)[:, None] / PHASES
    window = np.i0(KAISER_BETA * np.sqrt(np.maximum(0.0, 1.0 - (2.0 * offsets / TAPS) ** 2)))
    rows = np.sinc(offsets) * window
    return np.ascontiguousarray(rows / rows.sum(axis=1, keepdims=True), dtype=np.float32)


@native
def read(voice: Any, frame: int, kernel: Any, left: Any, right: Any) -> None:
    """Fill `left` and `right` [N] with the loop from transport frame `frame` on."""
    if voice.address == 0:
        left[:] = _SILENCE
        right[:] = _SILENCE
        return
    samples = carray(pointer(voice.address), (2, voice.frames), np.float32)
    if voice.step == 1.0:
        _copy(voice, samples, frame, left, right)
    else:
        _interpolate(voice, samples, frame, kernel, left, right)


@native
def _copy(voice: Any, samples: Any, frame: int, left: Any, right: Any) -> None:
    """The samples themselves. A turn may be a frame longer than the rendering: its last sample lasts then."""
    index = turn_index(voice, frame)
    done = 0
    while done < len(left):
        offset = frame + done - turn_start(voice, index)
        index += 1
        run = min(len(left) - done, turn_start(voice, index) - frame - done)
        for i in range(run):
            place = min(offset + i, voice.frames - 1)
            left[done + i] = samples[0, place]
            right[done + i] = samples[1, place]
        done += run


@native
def _interpolate(voice: Any, samples: Any, frame: int, kernel: Any, left: Any, right: Any) -> None:
    frames, length = voice.frames, voice.turn * voice.step / UNITS
    place = place_in_turn(voice, frame)
    for i in range(len(left)):
        whole = math.floor(place)
        phase = (place - whole) * PHASES
        row = int(phase)
        slope = np.float32(phase - row)
        sum_left, sum_right = _SILENCE, _SILENCE
        for tap in range(TAPS):
            weight = kernel[row, tap] + slope * (kernel[row + 1, tap] - kernel[row, tap])
            at = (whole + tap - BEFORE) % frames
            sum_left += weight * samples[0, at]
            sum_right += weight * samples[1, at]
        left[i], right[i] = sum_left, sum_right
        place += voice.step
        if place >= length:
            place -= length
