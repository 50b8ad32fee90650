"""A window of frames on the endless repetition of a loop.

turn    -1          |0          |1
    ----a--b--------|--a--b-----|--a--b-----
            |  the window   |                  b of turn -1, a and b of turn 0
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Frames:
    """The frames of a window, and the turns of the loop that reach into it."""

    def __init__(self, first: int, count: int, hop: int, loop: int) -> None:
        self.first, self.count, self.hop, self.loop = first, count, hop, max(1, loop)
        self.start, self.stop = first * hop, (first + count) * hop

    def turns(
        self, begin: NDArray[np.int64], end: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(row, samples to add) for each turn of each [begin, end) that touches the window."""
        low = -((end - 1 - self.start) // self.loop)  # the least turn whose end lies in the window
        high = (self.stop - 1 - begin) // self.loop
        counts = np.maximum(0, high - low + 1)
        rows = np.repeat(np.arange(len(begin)), counts)
        return rows, (low[rows] + within(counts)) * self.loop

    def at(self, share: float) -> NDArray[np.float64]:
        """Samples of a place in each frame, in the loop's first turn: [F]."""
        here = (np.arange(self.first, self.first + self.count) + share) * self.hop
        return np.asarray(here % self.loop)


def within(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1 … of each run: counts [2, 3] -> [0, 1, 0, 1, 2]."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
