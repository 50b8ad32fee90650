"""A stem: one track's take as audio, exact bars long, never changed once made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.music.key import Key, Signature
from engine.music.score import Score
from engine.units import STEM_SAMPLE_RATE

FULL_SCALE_24 = 1 << 23


def quantise_24(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Audio on the grid of 24-bit integers, so that what plays equals what the file holds.

    Every value k / 2**23 is exact in float32. Shape kept; clipped to -1 .. 1 - 2**-23; read-only.
    """
    grid = np.clip(np.rint(audio * np.float32(FULL_SCALE_24)), -FULL_SCALE_24, FULL_SCALE_24 - 1)
    exact = np.ascontiguousarray(grid / np.float32(FULL_SCALE_24), dtype=np.float32)
    exact.setflags(write=False)
    return exact


@dataclass(frozen=True)
class Stem:
    """Immutable audio with its score, seed and lineage.

    audio: [N, C=2] float32 at 44.1 kHz on the 24-bit grid, exactly `bars` long.
    `digest` is the SHA-256 of the samples; `heard` the digests of the stems it was made in context of.
    """

    track: str
    audio: NDArray[np.float32]
    tempo_bpm: float
    key: Key
    signature: Signature
    bars: int
    seed: int
    prompt: str
    score: Score | None  # None for imported audio
    render: str  # "instruments", "model", "import"
    digest: str
    heard: tuple[str, ...] = ()
    sample_rate: int = field(default=STEM_SAMPLE_RATE)

    @property
    def length_samples(self) -> int:
        return int(self.audio.shape[0])

    @property
    def length_beats(self) -> float:
        """Quarter notes."""
        return self.bars * self.signature.bar_beats


def audio_digest(audio: NDArray[np.float32]) -> str:
    """SHA-256 over the samples as little-endian float32, shape included."""
    digest = hashlib.sha256(str(audio.shape).encode())
    digest.update(np.ascontiguousarray(audio, dtype="<f4").data)  # the buffer itself: off the GIL
    return digest.hexdigest()


def stem_name(stem: Stem, take: int) -> str:
    """The contract's file name without its ending: `drums_128bpm_Am_8bars_t1`."""
    return f"{stem.track}_{stem.tempo_bpm:.6g}bpm_{stem.key.name}_{stem.bars}bars_t{take}"
