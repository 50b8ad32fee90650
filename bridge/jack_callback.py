"""The JACK callbacks: native code that holds no Python object, allocates nothing and takes no lock.

libjack calls them with the address of a header (bridge.jack_memory), off which everything else hangs. A
block falls into stretches, one for each mark of the timeline that lies in it; in a stretch every loop goes
on at one pace:

    frame          marks[1].frame                  frame + block
    |-- stretch ---|--- stretch, loops laid anew --|
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, cfunc, types

from bridge import jack_marks as marking
from bridge.jack_exchange import copy_mark, copy_voice
from bridge.jack_layout import (
    ACTIVE,
    FADING,
    HEADER,
    MARK,
    MAX_MARKS,
    MIDI,
    POSITION,
    RECEIVED,
    REPORT,
    VOICE,
    VOICES,
    WAITING,
)
from bridge.jack_midi import begin_block, speak
from bridge.jack_midi import rest as rest_midi
from bridge.jack_reading import PHASES, TAPS
from bridge.jack_track import amplify, lay, rest, roll
from bridge.native import call_get_buffer, call_transport_query, fence, native, pointer
from bridge.player import FADE_FRAMES

ROLLING = 1  # jack_transport_state_t

_SILENCE = np.float32(0.0)


# --- what is heard --------------------------------------------------------------------------------


@native
def _add_to_mix(out: Any, mix: Any) -> Any:
    """Add `out` to `mix`; its peak."""
    peak = _SILENCE
    for i in range(len(out)):
        mix[i] += out[i]
        peak = max(peak, abs(out[i]))
    return peak


@native
def _peak(left: Any, right: Any) -> Any:
    peak = _SILENCE
    for i in range(len(left)):
        peak = max(peak, max(abs(left[i]), abs(right[i])))
    return peak


# --- one block ------------------------------------------------------------------------------------


@native
def _own_marks(head: Any) -> Any:
    return carray(pointer(head.own_marks), (MAX_MARKS,), MARK)


@native
def receive_orders(head: Any, voices: Any) -> None:
    """Take the new orders, all of them or none; never wait for them."""
    sequence = head.orders_sequence
    if sequence == head.orders_seen or sequence & 1:
        return
    fence()
    orders = carray(pointer(head.orders), (head.num_tracks,), VOICE)
    shared = carray(pointer(head.marks), (2 * MAX_MARKS,), MARK)
    for track in range(head.num_tracks):
        copy_voice(voices[track, RECEIVED], orders[track])
    count, cuts = head.num_marks, head.marks_cuts
    for index in range(min(count, MAX_MARKS)):
        copy_mark(shared[MAX_MARKS + index], shared[index])
    beats, unit = head.signature_beats, head.signature_unit
    fence()
    if sequence != head.orders_sequence:
        return
    head.orders_seen = sequence
    head.bbt_beats, head.bbt_unit = beats, unit
    if cuts == head.cuts or head.num_own_marks == 0:
        own, head.num_own_marks = _own_marks(head), count
        for index in range(count):
            copy_mark(own[index], shared[MAX_MARKS + index])
    for track in range(head.num_tracks):
        if voices[track, RECEIVED].generation > voices[track, ACTIVE].generation:
            copy_voice(voices[track, WAITING], voices[track, RECEIVED])


@native
def _keep_time(head: Any, position: Any, frame: int, rolling: bool, smooth: bool, frames: int) -> None:
    """What a locate, a stop or another program's bar and beat mean for the timeline."""
    if head.num_own_marks == 0:
        return
    own = _own_marks(head)
    if head.was_rolling and not rolling and -2 * frames <= frame - head.next_frame < head.sample_rate:
        marking.come_to_rest(head, own, frame)
    elif not smooth if head.was_rolling else frame != head.rest_frame:
        marking.settle(head, own)
    head.rest_frame = frame
    if head.follows:
        marking.follow(head, own, position, frame)


@native
def _report(head: Any, voices: Any, position: Any, rolling: bool, frames: int) -> None:
    report = carray(pointer(head.report), (1,), REPORT)[0]
    in_use = carray(pointer(head.in_use), (head.num_tracks, 2), np.int64)
    report.sequence += 1
    fence()
    report.orders_seen = head.orders_seen
    report.blocks += 1
    report.block_size = frames
    report.begun_us = np.int64(position.usecs)
    report.rolling = rolling
    report.frame = np.int64(position.frame) + (frames if rolling else 0)
    report.cuts = head.cuts
    report.cut_frame, report.cut_beat = head.cut_frame, head.cut_beat
    report.cut_tempo_bpm = head.cut_tempo_bpm
    report.valid = position.valid
    report.bar, report.beat, report.tick = position.bar, position.beat, position.tick
    report.ticks_per_beat = position.ticks_per_beat
    report.beats_per_bar, report.beat_type = position.beats_per_bar, position.beat_type
    report.beats_per_minute = position.beats_per_minute
    for track in range(head.num_tracks):
        in_use[track, 0] = voices[track, ACTIVE].generation
        in_use[track, 1] = voices[track, FADING].generation
    fence()
    report.sequence += 1


@native
def _is_smooth(head: Any, frame: int) -> bool:
    """Whether the block follows on the last one. Up to a second missing is missed blocks, not a locate."""
    missing = frame - head.next_frame
    return head.was_rolling != 0 and 0 <= missing < head.sample_rate


