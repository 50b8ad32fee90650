"""How much of its codebooks a codec uses: a book of which few entries are ever written wastes its bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass
class CodebookUse:
    """Counts [K, V] of all codes seen."""

    counts: NDArray[np.int64]

    @classmethod
    def empty(cls, num_codebooks: int, codebook_size: int) -> CodebookUse:
        return cls(np.zeros((num_codebooks, codebook_size), np.int64))

    def add(self, codes: NDArray[np.int64]) -> None:
        """codes [K, F]."""
        assert codes.shape[0] == self.counts.shape[0], codes.shape
        for book, row in enumerate(codes):
            self.counts[book] += np.bincount(row, minlength=self.counts.shape[1])

    @property
    def used(self) -> NDArray[np.float64]:
        """[K] share of the entries written at least once. Of F frames at most F entries can be."""
        share: NDArray[np.float64] = (self.counts > 0).mean(axis=1)
        return share

    @property
    def perplexity(self) -> NDArray[np.float64]:
        """[K] exp of the entropy: as many entries, equally often written, would carry as much."""
        share = self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)
        logs = np.log(share, out=np.zeros_like(share), where=share > 0)
        perplexity: NDArray[np.float64] = np.exp(-(share * logs).sum(axis=1))
        return perplexity
