"""Effects on a whole loop, [N, C=2] in and out, that close over its seam.

An effect with memory runs over the end of the loop before it starts to write:

    n      -preroll ........ 0 ................ N - 1
    reads  loop[n mod N]     loop[n]
    writes nothing           out[n]

so the tail of the last note is already in its delay lines when the first sample is made.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.instruments.control import BLOCK, LN_1000
from engine.instruments.filters import svf_gains, svf_step
from engine.units import STEM_SAMPLE_RATE

# The reverb's eight lines at size 1: primes from 30 to 75 ms, so that echoes never fall together.
REVERB_LINES = np.array([1327, 1511, 1741, 1973, 2237, 2557, 2879, 3301], dtype=np.int64)
REVERB_RING = 4096
DIFFUSER_SAMPLES = np.array([113, 337], dtype=np.int64)
DIFFUSER_RING = 512
DIFFUSION = 0.6
SQUEEZE_S = 0.15
SQUEEZE_AHEAD = 441  # 10 ms
DUCK_SAMPLES = 132  # 3 ms: shorter than a kick's attack is long, longer than a click
SEND_LOW_CUT_HZ = 220.0  # the low end stays dry: a kick stays in the centre


@njit(cache=True, nogil=True, fastmath=True)
def squeeze_loop(loop: NDArray[np.float32], threshold: float, share: float) -> None:
    """Peaks above the threshold lose `share` of their decibels over it, in place, both sides alike.

    The gain is there before the peak is: it follows the level `SQUEEZE_AHEAD` samples further on, round
    the seam, at once upwards and within `SQUEEZE_S` downwards, smoothed over a third of that way.
    """
    num_samples = loop.shape[0]
    fall = math.exp(-1.0 / (SQUEEZE_S * STEM_SAMPLE_RATE))
    rise = fall**-share  # of the gain aimed at, while the level falls: powers are taken at new peaks only
    smooth = 3.0 / SQUEEZE_AHEAD
    head = loop[:SQUEEZE_AHEAD].copy()
    follow = 0.0
    aim = 1.0
    gain = 1.0
    first = -min(num_samples, STEM_SAMPLE_RATE // 2)
    ahead = (first + SQUEEZE_AHEAD) % num_samples
    for m in range(first, num_samples):
        heard = head if m >= 0 and m + SQUEEZE_AHEAD >= num_samples and ahead < len(head) else loop
        peak = max(abs(heard[ahead, 0]), abs(heard[ahead, 1]))
        follow *= fall
        aim = min(1.0, aim * rise)
        if peak > follow:
            follow = peak
            aim = (threshold / peak) ** share if peak > threshold else 1.0
        gain += smooth * (aim - gain)
        if m >= 0:
            loop[m, 0] *= np.float32(gain)
            loop[m, 1] *= np.float32(gain)
        ahead += 1
        if ahead == num_samples:
            ahead = 0


@njit(cache=True, nogil=True, fastmath=True)
def chorus_loop(loop: NDArray[np.float32], cycles: float, depth_ms: float, mix: float) -> Any:
    """One tap a side, moved by an LFO of whole `cycles` per loop, read from the loop itself as a ring.

    Its longest delay, 15 ms, is shorter than the shortest loop (a 1/16 at 240 bpm: 62 ms).
    """
    num_samples = loop.shape[0]
    out = np.empty_like(loop)
    base = 0.012 * STEM_SAMPLE_RATE
    depth = depth_ms * 0.001 * STEM_SAMPLE_RATE
    dry = 1.0 / math.sqrt(1.0 + mix * mix)
    wet = mix * dry
    turn = 2.0 * math.pi * cycles / num_samples
    for first in range(0, num_samples, BLOCK):
        count = min(BLOCK, num_samples - first)
        for c in range(2):
            start = base + depth * math.sin(turn * first + c * 0.5 * math.pi)
            end = base + depth * math.sin(turn * (first + count) + c * 0.5 * math.pi)
            slope = (end - start) / count
            delay = start
            for i in range(count):
                n = first + i
                whole = int(delay)
                fraction = delay - whole
                at = n - whole
                if at < 0:
                    at += num_samples
                before = at - 1 if at > 0 else num_samples - 1
                x = loop[at, c] * (1.0 - fraction) + loop[before, c] * fraction
                out[n, c] = dry * loop[n, c] + wet * x
                delay += slope
    return out


@njit(cache=True, nogil=True, fastmath=True)
def tremolo_loop(loop: NDArray[np.float32], cycles: float, depth: float) -> None:
    """The level sways in place, whole `cycles` a loop, between full and 1 - depth."""
    num_samples = loop.shape[0]
    turn = 2.0 * math.pi * cycles / num_samples
    c, s = math.cos(turn), math.sin(turn)
    x, y = 1.0, 0.0
    for n in range(num_samples):
        gain = np.float32(1.0 - 0.5 * depth * (1.0 - x))
        loop[n, 0] *= gain
        loop[n, 1] *= gain
        x, y = c * x - s * y, s * x + c * y


@njit(cache=True, nogil=True, fastmath=True)
def delay_loop(
    loop: NDArray[np.float32], delay_samples: int, feedback: float, mix: float, preroll: int
) -> Any:
    """A ping-pong echo: each repeat changes sides and loses its highest and lowest octaves."""
    num_samples = loop.shape[0]
    out = np.empty_like(loop)
    ring = np.zeros((delay_samples, 2), dtype=np.float32)
    low_l = low_r = rumble_l = rumble_r = 0.0
    at = 0
    n = (-preroll) % num_samples
    for m in range(-preroll, num_samples):
        echo_l = ring[at, 0]
        echo_r = ring[at, 1]
        low_l += 0.45 * (echo_l - low_l)
        low_r += 0.45 * (echo_r - low_r)
        rumble_l += 0.03 * (low_l - rumble_l)
        rumble_r += 0.03 * (low_r - rumble_r)
        ring[at, 0] = loop[n, 0] + feedback * (low_r - rumble_r)
        ring[at, 1] = feedback * (low_l - rumble_l) + 0.3 * loop[n, 1]
        if m >= 0:
            out[m, 0] = loop[m, 0] + mix * (low_l - rumble_l)
            out[m, 1] = loop[m, 1] + mix * (low_r - rumble_r)
        at += 1
        if at == delay_samples:
            at = 0
        n += 1
        if n == num_samples:
            n = 0
    return out


@njit(cache=True, nogil=True, fastmath=True)
def reverb_loop(
    loop: NDArray[np.float32], decay_s: float, size: float, damping: float, mix: float, preroll: int
) -> Any:
    """A feedback delay network of eight lines under a Householder matrix (Jot and Chaigne 1991).

    decay_s: to -60 dB; size scales the lines; damping 0..1 darkens the tail.
    """
    num_samples = loop.shape[0]
    out = np.empty_like(loop)
    # lines: [ring, 8], so that the eight values written at one time share a cache line.
    lines = np.zeros((REVERB_RING, 8), dtype=np.float32)
    lengths = np.empty(8, dtype=np.int64)
    gains = np.empty(8, dtype=np.float32)
    state = np.zeros(8, dtype=np.float32)
    tap = np.zeros(8, dtype=np.float32)
    for k in range(8):
        lengths[k] = min(max(int(REVERB_LINES[k] * size), 8), REVERB_RING - 1)
        gains[k] = math.exp(-LN_1000 * lengths[k] / (decay_s * STEM_SAMPLE_RATE))
    keep = np.float32(damping)
    fresh = np.float32(1.0 - damping)
    diffuser = np.zeros((2, DIFFUSER_RING, 2), dtype=np.float32)
    quarter = np.float32(0.25)
    gain = np.float32(mix)
    spread = np.float32(DIFFUSION)
    rumble_l = np.float32(0.0)
    rumble_r = np.float32(0.0)
    slow = np.float32(2.0 * math.pi * SEND_LOW_CUT_HZ / STEM_SAMPLE_RATE)
    first = -preroll
    n = first % num_samples
    for m in range(first, num_samples):
        rumble_l += slow * (loop[n, 0] - rumble_l)
        rumble_r += slow * (loop[n, 1] - rumble_r)
        left = loop[n, 0] - rumble_l
        right = loop[n, 1] - rumble_r
        for stage in range(2):
            read = (m - DIFFUSER_SAMPLES[stage]) & (DIFFUSER_RING - 1)
            write = m & (DIFFUSER_RING - 1)
            old_l = diffuser[stage, read, 0]
            old_r = diffuser[stage, read, 1]
            new_l = left - spread * old_l
            new_r = right - spread * old_r
            diffuser[stage, write, 0] = new_l
            diffuser[stage, write, 1] = new_r
            left = old_l + spread * new_l
            right = old_r + spread * new_r
        total = np.float32(0.0)
        for k in range(8):
            x = lines[(m - lengths[k]) & (REVERB_RING - 1), k] * gains[k]
            state[k] = keep * state[k] + fresh * x
            tap[k] = state[k]
            total += state[k]
        total *= quarter
        row = m & (REVERB_RING - 1)
        for k in range(4):
            lines[row, 2 * k] = tap[2 * k] - total + left
            lines[row, 2 * k + 1] = tap[2 * k + 1] - total + right
        if m >= 0:
            wet_l = tap[0] - tap[2] + tap[4] - tap[6]
            wet_r = tap[1] - tap[3] + tap[5] - tap[7]
            out[m, 0] = loop[m, 0] + gain * wet_l
            out[m, 1] = loop[m, 1] + gain * wet_r
        n += 1
        if n == num_samples:
            n = 0
    return out


@njit(cache=True, nogil=True, fastmath=True)
def duck_loop(loop: NDArray[np.float32], starts: NDArray[np.float64], values: NDArray[np.float64]) -> None:
    """The loop times 1 - value in place; value is linear between the points (starts in samples): [P].

    No click where the points jump: the gain takes `DUCK_SAMPLES` at least from full to silent, and the
    end of the loop is followed first, so that it arrives at the seam as it starts.
    """
    num_samples = loop.shape[0]
    most = 1.0 / DUCK_SAMPLES
    gain = 1.0 - values[-1]
    segment = 0
    for m in range(-min(DUCK_SAMPLES, num_samples), num_samples):
        n = m if m >= 0 else m + num_samples
        if m == 0:
            segment = 0
        while segment + 1 < len(starts) and starts[segment + 1] <= n:
            segment += 1
        value = values[segment]
        if segment + 1 < len(starts):
            share = (n - starts[segment]) / (starts[segment + 1] - starts[segment])
            value += share * (values[segment + 1] - value)
        gain += min(max(1.0 - value - gain, -most), most)
        if m >= 0:
            loop[n, 0] *= np.float32(gain)
            loop[n, 1] *= np.float32(gain)


@njit(cache=True, nogil=True, fastmath=True)
def narrow_lows(loop: NDArray[np.float32], corner_hz: float, preroll: int) -> None:
    """Mono below the corner, in place: the side signal loses its lows at 12 dB an octave."""
    num_samples = loop.shape[0]
    a1, a2, a3 = svf_gains(corner_hz, 1.4142)
    s1 = s2 = 0.0
    n = -preroll % num_samples
    for m in range(-preroll, num_samples):
        middle = 0.5 * (loop[n, 0] + loop[n, 1])
        side = 0.5 * (loop[n, 0] - loop[n, 1])
        band, low, s1, s2 = svf_step(side, s1, s2, a1, a2, a3)
        if m >= 0:
            side -= 1.4142 * band + low
            loop[n, 0] = middle + side
            loop[n, 1] = middle - side
        n += 1
        if n == num_samples:
            n = 0
