"""A dynamic equaliser: a track loses, band by band and moment by moment, what another one has there.

both -> spectra of 46 ms -> powers of 28 bands -> who has how much -> gains -> spectra -> the track
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.training.corpus.following import followed
from engine.units import STEM_SAMPLE_RATE

FRAME_SAMPLES, HOP_SAMPLES = 2048, 1024
NUM_BANDS, LOWEST_HZ, HIGHEST_HZ = 28, 50.0, 16_000.0
AUDIBLE_DB = -40.0  # under the other track's loudest band nothing makes room
CLOSE_HOPS, OPEN_HOPS = 1.0, 6.0  # of the gains: 23 ms, 140 ms


def carved(loop: NDArray[np.float32], other: NDArray[np.float32], depth_db: float) -> NDArray[np.float32]:
    """The loop [N, C=2] with room for the other one: up to `depth_db` softer where that is louder, in dB in
    proportion to its share of the power of both."""
    num_samples = len(loop)
    own, theirs = spectra(loop), spectra(other)
    ours, heard = band_powers(own), band_powers(theirs)
    floor = heard.max() * 10.0 ** (AUDIBLE_DB / 10.0) + 1e-20
    share = np.where(heard > floor, heard / (heard + ours + 1e-20), 0.0)
    wanted_db = -depth_db * share
    gains_db = np.stack(
        [followed(np.ascontiguousarray(row), CLOSE_HOPS, OPEN_HOPS) for row in wanted_db.T], axis=1
    )
    own *= (10.0 ** (gains_db @ spread() / 20.0)).astype(np.float32)[None]
    return joined(own, num_samples)


def num_frames(num_samples: int) -> int:
    """Frames that cover a loop and its first sample again: the seam lies under two of them."""
    return -(-num_samples // HOP_SAMPLES) + 1


@cache
def window() -> NDArray[np.float32]:
    """The root of a Hann window: over each other twice, its squares are 1."""
    phase = (np.arange(FRAME_SAMPLES) + 0.5) / FRAME_SAMPLES
    return np.sin(np.pi * phase).astype(np.float32)


def spectra(loop: NDArray[np.float32]) -> NDArray[np.complex64]:
    """[C=2, frames, bins] of the loop as a ring, from a hop before its start on."""
    from scipy.fft import rfft

    count = num_frames(len(loop))
    wanted = np.arange(-HOP_SAMPLES, count * HOP_SAMPLES) % len(loop)
    ring = np.ascontiguousarray(loop[wanted].T)
    frames = np.lib.stride_tricks.sliding_window_view(ring, FRAME_SAMPLES, axis=1)[:, ::HOP_SAMPLES]
    return np.asarray(rfft(frames * window(), axis=2))


def joined(made: NDArray[np.complex64], num_samples: int) -> NDArray[np.float32]:
    """The loop of spectra: [N, C=2]."""
    from scipy.fft import irfft

    frames = irfft(made, FRAME_SAMPLES, axis=2, overwrite_x=True) * window()
    halves = frames.reshape(2, -1, 2, HOP_SAMPLES)
    sound = halves[:, 1:, 0] + halves[:, :-1, 1]
    return np.ascontiguousarray(sound.reshape(2, -1)[:, :num_samples].T, dtype=np.float32)


def band_powers(of: NDArray[np.complex64]) -> NDArray[np.float64]:
    """[frames, bands] of spectra, both sides together."""
    power = np.square(of.real).sum(axis=0) + np.square(of.imag).sum(axis=0)
    return np.asarray(power @ spread().T, dtype=np.float64)


@cache
def spread() -> NDArray[np.float32]:
    """How much of each bin each band has, triangles in equal steps of pitch, together 1: [bands, bins]."""
    hz = np.maximum(1.0, np.arange(FRAME_SAMPLES // 2 + 1) * STEM_SAMPLE_RATE / FRAME_SAMPLES)
    place = np.log(hz / LOWEST_HZ) / np.log(HIGHEST_HZ / LOWEST_HZ) * (NUM_BANDS - 1)
    place = np.clip(place, 0.0, NUM_BANDS - 1.0)
    return np.maximum(0.0, 1.0 - np.abs(place[None] - np.arange(NUM_BANDS)[:, None])).astype(np.float32)
