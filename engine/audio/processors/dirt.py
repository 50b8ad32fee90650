"""What breaks a sound: saturation and coarse numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.audio.processors.registry import Processor
from engine.audio.processors.tone import between
from engine.units import STEM_SAMPLE_RATE


def bent(audio: NDArray[np.float32], push: float) -> NDArray[np.float32]:
    """x / sqrt(1 + x^2) of `push` times the loop, as loud as before for what is soft: [N, C=2].

    Anti-aliased by its antiderivative (Parker et al., DAFx 2016): the mean of the curve between two
    samples is (x0 + x1) / (sqrt(1 + x0^2) + sqrt(1 + x1^2)).
    """
    x1 = audio * np.float32(push)
    bend1 = np.sqrt(np.float32(1.0) + x1 * x1)
    x0, bend0 = np.roll(x1, 1, axis=0), np.roll(bend1, 1, axis=0)
    return np.asarray((x0 + x1) / ((bend0 + bend1) * np.float32(push)), dtype=np.float32)


def saturate(audio: NDArray[np.float32], amount: float, tempo_bpm: float, seed: int) -> NDArray[np.float32]:
    """Pushed by its own peak: as dirty for a soft loop as for a loud one."""
    peak = float(np.abs(audio).max())
    if peak <= 1e-7:
        return audio
    return audio + np.float32(amount) * (bent(audio, between(0.5, 12.0, amount) / peak) - audio)


def bitcrush(audio: NDArray[np.float32], amount: float, tempo_bpm: float, seed: int) -> NDArray[np.float32]:
    """Each sample held, a whole number of times in the loop, and rounded to a few bits of its peak."""
    peak = float(np.abs(audio).max())
    if peak <= 1e-7:
        return audio
    num_samples = len(audio)
    held = max(1, round(num_samples * between(30_000.0, 4000.0, amount) / STEM_SAMPLE_RATE))
    heads = -(-np.arange(held) * num_samples // held)
    step = np.float32(peak / 2.0 ** (between(12.0, 4.0, amount) - 1.0))
    coarse = np.rint(audio[heads] / step) * step
    return np.repeat(coarse, np.diff(heads, append=num_samples), axis=0)


PROCESSORS = (
    Processor("saturate", saturate, "soft saturation, more of it and pushed harder"),
    Processor("bitcrush", bitcrush, "down to 4 bits and 4 kHz, with all the aliasing"),
)
