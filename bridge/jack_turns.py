"""Where a loop's turns lie on the transport, for the callback: `bridge.timeline` in native code.

A turn is counted in whole units of 1 / (44100 * 4096) frame, so that it never drifts:

    turn k of a loop starts at frame  ceil((origin + k * turn) / UNITS)

    law          origin 0, turn N * rate * 4096:  bridge.grid's law, frame modulo N at 44.1 kHz
    in tempo     origin and turn where the mark's beats put them, starts at the nearest frame; the samples as
                 they are (`step` 1)
    other tempo  the same, starts exact; `step` samples of the rendering are read for each frame

Frames are below 2**32 and UNITS below 2**28: everything fits into 64 bits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bridge.native import native
from engine.units import STEM_SAMPLE_RATE

FINE = 4096
UNITS = STEM_SAMPLE_RATE * FINE


@native
def turn_start(voice: Any, index: int) -> int:
    """The transport frame that turn `index` (from 0) of the loop starts at."""
    return -(-(voice.origin + index * voice.turn) // UNITS)


@native
def turn_index(voice: Any, frame: int) -> int:
    """The turn that `frame` lies in."""
    return (frame * UNITS - voice.origin) // voice.turn


@native
def place_in_turn(voice: Any, frame: int) -> float:
    """Where `frame` lies in its turn, in samples of the rendering and between them."""
    return np.float64((frame * UNITS - voice.origin) % voice.turn) / UNITS * voice.step


@native
def frames_due(voice: Any, sample: int, rate: int) -> int:
    """How many frames after its turn's start a sample (at 44.1 kHz) is due: the first at or after it."""
    if voice.step == 1.0:
        return -(-sample * rate // STEM_SAMPLE_RATE)
    return math.ceil(sample * rate / (STEM_SAMPLE_RATE * voice.step))


@native
def first_due(voice: Any, offset: int, rate: int) -> int:
    """The first sample that is due `offset` frames after its turn's start, or later."""
    if voice.step == 1.0:
        return max(0, (offset - 1) * STEM_SAMPLE_RATE // rate + 1)
    return max(0, math.floor((offset - 1) * STEM_SAMPLE_RATE * voice.step / rate) + 1)


@native
def is_aimed(voice: Any, mark: Any) -> bool:
    return (
        voice.mark_frame == mark.frame
        and voice.mark_beat == mark.beat
        and voice.mark_tempo_bpm == mark.tempo_bpm
        and voice.mark_pace == mark.pace
    )


@native
def aim(voice: Any, mark: Any, rate: int) -> None:
    """Lay the loop's turns where the mark's beats are."""
    voice.mark_frame, voice.mark_beat = mark.frame, mark.beat
    voice.mark_tempo_bpm, voice.mark_pace = mark.tempo_bpm, mark.pace
    if voice.loop_samples == 0:
        voice.origin, voice.turn, voice.step = 0, UNITS, 1.0
        return
    seconds = voice.length_beats * 60.0 / mark.tempo_bpm
    in_tempo = mark.pace == 1.0 and math.floor(seconds * STEM_SAMPLE_RATE + 0.5) == voice.loop_samples
    if in_tempo and mark.frame == 0 and mark.beat == 0.0:
        voice.origin, voice.turn, voice.step = 0, voice.loop_samples * rate * FINE, 1.0
        return
    turns = mark.beat / voice.length_beats
    voice.turn = np.int64(seconds / mark.pace * rate * UNITS + 0.5)
    voice.origin = mark.frame * UNITS - np.int64((turns - math.floor(turns)) * voice.turn)
    voice.step = 1.0
    if in_tempo:
        voice.origin -= UNITS // 2  # starts at the nearest frame
    else:
        voice.step = np.float64(voice.loop_samples * rate) * FINE / voice.turn
