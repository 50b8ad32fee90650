"""The JACK callbacks: native code that holds no Python object, allocates nothing and takes no lock.

libjack calls them with the address of a header (bridge.jack_memory), off which everything else hangs.
`bridge.player` says what is to be heard, `bridge.grid` where loops lie.

A rolling block of one track, with a swap inside it:

    frame                  waiting.frame                 frame + block
    |--- active (old) -----|--- active (new), crossfaded from `fading` (old) where that clicks ---|
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, cfunc, types

from bridge.jack_memory import (
    ACTIVE,
    FADING,
    HEADER,
    MIDI,
    POSITION,
    RECEIVED,
    REPORT,
    VOICE,
    WAITING,
    copy_voice,
    frames_before_swap,
)
from bridge.jack_midi import begin_block, rest, speak
from bridge.jack_turns import turn_index, turn_start
from bridge.native import call_get_buffer, call_transport_query, fence, native, pointer
from bridge.player import DECLICK_THRESHOLD, FADE_FRAMES

ROLLING = 1  # jack_transport_state_t
BBT_VALID = 0x10  # jack_position_bits_t
TICKS_PER_BEAT = 1920.0

_SILENCE, _ONE = np.float32(0.0), np.float32(1.0)
_STEP = np.float32(DECLICK_THRESHOLD)
_FADE_SLOPE = np.float32(1.0 / FADE_FRAMES)


# --- one loop --------------------------------------------------------------------------------------


@native
def _read(voice: Any, channel: int, frame: int, sample_rate: int, out: Any) -> None:
    """Fill `out` [N] with the loop from transport frame `frame` on."""
    if voice.address == 0:
        out[:] = _SILENCE
        return
    samples = carray(pointer(voice.address), (2, voice.frames), np.float32)[channel]
    index = turn_index(voice, frame, sample_rate)
    done = 0
    while done < len(out):
        offset = frame + done - turn_start(voice, index, sample_rate)
        index += 1
        run = min(len(out) - done, turn_start(voice, index, sample_rate) - frame - done)
        for i in range(run):
            out[done + i] = samples[offset + i]
        done += run


@native
def _clicks(old: Any, new: Any, frame: int, sample_rate: int, scratch: Any) -> bool:
    """Whether going from one loop to the other at `frame` is a step of -60 dBFS or more."""
    for channel in range(2):
        _read(old, channel, frame, sample_rate, scratch[channel, :1])
        _read(new, channel, frame, sample_rate, scratch[channel, 1:2])
        if abs(scratch[channel, 1] - scratch[channel, 0]) >= _STEP:
            return True
    return False


@native
def _take_over(voices: Any, fade: Any, frame: int, smooth: bool, sample_rate: int, scratch: Any) -> None:
    """The waiting loop becomes the active one, the old one fades out under it if that would click."""
    active, fading, waiting = voices[ACTIVE], voices[FADING], voices[WAITING]
    if smooth and _clicks(active, waiting, frame, sample_rate, scratch):
        copy_voice(fading, active)
        fade[0] = 0
    else:
        _end_fade(voices, fade)
    copy_voice(active, waiting)
    waiting.generation = 0


@native
def _end_fade(voices: Any, fade: Any) -> None:
    voices[FADING].generation = 0
    fade[0] = FADE_FRAMES


@native
def _render(
    voices: Any, fade: Any, frame: int, sample_rate: int, left: Any, right: Any, scratch: Any
) -> None:
    """The active loop from `frame` on, crossfaded from the fading one while that lasts."""
    _read(voices[ACTIVE], 0, frame, sample_rate, left)
    _read(voices[ACTIVE], 1, frame, sample_rate, right)
    run = min(len(left), FADE_FRAMES - fade[0])
    if run <= 0:
        return
    _read(voices[FADING], 0, frame, sample_rate, scratch[0, :run])
    _read(voices[FADING], 1, frame, sample_rate, scratch[1, :run])
    for i in range(run):
        weight = np.float32(fade[0] + i) * _FADE_SLOPE
        left[i] = scratch[0, i] + weight * (left[i] - scratch[0, i])
        right[i] = scratch[1, i] + weight * (right[i] - scratch[1, i])
    fade[0] += run
    if fade[0] == FADE_FRAMES:
        _end_fade(voices, fade)


# --- one track, one block --------------------------------------------------------------------------


@native
def _roll(
    voices: Any, fade: Any, frame: int, smooth: bool, sample_rate: int, left: Any, right: Any, scratch: Any
) -> None:
    """A rolling block. Not `smooth`: the transport has just started or jumped, and all that waits is due."""
    waiting = voices[WAITING]
    old = frames_before_swap(voices, frame, len(left), smooth)
    if not smooth:
        _end_fade(voices, fade)
    if old > 0:
        _render(voices, fade, frame, sample_rate, left[:old], right[:old], scratch)
    if old < len(left):
        if waiting.generation != 0:
            _take_over(voices, fade, frame + old, smooth, sample_rate, scratch)
        _render(voices, fade, frame + old, sample_rate, left[old:], right[old:], scratch)


@native
def _rest(
    voices: Any, fade: Any, frame: int, stop_fade: int, sample_rate: int, left: Any, right: Any, scratch: Any
) -> None:
    """A block at rest: what is left of the fade after a stop, then silence, and all that waits is due."""
    run = min(len(left), stop_fade)
    if run > 0:
        _render(voices, fade, frame, sample_rate, left[:run], right[:run], scratch)
        for i in range(run):
            weight = np.float32(stop_fade - i) * _FADE_SLOPE
            left[i] *= weight
            right[i] *= weight
    left[run:] = _SILENCE
    right[run:] = _SILENCE
    if run == stop_fade:
        _end_fade(voices, fade)
        if voices[WAITING].generation != 0:
            _take_over(voices, fade, frame, False, sample_rate, scratch)


@native
def _amplify(out: Any, now: Any, target: Any) -> None:
    """Multiply by a gain that goes from `now` to `target` over the block, 256 frames at most."""
    ramp = 0
    if now != target:
        ramp = min(len(out), FADE_FRAMES)
        slope = (target - now) / np.float32(ramp)
        for i in range(ramp - 1):
            out[i] *= now + slope * np.float32(i + 1)
        ramp -= 1
    if target != _ONE:
        for i in range(ramp, len(out)):
            out[i] *= target


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
def receive_orders(head: Any, voices: Any) -> None:
    """Take the new orders, all of them or none; never wait for them."""
    sequence = head.orders_sequence
    if sequence == head.orders_seen or sequence & 1:
        return
    fence()
    orders = carray(pointer(head.orders), (head.num_tracks,), VOICE)
    for track in range(head.num_tracks):
        copy_voice(voices[track, RECEIVED], orders[track])
    tempo_bpm, beats, unit = head.tempo_bpm, head.signature_beats, head.signature_unit
    fence()
    if sequence != head.orders_sequence:
        return
    head.orders_seen = sequence
    head.bbt_tempo_bpm, head.bbt_beats, head.bbt_unit = tempo_bpm, beats, unit
    for track in range(head.num_tracks):
        if voices[track, RECEIVED].generation > voices[track, ACTIVE].generation:
            copy_voice(voices[track, WAITING], voices[track, RECEIVED])


@native
def _report(head: Any, voices: Any, position: Any, rolling: bool, frames: int) -> None:
    report = carray(pointer(head.report), (1,), REPORT)[0]
    in_use = carray(pointer(head.in_use), (head.num_tracks, 2), np.int64)
    report.sequence += 1
    fence()
    report.orders_seen = head.orders_seen
    report.blocks += 1
    report.block_size = frames
    report.rolling = rolling
    report.frame = np.int64(position.frame) + (frames if rolling else 0)
    report.bbt_valid = np.int64(position.valid) & BBT_VALID
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
def process_block(header: Any, frames: int) -> None:
    """One block of every port. `header`: HEADER [1]."""
    head = header[0]
    tracks, rate = head.num_tracks, head.sample_rate
    voices = carray(pointer(head.voices), (tracks, 4), VOICE)
    fades = carray(pointer(head.fades), (tracks,), np.int64)
    gains = carray(pointer(head.gains), (tracks, 2), np.float32)
    gains_now = carray(pointer(head.gains_now), (tracks, 2), np.float32)
    scratch = carray(pointer(head.scratch), (2, FADE_FRAMES), np.float32)
    peaks = carray(pointer(head.peaks), (tracks + 1,), np.float32)
    midis = carray(pointer(head.midi), (tracks,), MIDI)
    midi_wanted = carray(pointer(head.midi_wanted), (tracks,), np.int64)
    position = carray(pointer(head.position), (1,), POSITION)[0]

    receive_orders(head, voices)
    rolling = call_transport_query(head.transport_query, head.client, head.position) == ROLLING
    frame = np.int64(position.frame)
    smooth = _is_smooth(head, frame)
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
        row, fade, midi = voices[track], fades[track : track + 1], midis[track]
        begin_block(midi, head.get_buffer, head.clear_buffer, midi_wanted[track], frames)
        if rolling:
            speak(row, midi, frame, frames, smooth, frame - head.next_frame, rate)
            _roll(row, fade, frame, smooth, rate, left, right, scratch)
        else:
            rest(midi)
            _rest(row, fade, head.next_frame, head.stop_fade, rate, left, right, scratch)
        gain_left, gain_right = gains[track, 0], gains[track, 1]
        _amplify(left, gains_now[track, 0], gain_left)
        _amplify(right, gains_now[track, 1], gain_right)
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


@native
def fill_timebase(head: Any, position: Any) -> None:
    """Bar, beat and tick of `position.frame` in the grid's tempo and signature.

    JACK counts bars in beats of 1/`beat_type` and, as its own example does, gives the tempo in the
    same beats: 120 bpm of quarters in 7/8 is 240 here.
    """
    unit = np.float64(head.bbt_unit)
    beats_per_minute = head.bbt_tempo_bpm * unit / 4.0
    # A beat begins at the nearest whole frame, so half a frame early counts as there.
    beats = (np.float64(position.frame) + 0.5) * beats_per_minute / (60.0 * head.sample_rate)
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


# --- what libjack is given -------------------------------------------------------------------------


@cfunc(types.int32(types.uint32, types.voidptr), cache=True)
def process(frames: int, header: Any) -> int:
    process_block(carray(header, (1,), HEADER), np.int64(frames))
    return 0


@cfunc(
    types.void(types.int32, types.uint32, types.voidptr, types.int32, types.voidptr),
    cache=True,
)
def timebase(state: int, frames: int, position: Any, is_new: int, header: Any) -> None:
    head = carray(header, (1,), HEADER)[0]
    if head.bbt_tempo_bpm > 0.0:  # the first orders are there
        fill_timebase(head, carray(position, (1,), POSITION)[0])


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
