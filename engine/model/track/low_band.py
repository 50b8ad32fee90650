"""The low band of a codec's grid, read from one sample in several: enough for what ends below 1.3 kHz.

A piece of 2 sub_hop samples begins `lead` before its sub-frame; the points are the middles of its groups:

    |. . . . x . . . .|. . . . x . . . .|      thin = 9: 4.9 kHz
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.model.codec.config import CodecConfig, SpectralConfig
from engine.model.track.frames import Frames

THINNEST = 9  # samples, an odd number: half of 4.9 kHz is the sum of the bound and of what leaks over it


class LowBand:
    def __init__(self, hop: int, config: SpectralConfig) -> None:
        import torch

        from engine.model.codec.grid import Grid

        with torch.inference_mode():
            grid = Grid(hop, config.low_bins * config.sub_frames, config)
            kernel = (grid.shape[:, None] * grid.cosines).numpy()
        self.sub_frames, self.sub_hop, self.lead = grid.sub_frames, grid.sub_hop, grid.lead
        self.thin = max(n for n in range(1, THINNEST + 1, 2) if grid.sub_hop % n == 0)
        self.kernel = kernel[self.thin // 2 :: self.thin] * self.thin  # [points of a piece, low_bins]

    @staticmethod
    def of(codec: CodecConfig, values: int) -> LowBand:
        """Of a codec that is not of the spectral pair `values` lapped cosines of whole frames."""
        settings = codec.settings
        if not isinstance(settings, SpectralConfig):
            settings = SpectralConfig(sub_frames=1, low_bins=values, gates=1)
        return _low_band(codec.hop, settings)

    def first_sample(self, frames: Frames) -> int:
        """Of the points."""
        return frames.start - self.lead + self.thin // 2

    def num_points(self, frames: Frames) -> int:
        return (frames.count * self.sub_frames + 1) * self.sub_hop // self.thin

    def coefficients(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """[channels, points] -> [channels, F, sub_frames * low_bins] as `Grid.by_frame` has them."""
        piece, hop = len(self.kernel), self.sub_hop // self.thin
        pieces = np.lib.stride_tricks.sliding_window_view(points, piece, axis=1)[:, ::hop]
        values = np.ascontiguousarray(pieces).reshape(-1, piece) @ self.kernel
        return np.asarray(values.reshape(len(points), -1, self.sub_frames * self.kernel.shape[1]))


@cache
def _low_band(hop: int, settings: SpectralConfig) -> LowBand:
    return LowBand(hop, settings)
