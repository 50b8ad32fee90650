"""Whether the decoded stands where the original stood: levels and likeness of the sides, by octave."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.codec.spectra import spectrum_of
from engine.units import STEM_SAMPLE_RATE

WINDOW, HOP = 2048, 1024
OCTAVES_HZ = (62.5, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0)  # edges
BLOCK = 8  # spectra a block: 186 ms, long enough for a coherence of some meaning
HEARD_DB = -50.0  # below the loudest block of any band: no image to hear
FURTHEST_DB = 30.0  # a side that much softer than the other is silent beside it


def level_difference_error(original: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    """Mean error of the level difference between the sides of [N, C=2], dB, over octaves and 186 ms blocks.

    Differences beyond 30 dB count as 30.
    """
    (left, right, _), (left_d, right_d, _) = _bands(original), _bands(decoded)
    error = np.abs(_difference_db(left, right) - _difference_db(left_d, right_d))
    return _mean_heard(error, left + right)


def coherence_error(original: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    """Mean error of |<L, R>| / sqrt(<L, L> <R, R>), 0 to 1, over the same octaves and blocks.

    Where one side of the original is silent beside the other there is nothing to be like, and no error.
    """
    (left, right, cross), (left_d, right_d, cross_d) = _bands(original), _bands(decoded)
    error = np.abs(_coherence(left, right, cross) - _coherence(left_d, right_d, cross_d))
    both = np.abs(_difference_db(left, right)) < FURTHEST_DB
    return _mean_heard(np.where(both, error, 0.0), left + right)


def _bands(
    audio: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """[N, C=2] -> power left, power right, magnitude of the cross power, each [blocks, octaves]."""
    left, right = (spectrum_of(audio[:, side], WINDOW, HOP).astype(np.complex128) for side in (0, 1))
    bins = np.searchsorted(np.fft.rfftfreq(WINDOW, 1 / STEM_SAMPLE_RATE), OCTAVES_HZ)
    products = (left * left.conj(), right * right.conj(), left * right.conj())
    own_left, own_right, cross = (_summed(product, bins) for product in products)
    return own_left.real, own_right.real, np.abs(cross)


def _summed(products: NDArray[np.complex128], bins: NDArray[np.int64]) -> NDArray[np.complex128]:
    by_octave = np.add.reduceat(products[:, : bins[-1]], bins[:-1], axis=1)
    blocks = len(by_octave) // BLOCK or 1
    whole = by_octave[: blocks * BLOCK]
    return whole.reshape(blocks, -1, whole.shape[1]).sum(axis=1)


def _difference_db(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    least = 1e-12
    difference = 10 * np.log10((left + least) / (right + least))
    return np.clip(difference, -FURTHEST_DB, FURTHEST_DB)


def _coherence(
    left: NDArray[np.float64], right: NDArray[np.float64], cross: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.minimum(cross / np.sqrt(left * right + 1e-24), 1.0)


def _mean_heard(error: NDArray[np.float64], power: NDArray[np.float64]) -> float:
    heard = power > power.max() * 10 ** (HEARD_DB / 10)
    return float(error[heard].mean()) if heard.any() else float("nan")
