"""Whether a sound changes as the words that ask for it: the move of its spectrum against the reference's."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.codec.spectra import magnitudes
from engine.evaluation.models.material import Audio
from engine.units import STEM_SAMPLE_RATE

WINDOW = 2048
EDGES_HZ = (30, 90, 180, 350, 700, 1400, 2800, 5600, 11_200, 20_000)  # octaves
FLOOR_DB = -60.0  # beside the whole: softer bands do not move
LEAST_DB, LEAST_OCTAVES = 3.0, 0.25  # a reference that moves less is no move to follow


@dataclass(frozen=True)
class Signature:
    """`bands_db` [band] beside the whole; `centroid` in octaves above 1 Hz."""

    bands_db: NDArray[np.float64]
    centroid: float


def signature_of(audio: Audio) -> Signature:
    power = sum((magnitudes(audio[:, c], WINDOW).astype(np.float64) ** 2).mean(axis=0) for c in range(2))
    assert isinstance(power, np.ndarray)
    hz = np.arange(len(power)) * STEM_SAMPLE_RATE / WINDOW
    whole = max(float(power.sum()), 1e-20)
    bands = np.array([power[(hz >= low) & (hz < high)].sum() for low, high in pairwise(EDGES_HZ)])
    centre = float((hz[1:] * np.sqrt(power[1:])).sum() / max(float(np.sqrt(power[1:]).sum()), 1e-20))
    bands_db = np.maximum(10.0 * np.log10(np.maximum(bands / whole, 1e-12)), FLOOR_DB)
    return Signature(bands_db, float(np.log2(max(centre, 1.0))))


def likeness_of_moves(wanted: tuple[Audio, Audio], given: tuple[Audio, Audio]) -> tuple[float, float]:
    """(cosine of both moves by band, 1 or 0: the given moves the wanted's way), of (before, after) each.

    NaN where the wanted hardly moves. The way is the wanted's where the bands go together more than apart,
    and the centroid, where the wanted's moves by a quarter of an octave, to the same side.
    """
    a, b, c, d = (signature_of(audio) for audio in (*wanted, *given))
    want, give = b.bands_db - a.bands_db, d.bands_db - c.bands_db
    if np.abs(want).max() < LEAST_DB:
        return float("nan"), float("nan")
    lengths = float(np.linalg.norm(want) * np.linalg.norm(give))
    cosine = float(want @ give) / lengths if lengths > 0.0 else 0.0
    up, given_up = b.centroid - a.centroid, d.centroid - c.centroid
    is_same_side = abs(up) < LEAST_OCTAVES or up * given_up > 0.0
    return cosine, float(cosine > 0.0 and is_same_side)
