"""The timeline in the callback: marks as the control thread hands them over, and those it makes itself.

    control thread   marks, computed when `cuts` was 3      ->  taken while our own count is 3
    callback         a locate: one mark, the law; cuts = 4  ->  the control thread goes on from it

What only the callback sees at its very frame (a locate, a stop, another program's bar and beat) it turns
into a mark at once: a *cut*. Marks that were computed before it are of no use, and are not taken.
"""

from __future__ import annotations

from typing import Any

from bridge.native import native

BBT_VALID = 0x10  # jack_position_bits_t
# What another program's ticks and rounding leave open is not followed; what is more is more than rounding.
LEEWAY_TICKS = 1.5
LEEWAY_S = 0.0003


@native
def mark_index(marks: Any, count: int, frame: int) -> int:
    """The mark that holds at `frame`."""
    for index in range(count - 1, 0, -1):
        if marks[index].frame <= frame:
            return index
    return 0


@native
def beat_at(mark: Any, frame: float, rate: int) -> float:
    """Quarter notes."""
    return mark.beat + (frame - mark.frame) * mark.pace * mark.tempo_bpm / (60.0 * rate)


@native
def cut(head: Any, marks: Any, frame: int, beat: float, tempo_bpm: float) -> None:
    """One mark of our own in the place of all."""
    mark = marks[0]
    mark.frame, mark.beat, mark.tempo_bpm, mark.pace = frame, beat, tempo_bpm, 1.0
    head.num_own_marks = 1
    head.cuts += 1
    head.cut_frame, head.cut_beat, head.cut_tempo_bpm = frame, beat, tempo_bpm


@native
def settle(head: Any, marks: Any) -> None:
    """After a locate: beat 0 is at frame 0, in the tempo that was planned last."""
    last = marks[head.num_own_marks - 1]
    if head.num_own_marks > 1 or last.frame != 0 or last.beat != 0.0:
        cut(head, marks, 0, 0.0, last.tempo_bpm)


@native
def come_to_rest(head: Any, marks: Any, frame: int) -> None:
    """After a stop: a tempo that was planned for later begins here, what is left of a slew is dropped."""
    last = marks[head.num_own_marks - 1]
    if last.frame > frame:
        here = marks[mark_index(marks, head.num_own_marks, frame)]
        cut(head, marks, frame, beat_at(here, frame, head.sample_rate), last.tempo_bpm)


@native
def follow(head: Any, marks: Any, position: Any, frame: int) -> None:
    """Another program says bar, beat and tempo at `frame`: our line goes where theirs does.

    JACK's beats are notes of 1/`beat_type`, ours are quarters.
    """
    if not is_told(position):
        return
    quarters = 4.0 / position.beat_type
    tempo_bpm = position.beats_per_minute * quarters
    counted = (position.bar - 1) * position.beats_per_bar + position.beat - 1
    told = (counted + position.tick / position.ticks_per_beat) * quarters
    leeway = LEEWAY_TICKS / position.ticks_per_beat * quarters + LEEWAY_S * tempo_bpm / 60.0
    # What a program said last the server repeats for a block or two when it has gone. So while the frames
    # simply go on, beats that do not are believed when the next block's go on from them.
    led_to = head.told_beat + (frame - head.told_frame) * tempo_bpm / (60.0 * head.sample_rate)
    head.told_frame, head.told_beat = frame, told
    if head.was_rolling != 0 and frame == head.next_frame and abs(told - led_to) > leeway:
        return
    if abs(frame * tempo_bpm / (60.0 * head.sample_rate) - told) <= leeway:
        if head.num_own_marks > 1 or not _is_law(marks[0], tempo_bpm):
            cut(head, marks, 0, 0.0, tempo_bpm)
        return
    here = marks[mark_index(marks, head.num_own_marks, frame)]
    beat = beat_at(here, frame, head.sample_rate)
    on_time = abs(beat - told) <= leeway
    if not on_time or here.tempo_bpm != tempo_bpm or here.pace != 1.0:
        cut(head, marks, frame, beat if on_time else told, tempo_bpm)


@native
def is_told(position: Any) -> bool:
    """Whether another program says bar and beat, in numbers that can be counted with."""
    return (
        position["valid"] & BBT_VALID != 0
        and position["beat_type"] in (1.0, 2.0, 4.0, 8.0, 16.0)
        and 1.0 <= position["beats_per_bar"] <= 32.0
        and position["ticks_per_beat"] > 0.0
        and position["beats_per_minute"] > 0.0
    )


@native
def _is_law(mark: Any, tempo_bpm: float) -> bool:
    return mark.frame == 0 and mark.beat == 0.0 and mark.tempo_bpm == tempo_bpm and mark.pace == 1.0
