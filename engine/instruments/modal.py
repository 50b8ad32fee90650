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
    scratch = np.empty(BLOCK, dtype=np.float64)
    for mode in range(modes.shape[0]):
        ratio, decay_s, level = modes[mode]
        decay_s *= 2.0 ** (-tracking * (pitch[0] - 60.0) / 12.0)
        keep = math.exp(-LN_1000 / (STEM_SAMPLE_RATE * max(decay_s, 0.01)))
        gain = level * ratio ** (0.5 * tilt)
        real, imaginary = gain, 0.0
        for block in range(len(pitch)):
            hz = 440.0 * 2.0 ** ((pitch[block] - 69.0) / 12.0) * ratio
            if hz > TOP_HZ or abs(real) + abs(imaginary) < 1e-5 * gain:
                break
            turn = 2.0 * math.pi * hz / STEM_SAMPLE_RATE
            c, s = keep * math.cos(turn), keep * math.sin(turn)
            for i in range(BLOCK):
                real, imaginary = c * real - s * imaginary, s * real + c * imaginary
                scratch[i] = imaginary
            for i in range(BLOCK):
                n = block * BLOCK + i
                x = scratch[i] * min(1.0, n / ATTACK_SAMPLES)
                note[n, 0] += np.float32(left * x)
                note[n, 1] += np.float32(right * x)
