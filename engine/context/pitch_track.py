"""The pitch of a single voice, moment by moment: YIN with a path through its candidates.

Difference function and cumulative mean as in A. de Cheveigné and H. Kawahara, "YIN, a fundamental
frequency estimator for speech and music" (2002); several dips of it a moment are kept and the smoothest
path through them found by dynamic programming, as in M. Mauch and S. Dixon, "pYIN" (2014).

    hop      0     1     2     3          every hop is 256 samples at 44.1 kHz, as in rhythm.py
    dips     o-----o     o     o
                    \\    .--o--o
              .   o   o-'    .
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.context.rhythm import HOP
from engine.units import STEM_SAMPLE_RATE

FRAMES_AT_ONCE = 512
LEVEL_REACH = 768  # samples on both sides: a period of 30 Hz fits in
CANDIDATES = 6
NO_DIP = 10.0  # cost of a candidate that is not there
UNVOICED_COST = 0.55  # aperiodicity above which a moment has no pitch
SHORTER_LAG_BIAS = 0.025  # an octave: a period fits as well twice, and the shorter one is meant
JUMP_COST = 0.06  # an octave of pitch between two moments
VOICING_COST = 0.12


@dataclass(frozen=True)
class Hearing:
    """How a voice is listened to: its range, and how slow its samples may be."""

    low_hz: float
    high_hz: float
    decimation: int


HEARINGS = {"bass": Hearing(30.0, 420.0, 4), "melody": Hearing(75.0, 2300.0, 1)}


def pitch_track(mono: NDArray[np.float32], hearing: Hearing) -> tuple[NDArray, NDArray, NDArray]:
    """(MIDI pitch or NaN, aperiodicity 0..1, level) of every hop: three of [hop]."""
    from scipy.signal import resample_poly

    slow = resample_poly(mono, 1, hearing.decimation).astype(np.float32) if hearing.decimation > 1 else mono
    rate = STEM_SAMPLE_RATE / hearing.decimation
    longest = int(np.ceil(rate / hearing.low_hz)) + 1
    shortest = max(3, int(rate / hearing.high_hz))
    width = int(1.5 * longest)
    hop = HOP // hearing.decimation
    hops = len(mono) // HOP + 1
    # A filter that closes drags the phase of the fundamental and flattens it, of the partials less: with
    # the highs lifted (6 dB an octave) short plucked basses keep their semitone.
    bright = np.diff(slow, prepend=slow[:1])
    padded = np.pad(bright, ((width + longest) // 2, width + longest + hop))
    windows = np.lib.stride_tricks.sliding_window_view(padded, width + longest)[::hop][:hops]
    lags, costs = [], []
    for first in range(0, hops, FRAMES_AT_ONCE):
        block = windows[first : first + FRAMES_AT_ONCE]
        dips = _cumulative(_difference(block, width, longest))
        lag, cost = _candidates(dips, shortest, longest)
        lags.append(lag)
        costs.append(cost)
    level = _levels(mono, hops)
    lag, cost = np.concatenate(lags), np.concatenate(costs)
    pitch = 69.0 + 12.0 * np.log2(rate / lag / 440.0)
    chosen = _path(pitch, cost)
    inside = np.arange(len(chosen))
    voiced = chosen < CANDIDATES
    place = np.minimum(chosen, CANDIDATES - 1)
    found = np.where(voiced, pitch[inside, place], np.nan)
    return found, np.where(voiced, cost[inside, place], 1.0), level


def _levels(mono: NDArray[np.float32], hops: int) -> NDArray[np.float64]:
    """[hop] root mean square of the 35 ms around each hop."""
    energy = np.cumsum(np.pad(mono.astype(np.float64) ** 2, (1, 0)))
    centres = np.arange(hops) * HOP
    low = np.clip(centres - LEVEL_REACH, 0, len(mono))
    high = np.clip(centres + LEVEL_REACH, 0, len(mono))
    return np.sqrt(np.maximum(energy[high] - energy[low], 0.0) / (2.0 * LEVEL_REACH))


def _difference(block: NDArray[np.float32], width: int, longest: int) -> NDArray[np.float32]:
    """[hop, lag] sum of squared differences between the window and itself a lag later."""
    from scipy.fft import irfft, next_fast_len, rfft

    size = next_fast_len(block.shape[1])
    spectrum = rfft(block, size, axis=1)
    start = rfft(block[:, :width], size, axis=1)
    likeness = irfft(spectrum * start.conj(), size, axis=1)[:, :longest]
    energy = np.cumsum(np.pad(block.astype(np.float64) ** 2, ((0, 0), (1, 0))), axis=1)
    shifted = energy[:, width : width + longest] - energy[:, :longest]
    return np.maximum(shifted[:, :1] + shifted - 2.0 * likeness, 0.0).astype(np.float32)


def _cumulative(difference: NDArray[np.float32]) -> NDArray[np.float32]:
    """YIN's d': the difference over its own mean at shorter lags, 1 at lag 0."""
    lags = np.arange(1, difference.shape[1])
    means = np.cumsum(difference[:, 1:], axis=1) / lags
    return np.pad(difference[:, 1:] / np.maximum(means, 1e-9), ((0, 0), (1, 0)), constant_values=1.0).astype(
        np.float32
    )


def _candidates(dips: NDArray[np.float32], shortest: int, longest: int) -> tuple[NDArray, NDArray]:
    """(lag, cost) of the deepest dips, [hop, candidate] each."""
    left, here, right = (dips[:, shortest + shift : longest - 1 + shift] for shift in (-1, 0, 1))
    lags = np.arange(shortest, longest - 1)
    bias = SHORTER_LAG_BIAS * np.log2(lags / shortest)
    cost = np.where((here < left) & (here <= right), here + bias, NO_DIP)
    best = np.argpartition(cost, CANDIDATES, axis=1)[:, :CANDIDATES]
    rows = np.arange(len(dips))[:, None]
    a, b, c = left[rows, best], here[rows, best], right[rows, best]
    curve = a - 2 * b + c
    top = np.where(curve > 1e-9, np.clip(0.5 * (a - c) / np.maximum(curve, 1e-9), -0.5, 0.5), 0.0)
    return lags[best] + top, cost[rows, best]


def _path(pitch: NDArray[np.float64], cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """[hop] the candidate on the cheapest path; CANDIDATES where there is no pitch."""
    hops = len(pitch)
    total = np.append(cost[0], UNVOICED_COST)
    back = np.zeros((hops, CANDIDATES + 1), np.int64)
    step = np.full((CANDIDATES + 1, CANDIDATES + 1), VOICING_COST)
    step[-1, -1] = 0.0
    for hop in range(1, hops):
        apart = np.abs(pitch[hop - 1][:, None] - pitch[hop][None]) / 12.0
        step[:-1, :-1] = JUMP_COST * np.minimum(apart * 4.0, 1.0 + apart)
        ways = total[:, None] + step
        back[hop] = ways.argmin(axis=0)
        total = ways.min(axis=0) + np.append(cost[hop], UNVOICED_COST)
    chosen = np.zeros(hops, np.int64)
    chosen[-1] = int(total.argmin())
    for hop in range(hops - 1, 0, -1):
        chosen[hop - 1] = back[hop, chosen[hop]]
    return chosen
