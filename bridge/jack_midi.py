"""The tracks' MIDI ports in the JACK callback: what their loops say, on the frames of the audio.

Native code like bridge.jack_callback, which calls it. Events hang on samples of the loop (engine.audio.
midi_live); sample s of a loop that starts at frame L is due at frame

    L + ceil(s * rate / 44100)        at 44.1 kHz: L + s

    frame                  swap                                            frame + block
    |--- events of the old |notes end, setup, controllers, notes that are held, events of the new ---|

A port never keeps a note: `sounding` knows what began, and it ends with a swap, a stop, a locate, the port
being switched off and the client leaving.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray

from bridge.jack_exchange import frames_before_swap
from bridge.jack_layout import ACTIVE, NUM_PITCHES, WAITING
from bridge.jack_turns import first_due, frames_due, turn_index, turn_start
from bridge.native import call_clear_buffer, call_event_write, call_get_buffer, native, pointer
from engine.audio.midi_live import BEND, CONTROL, EVENT, NOTE, NUM_KINDS, OFF, ON, WHEEL
from engine.units import ms_to_samples

WHEEL_CENTRE = 8192
ALL_NOTES_OFF = 123
# A note that ends sooner after a take-over is not begun again: it would be a blip.
WORTH_TAKING_UP = ms_to_samples(100.0)
# Of blocks that were missed, so much is caught up on; after more a new start is made.
MOST_LATE_FRAMES = 4096
# A loop that is laid anew by more than this has jumped.
MOST_MOVED = ms_to_samples(100.0)
ROUNDED = 16  # more samples than are read for one frame


# --- words ----------------------------------------------------------------------------------------


@native
def _sounding(midi: Any) -> Any:
    return carray(pointer(midi.sounding), (NUM_PITCHES,), np.uint8)


@native
def _say(midi: Any, at: int, status: int, data1: int, data2: int) -> None:
    """One message `at` frames into the block, and what it means for what sounds."""
    message = carray(pointer(midi.message), (3,), np.uint8)
    message[0], message[1], message[2] = status, data1, data2
    if call_event_write(midi.write, midi.buffer, at, midi.message, 3) != 0:
        return
    word, midi.channel = status & 0xF0, status & 0x0F
    if word == ON:
        _sounding(midi)[data1] = 1 + midi.channel
    elif word == OFF:
        _sounding(midi)[data1] = 0
    elif word == WHEEL:
        midi.wheel = data1 + (data2 << 7) - WHEEL_CENTRE


@native
def hush(midi: Any, at: int) -> None:
    """What sounds ends, and the wheel goes back."""
    sounding = _sounding(midi)
    for pitch in range(NUM_PITCHES):
        if sounding[pitch] != 0:
            _say(midi, at, OFF | (sounding[pitch] - 1), pitch, 0)
    if midi.wheel != 0:
        _say(midi, at, WHEEL | midi.channel, WHEEL_CENTRE & 0x7F, WHEEL_CENTRE >> 7)


@native
def _say_event(midi: Any, event: Any, at: int) -> None:
    """A note that did not begin does not end."""
    if event.status & 0xF0 == OFF and _sounding(midi)[event.data1] == 0:
        return
    _say(midi, at, event.status, event.data1, event.data2)


# --- a loop ---------------------------------------------------------------------------------------


@native
def _events(voice: Any) -> Any:
    return carray(pointer(voice.events), (voice.num_events,), EVENT)


@native
def _first_from(events: Any, sample: int) -> int:
    """The index of the first event at or after `sample`."""
    low, high = 0, len(events)
    while low < high:
        middle = (low + high) // 2
        if events[middle].sample < sample:
            low = middle + 1
        else:
            high = middle
    return low


@native
def _ring(samples: int, voice: Any) -> int:
    """A distance in samples, the shorter way round the loop."""
    half = voice.loop_samples // 2
    return (samples + half) % voice.loop_samples - half


@native
def _place_at(voice: Any, frame: int, rate: int) -> int:
    """The first sample that is due at `frame` or later; after the turn's last that is the loop's length."""
    return first_due(voice, frame - turn_start(voice, turn_index(voice, frame)), rate)


@native
def _follow_on(midi: Any, voice: Any, begin: int, rate: int, frame: int, at: int) -> int:
    """Where to begin instead of at `begin`, so that nothing is left out where the loop has been laid anew;
    `midi.twice` samples from there on may have been said already. A jump is a new start."""
    here, midi.twice = _place_at(voice, begin, rate), 0
    missing = _ring(here - midi.said, voice) if midi.said_of == voice.events else 0
    if abs(missing) > MOST_MOVED:
        take_over(midi, voice, frame, rate, at)
        midi.said = _place_at(voice, frame, rate)
        return frame
    if missing == 0:
        midi.said = here
        return begin
    midi.twice = max(-missing, ROUNDED)
    return begin - (frames_due(voice, missing, rate) + 1 if missing > 0 else 0)


@native
def play(midi: Any, voice: Any, frame: int, frames: int, late: int, rate: int, at: int) -> None:
    """What the loop says from transport frame `frame - late` to `frame + frames`; `frame` is `at` frames
    into the block, and what is late is said there."""
    if midi.buffer == 0 or voice.num_events == 0 or frames == 0:
        return
    events, end = _events(voice), frame + frames
    begin = _follow_on(midi, voice, frame - late, rate, frame, at)
    index, said = turn_index(voice, begin), midi.said
    while begin < end:
        start, following = turn_start(voice, index), turn_start(voice, index + 1)
        place = _first_from(events, first_due(voice, begin - start, rate))
        # Where a turn is rounded to a frame less than the longest, the last events crowd into its last frame.
        stop = len(events)
        if end < following:
            stop = _first_from(events, first_due(voice, end - start, rate))
        while place < stop:
            if not -midi.twice <= _ring(events[place].sample - said, voice) < 0:
                due = start + frames_due(voice, events[place].sample, rate)
                _say_event(midi, events[place], at + max(0, min(due, following - 1) - frame))
            place += 1
        begin, index = following, index + 1
    midi.said, midi.said_of = _place_at(voice, end, rate), voice.events


@native
def take_over(midi: Any, voice: Any, frame: int, rate: int, at: int) -> None:
    """From transport frame `frame` on the loop speaks: what came before it ends, and it says what somebody
    must know who comes in here."""
    if midi.buffer == 0:
        return
    hush(midi, at)
    midi.open, midi.said_of = 1, 0
    if voice.num_events == 0:
        return
    events = _events(voice)
    here = _place_at(voice, frame, rate)
    place = 0
    while place < len(events) and events[place].sample < 0:
        _say_event(midi, events[place], at)
        place += 1
    _say_controllers(midi, events, here, at)
    for place in range(len(events)):
        event = events[place]
        if event.kind == NOTE and event.gate > 0:
            since = (here - event.sample) % voice.loop_samples
            if since > 0 and event.gate - since >= WORTH_TAKING_UP:
                _say_event(midi, event, at)


@native
def _say_controllers(midi: Any, events: Any, here: int, at: int) -> None:
    """The last message of each kind before sample `here`, the loop taken as a ring."""
    before = _first_from(events, here)
    for kind in range(BEND, NUM_KINDS):
        for back in range(1, len(events) + 1):
            event = events[(before - back) % len(events)]
            if event.kind == kind:
                _say_event(midi, event, at)
                break


@native
def speak(
    voices: Any, midi: Any, frame: int, frames: int, smooth: bool, late: int, rate: int, at: int
) -> None:
    """Frames that roll, `at` frames into the block, with a swap among them. `late`: frames just before it
    whose blocks were missed."""
    if midi.buffer == 0:
        return
    active, waiting = voices[ACTIVE], voices[WAITING]
    old = frames_before_swap(voices, frame, frames, smooth)
    joins = smooth and midi.open != 0 and late <= MOST_LATE_FRAMES
    if joins:
        play(midi, active, frame, old, late, rate, at)
    elif old > 0:
        take_over(midi, active, frame, rate, at)
        play(midi, active, frame, old, 0, rate, at)
    if old == frames:
        return
    # The same words over other audio (the model's bars in the preview's place) go on as they were, and so do
    # the same notes at another tempo.
    if waiting.generation != 0:
        if waiting.events_before == active.events and midi.said_of == active.events and active.num_events > 0:
            midi.said = midi.said * waiting.loop_samples // active.loop_samples
            midi.said_of = waiting.events
        elif waiting.events != active.events:
            joins = False
        active = waiting
    if not joins:
        take_over(midi, active, frame + old, rate, at + old)
    play(midi, active, frame + old, frames - old, 0, rate, at + old)


# --- a block --------------------------------------------------------------------------------------


@native
def begin_block(midi: Any, get_buffer: int, clear_buffer: int, wanted: int, frames: int) -> None:
    """Empty the port. One that is not `wanted` any more says its last."""
    midi.buffer = 0
    if midi.port == 0:
        return
    midi.buffer = call_get_buffer(get_buffer, midi.port, frames)
    call_clear_buffer(clear_buffer, midi.buffer)
    if not wanted:
        rest(midi)
        midi.buffer = 0


@native
def rest(midi: Any) -> None:
    """Once the music has stopped: an end to everything, also for synths that miss the end of a note."""
    if midi.buffer == 0 or midi.open == 0:
        return
    hush(midi, 0)
    _say(midi, 0, CONTROL | midi.channel, ALL_NOTES_OFF, 0)
    midi.open = 0
