"""Struck bodies: bars, tines, bells, piano strings, as the sum of their modes.

Each mode is one complex rotation a sample (a resonator after its excitation is over), so a body of
sixteen modes costs what two oscillators do.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.instruments.control import BLOCK, LN_1000
from engine.units import STEM_SAMPLE_RATE

TOP_HZ = 18_000.0
ATTACK_SAMPLES = 24.0  # half a millisecond: a mallet is no impulse


@njit(cache=True, nogil=True, fastmath=True)
def add_modal(
    note: NDArray[np.float32],
    pitch: NDArray[np.float64],
    modes: NDArray[np.float64],
    tracking: float,
    tilt: float,
    left: float,
    right: float,
) -> None:
    """A struck body added to `note` [M, C=2]; M = BLOCK * len(pitch).

    modes: [P, 3] ratio to the pitch, decay to -60 dB in seconds at C4, level. `tracking`: octaves by
    which decays shorten for each octave upwards. `tilt`: octaves of brightness; a mode at ratio r is
    louder by r ** (tilt / 2). Modes above 18 kHz are left out.
    """
    count = modes.shape[0]
    keep = np.empty(count, dtype=np.float64)
    real = np.zeros(count, dtype=np.float32)
    imaginary = np.zeros(count, dtype=np.float32)
    c = np.zeros(count, dtype=np.float32)
    s = np.zeros(count, dtype=np.float32)
    shorter = 2.0 ** (-tracking * (pitch[0] - 60.0) / 12.0)
    for k in range(count):
        keep[k] = math.exp(-LN_1000 / (STEM_SAMPLE_RATE * max(modes[k, 1] * shorter, 0.01)))
        real[k] = modes[k, 2] * modes[k, 0] ** (0.5 * tilt)
    last = np.inf
    for block in range(len(pitch)):
        if pitch[block] != last:
            last = pitch[block]
            hz = 440.0 * 2.0 ** ((last - 69.0) / 12.0)
            for k in range(count):
                turn = 2.0 * math.pi * hz * modes[k, 0] / STEM_SAMPLE_RATE
                c[k] = keep[k] * math.cos(turn)
                s[k] = keep[k] * math.sin(turn)
                if hz * modes[k, 0] > TOP_HZ:
                    real[k] = imaginary[k] = 0.0
        for k in range(count):
            if abs(real[k]) + abs(imaginary[k]) < 1e-12:  # before it becomes denormal, which is slow
                real[k] = imaginary[k] = 0.0
        for n in range(block * BLOCK, (block + 1) * BLOCK):
            x = np.float32(0.0)
            # All modes of one sample at a time: they are independent, so this runs as vectors.
            for k in range(count):
                turned = c[k] * real[k] - s[k] * imaginary[k]
                imaginary[k] = s[k] * real[k] + c[k] * imaginary[k]
                real[k] = turned
                x += imaginary[k]
            rise = min(1.0, n / ATTACK_SAMPLES)
            note[n, 0] += np.float32(left * rise) * x
            note[n, 1] += np.float32(right * rise) * x
