"""Rooms and echoes on a ring: what rings past the end is found at the start."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.audio.biquad import high_pass
from engine.audio.processors.registry import Apply, Processor
from engine.audio.processors.ring import filtered
from engine.units import STEM_SAMPLE_RATE, beats_to_samples, ms_to_samples

PART_SAMPLES = 1 << 18  # of a transform: it stays in the second cache
ECHO_BEATS = 0.75
ECHO_FLOOR = 1e-4  # softer repeats of what was before the loop's first sample are left out
ROOM_SEED = 1  # a room is the same room for every track


@cache
def impulse(seconds: float, gap_ms: float, bright_s: float) -> NDArray[np.float32]:
    """A room's answer: noise that falls by 60 dB in `seconds`, its highs in `bright_s`; energy 1: [M, C=2].

    Without its low end, which stays dry: a kick stays in the centre.
    """
    gap, length = ms_to_samples(gap_ms), round(seconds * STEM_SAMPLE_RATE)
    bright = np.random.default_rng(ROOM_SEED).standard_normal((length, 2))
    dark = bright.copy()
    for step in (1, 1, 2, 2, 4):
        dark[step:] = 0.5 * (dark[step:] + dark[:-step])
    time_s = np.arange(length)[:, None] / STEM_SAMPLE_RATE
    dark_fall, bright_fall = 10.0 ** (-3.0 * time_s / seconds), 10.0 ** (-3.0 * time_s / bright_s)
    answer = dark * dark_fall + (bright - dark) * bright_fall
    whole = np.concatenate([np.zeros((gap, 2)), answer, np.zeros((2205, 2))]).astype(np.float32)
    whole = filtered(whole, high_pass(200.0))
    return np.asarray(whole / np.sqrt(np.square(whole).sum() / 2.0), dtype=np.float32)


def in_room(seconds: float, gap_ms: float, bright_s: float, level: float) -> Apply:
    def apply(audio: NDArray[np.float32], amount: float, tempo_bpm: float, seed: int) -> NDArray[np.float32]:
        spectrum, tail = transfer(seconds, gap_ms, bright_s)
        return audio + np.float32(level * amount) * convolved(audio, spectrum, tail)

    return apply


@cache
def transfer(seconds: float, gap_ms: float, bright_s: float) -> tuple[NDArray[np.complex64], int]:
    """The spectrum of a room's answer, [C=2, bins], and how many samples it is long beyond the first."""
    from scipy.fft import rfft

    answer = impulse(seconds, gap_ms, bright_s)
    size = max(PART_SAMPLES, 1 << (2 * len(answer)).bit_length())
    return np.asarray(rfft(np.ascontiguousarray(answer.T), size)), len(answer) - 1


def convolved(audio: NDArray[np.float32], spectrum: NDArray[np.complex64], tail: int) -> NDArray[np.float32]:
    """Each side with its answer, the tail folded back to the start round by round: [N, C=2].

    Part by part, each tail added over the next: short transforms, and the answer's is done once.
    """
    from scipy.fft import irfft, rfft

    num_samples, size = len(audio), 2 * (spectrum.shape[1] - 1)
    rounds = -(-(num_samples + tail) // num_samples)
    whole = np.zeros((2, rounds * num_samples), dtype=np.float32)
    for first in range(0, num_samples, size - tail):
        part = np.ascontiguousarray(audio[first : first + size - tail].T)
        made = rfft(part, size)
        made *= spectrum
        count = part.shape[1] + tail
        whole[:, first : first + count] += irfft(made, size, overwrite_x=True)[:, :count]
    return np.ascontiguousarray(whole.reshape(2, rounds, num_samples).sum(axis=1).T)


def echo(audio: NDArray[np.float32], amount: float, tempo_bpm: float, seed: int) -> NDArray[np.float32]:
    """Dotted eighths from side to side; each repeat loses lows and highs."""
    feedback = 0.3 + 0.4 * amount
    delay = beats_to_samples(ECHO_BEATS, tempo_bpm)
    repeats = math.ceil(math.log(ECHO_FLOOR) / math.log(feedback))
    return np.asarray(echoed(audio, delay, feedback, 0.7 * amount, delay * repeats))


@njit(cache=True, nogil=True, fastmath=True)
def echoed(loop: NDArray[np.float32], delay: int, feedback: float, wet: float, swing_in: int) -> Any:
    """The loop and its echo.

    in -> left -> right -> left -> ...    each arrow `delay` long, through a low-pass and a high-pass
    """
    num_samples = loop.shape[0]
    out = np.empty_like(loop)
    ring = np.zeros((delay, 2), dtype=np.float32)
    top, rumble = np.zeros(2), np.zeros(2)
    close = 1.0 - math.exp(-2.0 * math.pi * 4500.0 / STEM_SAMPLE_RATE)
    slow = 1.0 - math.exp(-2.0 * math.pi * 200.0 / STEM_SAMPLE_RATE)
    at = 0
    n = (-swing_in) % num_samples
    for m in range(-swing_in, num_samples):
        for c in range(2):
            top[c] += close * (ring[at, c] - top[c])
            rumble[c] += slow * (top[c] - rumble[c])
        left, right = top[0] - rumble[0], top[1] - rumble[1]
        ring[at, 0] = 0.5 * (loop[n, 0] + loop[n, 1]) + feedback * right
        ring[at, 1] = feedback * left
        if m >= 0:
            out[n, 0] = loop[n, 0] + wet * left
            out[n, 1] = loop[n, 1] + wet * right
        at += 1
        if at == delay:
            at = 0
        n += 1
        if n == num_samples:
            n = 0
    return out


PROCESSORS = (
    Processor("echo", echo, "dotted eighths from side to side"),
    Processor("room", in_room(0.5, 4.0, 0.22, 0.9), "a small live room"),
    Processor("hall", in_room(2.6, 22.0, 0.8, 0.8), "a concert hall"),
)
