"""Bar, beat and tick for the other programs on the JACK transport, where we lead them: a native callback."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, cfunc, types

from bridge import jack_marks as marking
from bridge.jack_layout import HEADER, MARK, MAX_MARKS, POSITION
from bridge.jack_marks import BBT_VALID
from bridge.native import native, pointer

TICKS_PER_BEAT = 1920.0


@native
def fill_timebase(head: Any, position: Any) -> None:
    """Bar, beat and tick of `position.frame` on the timeline; of a frame that the transport has jumped to,
    and the process callback has not seen, in the law.

    JACK counts bars in beats of 1/`beat_type` and, as its own example does, gives the tempo in the
    same beats: 120 bpm of quarters in 7/8 is 240 here.
    """
    unit, frame = np.float64(head.bbt_unit), np.int64(position.frame)
    marks, rate = carray(pointer(head.own_marks), (MAX_MARKS,), MARK), head.sample_rate
    mark = marks[marking.mark_index(marks, head.num_own_marks, frame)]
    expected = head.next_frame if head.was_rolling else head.rest_frame
    # A beat begins at the nearest whole frame, so half a frame early counts as there.
    if 0 <= frame - expected < rate:
        quarters = marking.beat_at(mark, frame + 0.5, rate)
    else:
        mark = marks[head.num_own_marks - 1]
        quarters = (frame + 0.5) * mark.tempo_bpm / (60.0 * rate)
    beats_per_minute = mark.tempo_bpm * unit / 4.0
    beats = max(0.0, quarters * unit / 4.0)
    whole = np.int64(beats)
    bar = whole // head.bbt_beats
    position.bar = bar + 1
    position.beat = whole - bar * head.bbt_beats + 1
    position.tick = np.int64((beats - whole) * TICKS_PER_BEAT)
    position.bar_start_tick = np.float64(bar * head.bbt_beats) * TICKS_PER_BEAT
    position.beats_per_bar = np.float32(head.bbt_beats)
    position.beat_type = np.float32(unit)
    position.ticks_per_beat = TICKS_PER_BEAT
    position.beats_per_minute = beats_per_minute
    position.valid = BBT_VALID


@cfunc(
    types.void(types.int32, types.uint32, types.voidptr, types.int32, types.voidptr),
    cache=True,
)
def timebase(state: int, frames: int, position: Any, is_new: int, header: Any) -> None:
    head = carray(header, (1,), HEADER)[0]
    if head.num_own_marks > 0:  # the first orders are there
        fill_timebase(head, carray(position, (1,), POSITION)[0])
