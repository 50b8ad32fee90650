r"""Slow signals of a note, one value a block of 16 samples (0.36 ms): pitch, level, cutoff.

pitch   ___/```      semitones, glide and vibrato
level   /\____\_     ADSR, one value more than blocks: the voice interpolates between them
cutoff  /\______     Hz, filter envelope, key tracking, the score's curve, a slow LFO
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.units import STEM_SAMPLE_RATE

BLOCK = 16
BLOCK_SECONDS = BLOCK / STEM_SAMPLE_RATE
LN_1000 = 6.907755278982137  # a decay to -60 dB
VIBRATO_FADE_S = 0.35


@njit(cache=True, nogil=True)
def pitch_control(
    num_blocks: int,
    starts: NDArray[np.int64],
    pitches: NDArray[np.float64],
    glides_s: NDArray[np.float64],
    from_pitch: float,
    bend_semitones: float,
    bend_s: float,
    vibrato_semitones: float,
    vibrato_hz: float,
) -> Any:
    """Pitch in semitones: [num_blocks]. It starts at `from_pitch` and glides to each target in turn.

    starts: [G] samples from the start of the gesture; pitches, glides_s: [G]. Over that lies a bend that
    is over (to -60 dB) after `bend_s`, and a vibrato that fades in as on a real lead.
    """
    track = np.empty(num_blocks, dtype=np.float64)
    keep = math.exp(-BLOCK_SECONDS / max(glides_s[0] / 3.0, 1e-4))
    pitch = from_pitch
    bend = bend_semitones
    bend_keep = math.exp(-LN_1000 * BLOCK_SECONDS / bend_s)
    target = 0
    for block in range(num_blocks):
        while target + 1 < len(starts) and starts[target + 1] <= block * BLOCK:
            target += 1
            keep = math.exp(-BLOCK_SECONDS / max(glides_s[target] / 3.0, 1e-4))
        pitch = pitches[target] + (pitch - pitches[target]) * keep
        seconds = block * BLOCK_SECONDS
        depth = vibrato_semitones * min(1.0, seconds / VIBRATO_FADE_S)
        track[block] = pitch + bend + depth * math.sin(2.0 * math.pi * vibrato_hz * seconds)
        bend *= bend_keep
    return track


@njit(cache=True, nogil=True)
def level_control(
    num_blocks: int, gate_s: float, attack_s: float, decay_s: float, sustain: float, release_s: float
) -> Any:
    """ADSR level, exactly 0 at both ends: [num_blocks + 1]. Decay and release times are to -60 dB."""
    track = np.empty(num_blocks + 1, dtype=np.float64)
    for block in range(num_blocks + 1):
        seconds = block * BLOCK_SECONDS
        held_s = min(seconds, gate_s)
        if held_s < attack_s:
            level = held_s / attack_s
        else:
            level = sustain + (1.0 - sustain) * math.exp(-LN_1000 * (held_s - attack_s) / decay_s)
        if seconds > gate_s:
            released = (seconds - gate_s) / release_s
            level *= math.exp(-LN_1000 * released) * max(0.0, 1.0 - released)
        track[block] = level
    track[num_blocks] = 0.0
    return track


@njit(cache=True, nogil=True)
def cutoff_control(
    pitch: NDArray[np.float64],
    base_hz: float,
    key_tracking: float,
    envelope_octaves: float,
    envelope_attack_s: float,
    envelope_decay_s: float,
    start: int,
    curve_octaves: NDArray[np.float64],
    lfo_octaves: float,
    lfo_cycles: float,
) -> Any:
    """Filter cutoff in Hz: [len(pitch)].

    curve_octaves: the score's curves over the whole loop, one value a block; the LFO too belongs to
    the loop (`lfo_cycles` whole cycles of it), so that it is the same each time round.
    """
    track = np.empty(len(pitch), dtype=np.float64)
    loop_blocks = len(curve_octaves)
    first = start // BLOCK
    for block in range(len(pitch)):
        seconds = block * BLOCK_SECONDS
        if seconds < envelope_attack_s:
            envelope = seconds / envelope_attack_s
        else:
            envelope = math.exp(-LN_1000 * (seconds - envelope_attack_s) / envelope_decay_s)
        at = (first + block) % loop_blocks
        octaves = envelope_octaves * envelope + key_tracking * (pitch[block] - 60.0) / 12.0
        octaves += curve_octaves[at] + lfo_octaves * math.sin(2.0 * math.pi * lfo_cycles * at / loop_blocks)
        track[block] = min(max(base_hz * 2.0**octaves, 25.0), 18_000.0)
    return track
