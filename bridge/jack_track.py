"""One track in the JACK callback: the loop that plays, the one that waits, and the crossfade between.

A rolling block, with a swap inside it:

    frame                  waiting.frame                 frame + block
    |--- active (old) -----|--- active (new), crossfaded from `fading` (old) where that clicks ---|

`bridge.player` says what is to be heard, `bridge.timeline` where loops lie.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bridge.jack_exchange import copy_voice, frames_before_swap
from bridge.jack_layout import ACTIVE, BEFORE, FADING, WAITING
from bridge.jack_reading import read
from bridge.jack_turns import aim, is_aimed
from bridge.native import native
from bridge.player import DECLICK_THRESHOLD, FADE_FRAMES

_SILENCE, _ONE = np.float32(0.0), np.float32(1.0)
_STEP = np.float32(DECLICK_THRESHOLD)
_FADE_SLOPE = np.float32(1.0 / FADE_FRAMES)


# --- from one loop to another ----------------------------------------------------------------------


@native
def _clicks(old: Any, new: Any, frame: int, kernel: Any, scratch: Any) -> bool:
    """Whether going from one loop to the other at `frame` is a step of -60 dBFS or more."""
    read(old, frame, kernel, scratch[0, :1], scratch[1, :1])
    read(new, frame, kernel, scratch[0, 1:2], scratch[1, 1:2])
    return abs(scratch[0, 1] - scratch[0, 0]) >= _STEP or abs(scratch[1, 1] - scratch[1, 0]) >= _STEP


@native
def _change(voices: Any, fade: Any, old: int, frame: int, smooth: bool, kernel: Any, scratch: Any) -> bool:
    """The active loop has come in the place of `voices[old]`, which fades out under it if that would click;
    whether it would."""
    clicks = smooth and _clicks(voices[old], voices[ACTIVE], frame, kernel, scratch)
    if clicks:
        copy_voice(voices[FADING], voices[old])
        fade[0] = 0
    return clicks


@native
def lay(
    voices: Any, fade: Any, mark: Any, frame: int, smooth: bool, rate: int, kernel: Any, scratch: Any
) -> None:
    """From `frame` on the loops lie by this mark. Where the music goes on from where it is nothing happens
    to a crossfade that is under way; where it jumps it is crossfaded itself."""
    active, waiting = voices[ACTIVE], voices[WAITING]
    if waiting.generation != 0 and not is_aimed(waiting, mark):
        aim(waiting, mark, rate)
    if is_aimed(active, mark):
        return
    copy_voice(voices[BEFORE], active)
    aim(active, mark, rate)
    if voices[BEFORE].turn != 0:
        _change(voices, fade, BEFORE, frame, smooth, kernel, scratch)


@native
def _take_over(voices: Any, fade: Any, frame: int, smooth: bool, kernel: Any, scratch: Any) -> None:
    """The waiting loop becomes the active one."""
    copy_voice(voices[BEFORE], voices[ACTIVE])
    copy_voice(voices[ACTIVE], voices[WAITING])
    voices[WAITING].generation = 0
    if not _change(voices, fade, BEFORE, frame, smooth, kernel, scratch):
        _end_fade(voices, fade)


@native
def _end_fade(voices: Any, fade: Any) -> None:
    voices[FADING].generation = 0
    fade[0] = FADE_FRAMES


@native
def _render(voices: Any, fade: Any, frame: int, left: Any, right: Any, kernel: Any, scratch: Any) -> None:
    """The active loop from `frame` on, crossfaded from the fading one while that lasts."""
    read(voices[ACTIVE], frame, kernel, left, right)
    run = min(len(left), FADE_FRAMES - fade[0])
    if run <= 0:
        return
    read(voices[FADING], frame, kernel, scratch[0, :run], scratch[1, :run])
    for i in range(run):
        weight = np.float32(fade[0] + i) * _FADE_SLOPE
        left[i] = scratch[0, i] + weight * (left[i] - scratch[0, i])
        right[i] = scratch[1, i] + weight * (right[i] - scratch[1, i])
    fade[0] += run
    if fade[0] == FADE_FRAMES:
        _end_fade(voices, fade)


# --- a block, or a part of it ----------------------------------------------------------------------


@native
def roll(
    voices: Any, fade: Any, frame: int, smooth: bool, left: Any, right: Any, kernel: Any, scratch: Any
) -> None:
    """Frames that roll. Not `smooth`: the transport has just started or jumped, and all that waits is due."""
    waiting = voices[WAITING]
    old = frames_before_swap(voices, frame, len(left), smooth)
    if not smooth:
        _end_fade(voices, fade)
    if old > 0:
        _render(voices, fade, frame, left[:old], right[:old], kernel, scratch)
    if old < len(left):
        if waiting.generation != 0:
            _take_over(voices, fade, frame + old, smooth, kernel, scratch)
        _render(voices, fade, frame + old, left[old:], right[old:], kernel, scratch)


@native
def rest(
    voices: Any, fade: Any, frame: int, stop_fade: int, left: Any, right: Any, kernel: Any, scratch: Any
) -> None:
    """A block at rest: what is left of the fade after a stop, then silence, and all that waits is due."""
    run = min(len(left), stop_fade)
    if run > 0:
        _render(voices, fade, frame, left[:run], right[:run], kernel, scratch)
        for i in range(run):
            weight = np.float32(stop_fade - i) * _FADE_SLOPE
            left[i] *= weight
            right[i] *= weight
    left[run:] = _SILENCE
    right[run:] = _SILENCE
    if run == stop_fade:
        _end_fade(voices, fade)
        if voices[WAITING].generation != 0:
            _take_over(voices, fade, frame, False, kernel, scratch)


@native
def amplify(out: Any, now: Any, target: Any) -> None:
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
