"""Filters: what is left of the spectrum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.audio.biquad import BUTTERWORTH, high_pass, low_pass
from engine.audio.processors.registry import Processor
from engine.audio.processors.ring import filtered

SHARP = (0.5412, 1.3066)  # the two qualities of a four-pole Butterworth filter


def between(low: float, high: float, amount: float) -> float:
    """`low` at 0, `high` at 1, in equal steps of pitch."""
    return low * (high / low) ** amount


def lowpass(audio: NDArray[np.float32], amount: float, tempo_bpm: float, seed: int) -> NDArray[np.float32]:
    hz = between(20_000.0, 250.0, amount)
    return filtered(audio, *(low_pass(hz, quality) for quality in SHARP))


def highpass(audio: NDArray[np.float32], amount: float, tempo_bpm: float, seed: int) -> NDArray[np.float32]:
    return filtered(audio, high_pass(between(20.0, 2000.0, amount), BUTTERWORTH))


def telephone(audio: NDArray[np.float32], amount: float, tempo_bpm: float, seed: int) -> NDArray[np.float32]:
    low, high = between(20.0, 400.0, amount), between(20_000.0, 3200.0, amount)
    narrow = filtered(
        audio,
        *(high_pass(low, quality) for quality in SHARP),
        *(low_pass(high, quality) for quality in SHARP),
    )
    middle = narrow.mean(axis=1, keepdims=True)
    return np.asarray(narrow + np.float32(amount) * (middle - narrow))


PROCESSORS = (
    Processor("lowpass", lowpass, "24 dB an octave, from 20 kHz down to 250 Hz"),
    Processor("highpass", highpass, "12 dB an octave, from 20 Hz up to 2 kHz"),
    Processor("telephone", telephone, "400 Hz to 3.2 kHz, one ear"),
)
