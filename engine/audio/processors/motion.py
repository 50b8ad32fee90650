"""Slow movement: chorus, phaser, tremolo, width. Every movement ends with the loop where it began."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.audio.biquad import high_pass
from engine.audio.limiter import apply
from engine.audio.processors.registry import Processor
from engine.audio.processors.ring import (
    BLOCK,
    filtered,
    num_beats,
    read_moved,
    slow_sine,
    whole_cycles,
)
from engine.audio.true_peak import BLOCK as GAIN_BLOCK
from engine.units import STEM_SAMPLE_RATE, ms_to_samples

NUM_STAGES = 6
SWING_IN_SAMPLES = STEM_SAMPLE_RATE // 10  # feedback and delays have died away by then
SCATTER_SAMPLES = np.array([113, 337], dtype=np.int64)
RING = 512


def chorus(audio: NDArray[np.float32], amount: float, tempo_bpm: float, seed: int) -> NDArray[np.float32]:
    """Two voices a side, 7 to 17 ms behind, that drift against each other."""
    num_samples, wet = len(audio), np.zeros_like(audio)
    for hz, base_ms, turn in ((0.45, 9.0, 0.0), (0.71, 15.0, 0.35)):
        cycles = whole_cycles(hz, num_samples)
        base, depth = -ms_to_samples(base_ms), ms_to_samples(0.8 + 1.6 * amount)
        left = base + depth * slow_sine(num_samples, cycles, turn)
        right = base + depth * slow_sine(num_samples, cycles, turn + 0.5)
        wet += read_moved(audio, left.astype(np.float32), right.astype(np.float32))
    share = 0.7 * amount
    return np.asarray((audio + np.float32(share) * wet) / np.float32(math.sqrt(1.0 + 2.0 * share * share)))


def phaser(audio: NDArray[np.float32], amount: float, tempo_bpm: float, seed: int) -> NDArray[np.float32]:
    """Six all-passes that sweep 250 Hz to 4 kHz, about once in two bars."""
    cycles = max(1, round(num_beats(len(audio), tempo_bpm) / 8.0))
    octaves = slow_sine(len(audio), cycles, 0.75)
    tangents = np.tan(np.pi * 1000.0 * 2.0 ** (2.0 * octaves) / STEM_SAMPLE_RATE)
    return np.asarray(swept(audio, ((tangents - 1.0) / (tangents + 1.0)).astype(np.float32), amount))


@njit(cache=True, nogil=True, fastmath=True)
def swept(loop: NDArray[np.float32], coefficients: NDArray[np.float32], amount: float) -> Any:
    """The loop and the loop through NUM_STAGES first-order all-passes, one coefficient a BLOCK."""
    num_samples = loop.shape[0]
    out = np.empty_like(loop)
    back, wet = np.float32(0.55 * amount), np.float32(0.5 * amount)
    state = np.zeros((NUM_STAGES, 2), dtype=np.float32)
    last_l = last_r = np.float32(0.0)
    n = (-SWING_IN_SAMPLES) % num_samples
    for m in range(-SWING_IN_SAMPLES, num_samples):
        a = coefficients[n // BLOCK]
        left, right = loop[n, 0] - back * last_l, loop[n, 1] - back * last_r
        for k in range(NUM_STAGES):
            out_l, out_r = a * left + state[k, 0], a * right + state[k, 1]
            state[k, 0], state[k, 1] = left - a * out_l, right - a * out_r
            left, right = out_l, out_r
        last_l, last_r = left, right
        if m >= 0:
            out[n, 0] = loop[n, 0] + wet * (left - loop[n, 0])
            out[n, 1] = loop[n, 1] + wet * (right - loop[n, 1])
        n += 1
        if n == num_samples:
            n = 0
    return out


def tremolo(audio: NDArray[np.float32], amount: float, tempo_bpm: float, seed: int) -> NDArray[np.float32]:
    """The level swings in eighths, highest on the beat."""
    cycles = max(1, round(2.0 * num_beats(len(audio), tempo_bpm)))
    turns = cycles * np.arange(0, len(audio), GAIN_BLOCK) / len(audio)
    out = audio.copy()
    apply(out, 1.0 - 0.5 * amount * (1.0 - np.cos(2.0 * np.pi * turns)), 1.0)
    return out


def widen(audio: NDArray[np.float32], amount: float, tempo_bpm: float, seed: int) -> NDArray[np.float32]:
    """More of what differs between the sides, and a scattered copy of what does not, from 250 Hz on.

    The sum of both sides is left as it is: nothing is lost in mono.
    """
    high = filtered(audio, high_pass(250.0))
    return np.asarray(scattered(audio, high, 0.8 * amount, 0.45 * amount))


@njit(cache=True, nogil=True, fastmath=True)
def scattered(loop: NDArray[np.float32], high: NDArray[np.float32], side: float, mid: float) -> Any:
    """The loop, and on its sides its high side and its high mid after two all-pass delays (Schroeder)."""
    num_samples = loop.shape[0]
    out = np.empty_like(loop)
    ring = np.zeros((2, RING), dtype=np.float32)
    more, copy = np.float32(0.5 * side), np.float32(0.5 * mid)
    spread = np.float32(0.6)
    n = (-SWING_IN_SAMPLES) % num_samples
    for m in range(-SWING_IN_SAMPLES, num_samples):
        x = high[n, 0] + high[n, 1]
        for stage in range(2):
            old = ring[stage, (m - SCATTER_SAMPLES[stage]) & (RING - 1)]
            fresh = x - spread * old
            ring[stage, m & (RING - 1)] = fresh
            x = old + spread * fresh
        if m >= 0:
            away = more * (high[n, 0] - high[n, 1]) + copy * x
            out[n, 0] = loop[n, 0] + away
            out[n, 1] = loop[n, 1] - away
        n += 1
        if n == num_samples:
            n = 0
    return out


PROCESSORS = (
    Processor("chorus", chorus, "four drifting copies"),
    Processor("phaser", phaser, "six stages, one sweep in two bars"),
    Processor("tremolo", tremolo, "swells in eighths"),
    Processor("widen", widen, "wider above 250 Hz, the same in mono"),
)
