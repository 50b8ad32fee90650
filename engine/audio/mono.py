"""Both sides as one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def mono_of(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """[N] the mean of both sides of [N, C=2], or the left alone where they cancel each other out."""
    left, right = audio[:, 0], audio[:, 1]
    middle = np.float32(0.5) * (left + right)  # a sixth of the time of mean(axis=1)
    return middle if np.dot(middle, middle) > 0.05 * np.dot(left, left) else np.ascontiguousarray(left)