@native
def _out(head: Any, port: int, frames: int) -> Any:
    """The port's buffer [N] in this block."""
    ports = carray(pointer(head.ports), (2 * head.num_tracks + 2,), np.int64)
    return carray(pointer(call_get_buffer(head.get_buffer, ports[port], frames)), (frames,), np.float32)


@native
def _play(head: Any, track: int, frame: int, rolling: bool, smooth: bool, left: Any, right: Any) -> None:
    """A block of one track, stretch by stretch, before its gains."""
    voices = carray(pointer(head.voices), (head.num_tracks, VOICES), VOICE)[track]
    fade = carray(pointer(head.fades), (head.num_tracks,), np.int64)[track : track + 1]
    midi = carray(pointer(head.midi), (head.num_tracks,), MIDI)[track]
    wanted = carray(pointer(head.midi_wanted), (head.num_tracks,), np.int64)[track]
    kernel = carray(pointer(head.kernel), (PHASES + 1, TAPS), np.float32)
    scratch = carray(pointer(head.scratch), (2, FADE_FRAMES), np.float32)
    marks, count, rate = _own_marks(head), head.num_own_marks, head.sample_rate
    begin_block(midi, head.get_buffer, head.clear_buffer, wanted, len(left))
    if not rolling:
        rest_midi(midi)
        mark = marks[marking.mark_index(marks, count, head.next_frame)]
        lay(voices, fade, mark, head.next_frame, head.stop_fade > 0, rate, kernel, scratch)
        rest(voices, fade, head.next_frame, head.stop_fade, left, right, kernel, scratch)
        return
    done, late = 0, frame - head.next_frame
    while done < len(left):
        at = frame + done
        index = marking.mark_index(marks, count, at)
        run = len(left) - done
        if index + 1 < count:
            run = min(run, marks[index + 1].frame - at)
        lay(voices, fade, marks[index], at, smooth, rate, kernel, scratch)
        speak(voices, midi, at, run, smooth, late, rate, done)
        roll(voices, fade, at, smooth, left[done : done + run], right[done : done + run], kernel, scratch)
        done, late, smooth = done + run, 0, True


@native
def process_block(header: Any, frames: int) -> None:
    """One block of every port. `header`: HEADER [1]."""
    head = header[0]
    tracks = head.num_tracks
    voices = carray(pointer(head.voices), (tracks, VOICES), VOICE)
    gains = carray(pointer(head.gains), (tracks, 2), np.float32)
    gains_now = carray(pointer(head.gains_now), (tracks, 2), np.float32)
    peaks = carray(pointer(head.peaks), (tracks + 1,), np.float32)
    position = carray(pointer(head.position), (1,), POSITION)[0]

    receive_orders(head, voices)
    rolling = call_transport_query(head.transport_query, head.client, head.position) == ROLLING
    frame = np.int64(position.frame)
    smooth = _is_smooth(head, frame)
    _keep_time(head, position, frame, rolling, smooth, frames)
    if rolling:
        head.stop_fade = 0
    elif head.was_rolling:
        head.stop_fade = FADE_FRAMES
    peaks_wanted = head.peaks_wanted
    if peaks_wanted != head.peaks_given:
        peaks[:] = _SILENCE

    mix_left, mix_right = _out(head, 2 * tracks, frames), _out(head, 2 * tracks + 1, frames)
    mix_left[:] = _SILENCE
    mix_right[:] = _SILENCE
    for track in range(tracks):
        left, right = _out(head, 2 * track, frames), _out(head, 2 * track + 1, frames)
        _play(head, track, frame, rolling, smooth, left, right)
        gain_left, gain_right = gains[track, 0], gains[track, 1]
        amplify(left, gains_now[track, 0], gain_left)
        amplify(right, gains_now[track, 1], gain_right)
        gains_now[track, 0], gains_now[track, 1] = gain_left, gain_right
        peak = max(_add_to_mix(left, mix_left), _add_to_mix(right, mix_right))
        peaks[track] = max(peaks[track], peak)
    peaks[tracks] = max(peaks[tracks], _peak(mix_left, mix_right))
    head.peaks_given = peaks_wanted

    head.was_rolling = rolling
    if rolling:
        head.next_frame = frame + frames
    else:
        run = min(frames, head.stop_fade)
        head.next_frame += run
        head.stop_fade -= run
    _report(head, voices, position, rolling, frames)


# --- what libjack is given -------------------------------------------------------------------------


@cfunc(types.int32(types.uint32, types.voidptr), cache=True)
def process(frames: int, header: Any) -> int:
    process_block(carray(header, (1,), HEADER), np.int64(frames))
    return 0


@cfunc(types.int32(types.voidptr), cache=True)
def xrun(header: Any) -> int:
    carray(header, (1,), HEADER)[0].xruns += 1
    return 0


@cfunc(types.void(types.int32, types.voidptr, types.voidptr), cache=True)
def shutdown(code: int, reason: Any, header: Any) -> None:
    carray(header, (1,), HEADER)[0].shut_down = 1


@cfunc(types.void(types.voidptr), cache=True)
def ignore_message(text: Any) -> None:
    """libjack's chatter on stderr; what matters to the user is in the player's status."""
