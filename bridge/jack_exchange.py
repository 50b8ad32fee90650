"""How orders and reports are handed over between the JACK callback and the control thread, in native code.

Each has one writer, and a sequence number that is odd while it writes; who reads copies, and then looks at
the number again.
"""

from __future__ import annotations

from typing import Any

from bridge.jack_layout import WAITING
from bridge.native import fence, native


@native
def copy_voice(target: Any, source: Any) -> None:
    target.generation = source.generation
    target.address = source.address
    target.loop_samples = source.loop_samples
    target.frames = source.frames
    target.frame = source.frame
    target.events = source.events
    target.num_events = source.num_events
    target.events_before = source.events_before
    target.length_beats = source.length_beats
    target.origin, target.turn, target.step = source.origin, source.turn, source.step
    target.mark_frame, target.mark_beat = source.mark_frame, source.mark_beat
    target.mark_tempo_bpm, target.mark_pace = source.mark_tempo_bpm, source.mark_pace


@native
def copy_mark(target: Any, source: Any) -> None:
    target.frame, target.beat = source.frame, source.beat
    target.tempo_bpm, target.pace = source.tempo_bpm, source.pace


@native
def frames_before_swap(voices: Any, frame: int, frames: int, smooth: bool) -> int:
    """How many frames of a rolling block the active loop plays before the waiting one takes over: all, where
    none waits. Not `smooth`: the transport has just started or jumped, and all that waits is due."""
    if not smooth:
        return 0
    if voices[WAITING].generation == 0:
        return frames
    return min(max(voices[WAITING].frame - frame, 0), frames)


@native
def publish(
    header: Any, orders: Any, staged: Any, shared: Any, marks: Any, cuts: int, beats: int, unit: int
) -> None:
    head = header[0]
    head.orders_sequence += 1
    fence()
    for track in range(len(orders)):
        copy_voice(orders[track], staged[track])
    for index in range(len(marks)):
        copy_mark(shared[index], marks[index])
    head.num_marks, head.marks_cuts = len(marks), cuts
    head.signature_beats = beats
    head.signature_unit = unit
    fence()
    head.orders_sequence += 1


@native
def snapshot(report: Any, in_use: Any, report_copy: Any, in_use_copy: Any) -> bool:
    """Copy until no report was written meanwhile; False where it never ends (a thread that was killed)."""
    for _ in range(10_000):
        before = report[0].sequence
        fence()
        report_copy[:] = report
        in_use_copy[:] = in_use
        fence()
        if before == report[0].sequence and not before & 1:
            return True
    return False
