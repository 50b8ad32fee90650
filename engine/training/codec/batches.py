"""Pieces of stems for the training of a codec: random places, levels, polarity and sides."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import EngineError
from engine.training.corpus.reading import StemFile

SILENT = 1e-3  # peak: -60 dB
TRIES = 4
GAIN_DB = (-12.0, 6.0)


class Pieces(Protocol):
    """Where batches come from: a corpus on the disk, or songs made on the fly."""

    def batch(self, step: int, rank: int = 0) -> Tensor: ...


class StemPieces:
    """Endless batches [B, C=2, N], the same for the same seed and step."""

    def __init__(self, stems: Sequence[StemFile], batch_size: int, samples: int, seed: int) -> None:
        self.stems = [stem for stem in stems if stem.samples >= samples]
        if not self.stems:
            raise EngineError(
                "empty",
                f"the corpus has no stem of at least {samples} samples of these roles; it has {len(stems)}",
            )
        self.batch_size, self.samples, self.seed = batch_size, samples, seed

    def batch(self, step: int, rank: int = 0) -> Tensor:
        """Another one for each process of a run. EngineError `file` where a stem cannot be read."""
        dice = random.Random(f"{self.seed}/{step}/{rank}")
        pieces = [self._piece(dice) for _ in range(self.batch_size)]
        return torch.from_numpy(np.stack(pieces))

    def _piece(self, dice: random.Random) -> NDArray[np.float32]:
        """[C=2, N], not silent where one is found in a few tries."""
        piece = self._read(dice)
        for _ in range(TRIES):
            if np.abs(piece).max() > SILENT:
                break
            piece = self._read(dice)
        gain = 10 ** (dice.uniform(*GAIN_DB) / 20)
        gain = min(gain, 1.0 / max(float(np.abs(piece).max()), 1e-6)) * dice.choice((-1.0, 1.0))
        sides = piece[:, ::-1] if dice.random() < 0.5 else piece
        return np.ascontiguousarray(sides.T * np.float32(gain))

    def _read(self, dice: random.Random) -> NDArray[np.float32]:
        stem = dice.choice(self.stems)
        start = dice.randrange(stem.samples - self.samples + 1)
        try:
            audio, _ = soundfile.read(stem.path, self.samples, start, dtype="float32", always_2d=True)
        except (OSError, soundfile.LibsndfileError) as error:
            raise EngineError("file", f"{stem.path}: cannot be read ({error})") from error
        return np.asarray(audio)
