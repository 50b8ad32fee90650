"""Oscillators that play the score, as the codec's frames have them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.model.codec.config import CodecConfig
from engine.model.track.played import Stretches
from engine.music.score import Score

CHANNELS = 6
GUIDE_VALUES = 48  # of a channel and frame: as many as codec `pitched` has below its bound
GUIDE_SIZE = CHANNELS * GUIDE_VALUES


def guide_frames(
    score: Score, notes: Stretches, codec: CodecConfig, first_frame: int, num_frames: int, cents: float = 0.0
) -> NDArray[np.float32]:
    """[F, GUIDE_SIZE]."""
    return np.zeros((num_frames, GUIDE_SIZE), dtype=np.float32)
