"""How loud each band is: told to the decoder as it is, so that no network has to guess it.

    bins     |low band|  |  |   |    |     |       |        middle: those above the low band
             |      |      |        |           |           side: wider ones, from the bottom up

One value a frame and band. Noise with the loudness of 32 bands every 10 ms above 1.2 kHz, over an untouched
low band, was judged 4.4 by ViSQOL on harmony and melody; a network that had to learn it came to 4.0 to 4.1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.model.codec.config import SpectralConfig
from engine.model.codec.grid import Grid, band_weights

SOFTEST = 1e-9  # power: -90 dB of a full-scale sine; below it nothing is told
USUAL = -6.0  # log amplitude of a band that is heard
QUIET = -6.0  # log gain of bands that the waveform carries: about -52 dB until something else is learnt


class Loudness(nn.Module):
    """Between spectra and the values that go through, and between those and gains. Has nothing to learn."""

    middle: Tensor
    side: Tensor
    wide: Tensor

    def __init__(self, grid: Grid, channels: int, config: SpectralConfig) -> None:
        super().__init__()
        self.lows, self.channels, self.sub_frames = grid.lows, channels, config.sub_frames
        bands = band_weights(config.bands, grid.bins)  # [bands, bins]
        self.first = bands_below(config.bands, grid.bins, grid.low_bins)
        sides = config.side_bands if channels == 2 else 0
        self.register_buffer("middle", averaging(bands[self.first :]), persistent=False)
        side = averaging(band_weights(sides, grid.bins)) if sides > 1 else bands[:0]
        self.register_buffer("side", side, persistent=False)
        # A band takes its gain from the two wide ones around it.
        place = torch.linspace(0, max(sides - 1, 0), config.bands)
        wide = (1.0 - (place[None] - torch.arange(sides)[:, None]).abs()).clamp(min=0)  # [side_bands, bands]
        self.register_buffer("wide", wide, persistent=False)
        self.count = self.middle.shape[0] + self.side.shape[0]

    def path(self, latent_width: int) -> Tensor:
        """[count, latent_width]: each value to a latent of its own, after those of the low band; what does
        not fit stays behind."""
        whole = torch.zeros(self.count, self.lows + self.count + latent_width)
        whole[:, self.lows :].fill_diagonal_(1.0)
        return whole[:, :latent_width].clone()

    def forward(self, spectra: Tensor) -> Tensor:
        """complex [B, C, F * sub, bins] -> log amplitudes about `USUAL` [B, F, count]."""
        power = torch.view_as_real(spectra).square().sum(-1)
        found = [power[:, :1] @ self.middle.T]
        if self.side.shape[0]:
            found.append(power[:, 1:] @ self.side.T)
        batch, _, count = power.shape[:3]
        means = [each.reshape(batch, count // self.sub_frames, self.sub_frames, -1).mean(2) for each in found]
        return 0.5 * torch.log(torch.cat(means, -1) + SOFTEST) - USUAL

    def gains(self, values: Tensor) -> Tensor:
        """[B, F, count] -> log gains [B, C, F * sub, bands]."""
        values = values + USUAL
        count = self.middle.shape[0]
        gains = [functional.pad(values[..., :count], (self.first, 0), value=QUIET)]
        if self.channels == 2:
            told = self.side.shape[0] > 0
            gains.append(values[..., count:] @ self.wide if told else torch.full_like(gains[0], QUIET))
        return torch.stack(gains, 1).repeat_interleave(self.sub_frames, 2)


def bands_below(bands: int, bins: int, low_bins: int) -> int:
    """How many bands have their middle in the low band."""
    with torch.device("cpu"):  # a number is wanted even of an outline, whose tensors hold none
        weights = band_weights(bands, bins)
        centres = (weights * torch.arange(bins)).sum(1) / weights.sum(1)
        return int((centres < low_bins).sum())


def averaging(bands: Tensor) -> Tensor:
    """[bands, bins] whose rows have a sum of one."""
    return bands / bands.sum(1, keepdim=True)
