"""Media: what a record or a tape adds to what it holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.audio.biquad import bell, high_pass, low_pass
from engine.audio.processors.dirt import bent
from engine.audio.processors.registry import Processor
from engine.audio.processors.ring import (
    filtered,
    noise,
    pitch_depth,
    read_moved,
    rms,
    slow_sine,
    whole_cycles,
)
from engine.audio.processors.tone import between
from engine.units import STEM_SAMPLE_RATE, db_to_gain

TURNS_HZ = 33.3 / 60.0
CRACKLES_A_SECOND = 14.0
VINYL_NOISE_DB, TAPE_HISS_DB = -46.0, -42.0  # under the loop's RMS, at amount 1
CRACKLE_DB = 4.0  # the typical crackle's peak against the loop's RMS, at amount 1


def vinyl(audio: NDArray[np.float32], amount: float, tempo_bpm: float, seed: int) -> NDArray[np.float32]:
    """Wow once a turn, a narrower band, crackle, surface noise. Noises go by the loop's own level."""
    num_samples, level = len(audio), rms(audio)
    cycles = whole_cycles(TURNS_HZ, num_samples)
    wow = slow_sine(num_samples, cycles) * np.float32(pitch_depth(0.004 * amount, cycles, num_samples))
    record = filtered(
        read_moved(audio, wow, wow),
        high_pass(between(20.0, 55.0, amount)), low_pass(between(20_000.0, 6500.0, amount), 0.6),
    )  # fmt: skip
    record += np.float32(level * amount * db_to_gain(CRACKLE_DB)) * crackle(num_samples, seed)
    surface = noise(num_samples, seed, high_pass(60.0), low_pass(2500.0, 0.5), low_pass(5000.0))
    record += np.float32(level * amount * db_to_gain(VINYL_NOISE_DB)) * surface
    return record


def crackle(num_samples: int, seed: int) -> NDArray[np.float32]:
    """Clicks of dust, few loud and many soft, anywhere between the sides: [N, C=2]."""
    rng = np.random.default_rng(seed)
    count = max(1, rng.poisson(CRACKLES_A_SECOND * num_samples / STEM_SAMPLE_RATE))
    sizes = rng.exponential(0.4, count) ** 1.5 * rng.choice([-1.0, 1.0], count)
    sides = rng.uniform(0.2, 1.0, (count, 2))
    dust = np.zeros((num_samples, 2), dtype=np.float32)
    np.add.at(dust, rng.integers(0, num_samples, count), (sizes[:, None] * sides).astype(np.float32))
    # The filter spreads a click over about five samples: made up for, so that a size is a peak.
    return 5.0 * filtered(dust, high_pass(900.0), low_pass(5200.0, 1.2))


def tape(audio: NDArray[np.float32], amount: float, tempo_bpm: float, seed: int) -> NDArray[np.float32]:
    """Saturation, wow and flutter, the bump of the head, a softer top, hiss."""
    num_samples, level = len(audio), rms(audio)
    if level <= 1e-7:
        return audio
    slow, fast = whole_cycles(0.7, num_samples), whole_cycles(7.3, num_samples)
    move = slow_sine(num_samples, slow) * np.float32(pitch_depth(0.0015 * amount, slow, num_samples))
    move += slow_sine(num_samples, fast, 0.3) * np.float32(pitch_depth(0.0012 * amount, fast, num_samples))
    hot = bent(audio, between(0.1, 1.2, amount) / level * 0.5)
    played = read_moved(audio + np.float32(amount) * (hot - audio), move, move)
    played = filtered(
        played, bell(75.0, 3.0 * amount, 1.1), high_pass(between(12.0, 30.0, amount)),
        low_pass(between(21_000.0, 11_000.0, amount), 0.55),
    )  # fmt: skip
    hiss = noise(num_samples, seed, high_pass(1500.0, 0.5), low_pass(12_000.0, 0.5))
    played += np.float32(level * amount * db_to_gain(TAPE_HISS_DB)) * hiss
    return played


PROCESSORS = (
    Processor("vinyl", vinyl, "crackle, wow of 33 turns a minute, surface noise, a narrower band"),
    Processor("tape", tape, "saturation, wow and flutter, head bump, softer top, hiss"),
)
