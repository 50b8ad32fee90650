r"""Where sub-frames lie, and the ways from samples to pieces, spectra and the low band, and back.

audio   |-----------|-----------|-----------|      three sub-frames
pieces  /-----^-----\     /-----^-----\           each twice as long, centred on its own
              /-----^-----\                        a sine window before and after: squares add up to one
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import EngineError
from engine.model.codec.config import SpectralConfig

FLOOR = 1e-5  # -100 dB of a full-scale sine's peak bin: below it a spectrum says nothing
WARP = 40.0  # bands are even below a fortieth of the spectrum, and ever wider above


class Grid(nn.Module):
    """Where the sub-frames of a frame lie, and the ways from samples to pieces, spectra, low band and back.

    Piece s is centred on its own sub-frame; half a sub-frame stands out at either end of the audio.
    """

    shape: Tensor
    cosines: Tensor
    cover: Tensor

    def __init__(self, hop: int, latent_width: int, config: SpectralConfig) -> None:
        super().__init__()
        self.sub_frames, self.low_bins = config.sub_frames, config.low_bins
        self.lows = self.low_bins * self.sub_frames
        if self.sub_frames < 1 or hop % self.sub_frames:
            raise EngineError(
                "range", f"a hop of {hop} samples does not divide into {self.sub_frames} sub-frames"
            )
        if config.gates < 1 or hop % config.gates:
            raise EngineError("range", f"a hop of {hop} samples does not divide into {config.gates} gates")
        if self.lows > latent_width:
            raise EngineError(
                "range", f"{self.lows} values of the low band in {latent_width} latents; not more fit"
            )
        self.sub_hop = hop // self.sub_frames
        self.gate_samples = hop // config.gates
        self.window = 2 * self.sub_hop
        self.bins = self.sub_hop + 1
        self.lead = self.sub_hop // 2
        self.trail = self.sub_hop - self.lead
        sample = torch.arange(self.window) + 0.5
        # Its square overlaps to one, so the same window goes before and after.
        shape = torch.sin(math.pi / self.window * sample)
        angle = (
            math.pi
            / self.sub_hop
            * (sample[:, None] + self.sub_hop / 2)
            * (torch.arange(self.low_bins) + 0.5)
        )
        self.register_buffer("shape", shape, persistent=False)
        self.register_buffer("cosines", torch.cos(angle) * (2.0 / self.sub_hop) ** 0.5, persistent=False)
        # The ends have one piece where there are two elsewhere; at their very edge it is cut off by `lead`.
        self.register_buffer("cover", shape[: self.sub_hop].square().clamp(min=0.1), persistent=False)

    def pieces(self, audio: Tensor) -> Tensor:
        """audio [B, C, N] -> windowed [B, C, N / sub_hop, window]."""
        padded = functional.pad(audio, (self.lead, self.trail))
        return padded.unfold(-1, self.window, self.sub_hop) * self.shape

    def spectra(self, pieces: Tensor) -> Tensor:
        """[..., window] -> complex [..., bins]; a full-scale sine has a peak of about 1."""
        return torch.fft.rfft(pieces) * (math.pi / self.window)

    def low_band(self, pieces: Tensor) -> Tensor:
        """[..., window] -> lapped cosines below the bound [..., low_bins]."""
        return pieces @ self.cosines

    def from_spectra(self, spectra: Tensor) -> Tensor:
        return torch.fft.irfft(spectra, self.window) * (self.shape * (self.window / math.pi))

    def from_low_band(self, values: Tensor) -> Tensor:
        return (values @ self.cosines.T) * self.shape

    def audio(self, pieces: Tensor) -> Tensor:
        """Windowed pieces [B, C, S, window] -> audio [B, C, S * sub_hop]."""
        sums = self.added(pieces)
        ends = sums[..., : self.sub_hop] / self.cover, sums[..., -self.sub_hop :] / self.cover.flip(0)
        whole = torch.cat([ends[0], sums[..., self.sub_hop : -self.sub_hop], ends[1]], -1)
        return whole[..., self.lead : whole.shape[-1] - self.trail]

    def added(self, pieces: Tensor) -> Tensor:
        """[B, C, S, window] -> overlap-add [B, C, (S + 1) * sub_hop]."""
        first, second = pieces[..., : self.sub_hop], pieces[..., self.sub_hop :]
        both = functional.pad(first, (0, 0, 0, 1)) + functional.pad(second, (0, 0, 1, 0))
        return both.flatten(-2)

    def by_frame(self, values: Tensor) -> Tensor:
        """[B, C, F * sub, ...] -> [B, F, everything of the frame]."""
        batch, channels, count = values.shape[:3]
        frames = count // self.sub_frames
        grouped = values.reshape(batch, channels, frames, self.sub_frames, -1)
        return grouped.permute(0, 2, 1, 3, 4).reshape(batch, frames, -1)

    def by_sub_frame(self, values: Tensor, channels: int, kinds: int) -> Tensor:
        """[B, F, everything of the frame] -> [B, C, F * sub, kinds]."""
        batch, frames, _ = values.shape
        grouped = values.reshape(batch, frames, channels, self.sub_frames, kinds)
        return grouped.permute(0, 2, 1, 3, 4).reshape(batch, channels, frames * self.sub_frames, kinds)


def features(spectra: Tensor) -> Tensor:
    """complex [...] -> [..., 3]: the logarithm of the magnitude, and the phase at a compressed one.

    Compressed (power 0.3), because equal steps of it are heard as about equal.
    """
    magnitude = spectra.abs() + FLOOR
    squeezed = spectra * magnitude.pow(-0.7)
    level = (torch.log(magnitude) + 4.6) * 0.25  # about -1.7 .. 1 between the floor and full scale
    return torch.stack([level, squeezed.real, squeezed.imag], -1)


def companded(values: Tensor) -> Tensor:
    """Signed square roots: what is soft is not lost beside what is loud."""
    return torch.sign(values) * values.abs().sqrt()


def expanded(values: Tensor) -> Tensor:
    """The way back from `companded`."""
    return values * values.abs()


def band_weights(bands: int, bins: int) -> Tensor:
    """[bands, bins]: each bin between its two nearest bands, which widen towards the top."""
    place = torch.log1p(torch.arange(bins) * (WARP / bins)) / math.log1p(WARP) * (bands - 1)
    return (1.0 - (place[None] - torch.arange(bands)[:, None]).abs()).clamp(min=0)


def to_mid_side(audio: Tensor) -> Tensor:
    """[B, C, N]: left and right to middle and side, or back (it is its own inverse); mono stays."""
    if audio.shape[1] != 2:
        return audio
    left, right = audio[:, 0], audio[:, 1]
    return torch.stack([left + right, left - right], 1) * 0.5**0.5
