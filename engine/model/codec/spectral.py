"""The spectral pair: short spectra in, ConvNeXt over frames, short spectra out.

    audio -> middle and side -> spectra of the frame's sub-frames -> ConvNeXt (sees both ways) -+-> latents
                 `-> waveform of the low band, companded --------------- linear -----------------'
    latents -> ConvNeXt (sees the past) -> shapes x gains of bands -> overlap-add -> audio
          `--- linear --> waveform of the low band ------------------------'

A frame of `hop` samples is `sub_frames` pieces of twice hop / sub_frames samples, which overlap by half:
short ones keep attacks sharp, long ones keep tones pure. Where a stem has its energy, below `low_bins`, its
very waveform goes through (lapped cosines, Princen and Bradley 1986): learnt from nothing, the phase of tones
took longer than all the rest. Above it the ear asks for spectra: complex shapes times gains of bands.
ConvNeXt: Liu et al. 2022; inverse-STFT heads: Siuzdak 2023 (Vocos). The decoder looks ahead by no more than
half a sub-frame, so it can be streamed.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import EngineError
from engine.model.codec.config import SpectralConfig

FLOOR = 1e-5  # -100 dB of a full-scale sine's peak bin: below it a spectrum says nothing
QUIET = -6.0  # log gain at the start, about -52 dB: a loud start costs hundreds of steps
LOUDEST = 4.5  # log gain, some 40 dB above a full-scale sine
WARP = 40.0  # bands are even below a fortieth of the spectrum, and ever wider above


class SpectralEncoder(nn.Module):
    def __init__(self, channels: int, hop: int, latent_width: int, config: SpectralConfig) -> None:
        super().__init__()
        self.grid = Grid(hop, latent_width, config)
        width = config.encoder_width
        self.into = nn.Linear(channels * 3 * self.grid.bins * config.sub_frames, width)
        self.norm = nn.LayerNorm(width)
        reach = config.kernel // 2
        self.blocks = nn.ModuleList(
            Block(width, config.kernel, config.kernel - 1 - reach, config.expansion)
            for _ in range(config.encoder_depth)
        )
        self.out_norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, latent_width)
        with torch.no_grad():  # the waveform goes through untouched at first
            self.out.weight[: self.grid.lows] = 0.0
            self.out.bias[: self.grid.lows] = 0.0
        self.low = nn.Parameter(torch.eye(self.grid.lows, latent_width) * config.low_scale)

    def forward(self, audio: Tensor) -> Tensor:
        """audio [B, C, N], N whole frames -> latents [B, D, F]."""
        pieces = self.grid.pieces(to_mid_side(audio))  # [B, C, F * sub, window]
        x = self.norm(self.into(self.grid.by_frame(features(self.grid.spectra(pieces)))))  # [B, F, D]
        for block in self.blocks:
            x = block(x)
        low = companded(self.grid.by_frame(self.grid.low_band(pieces[:, :1])[..., None]))
        latents: Tensor = self.out(self.out_norm(x)) + low @ self.low
        return latents.transpose(1, 2)


class SpectralDecoder(nn.Module):
    def __init__(self, channels: int, hop: int, latent_width: int, config: SpectralConfig) -> None:
        super().__init__()
        self.grid = Grid(hop, latent_width, config)
        self.channels, self.bands = channels, config.bands
        width, sub_frames = config.decoder_width, config.sub_frames
        self.into = nn.Linear(latent_width, width)
        self.norm = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(
            Block(width, config.kernel, config.kernel - 1, config.expansion)
            for _ in range(config.decoder_depth)
        )
        self.out_norm = nn.LayerNorm(width)
        self.shape = nn.Linear(width, channels * 2 * self.grid.bins * sub_frames)
        self.gain = nn.Linear(width, channels * self.bands * sub_frames)
        nn.init.constant_(self.gain.bias, QUIET)
        self.low = nn.Parameter(torch.eye(latent_width, self.grid.lows) / config.low_scale)
        self.low_change = nn.Linear(width, self.grid.lows)
        nn.init.zeros_(self.low_change.weight)
        nn.init.zeros_(self.low_change.bias)
        self.register_buffer("between", band_weights(self.bands, self.grid.bins), persistent=False)

    between: Tensor

    def forward(self, latents: Tensor) -> Tensor:
        """latents [B, D, F] -> audio [B, C, F * hop]."""
        rows = latents.transpose(1, 2)  # [B, F, D]
        x = self.norm(self.into(rows))
        for block in self.blocks:
            x = block(x)
        return to_mid_side(self.grid.audio(self.pieces(rows, x)))

    def pieces(self, rows: Tensor, x: Tensor) -> Tensor:
        """latents [B, F, D] and what the blocks made of them -> windowed pieces [B, C, F * sub, window]."""
        x = self.out_norm(x)
        shape = self.grid.by_sub_frame(self.shape(x).float(), self.channels, 2 * self.grid.bins)
        gain = self.grid.by_sub_frame(self.gain(x).float(), self.channels, self.bands)
        size = torch.exp(gain.clamp(max=LOUDEST)) @ self.between  # [B, C, F * sub, bins]
        real, imaginary = shape.chunk(2, -1)
        pieces = self.grid.from_spectra(torch.complex(real * size, imaginary * size))
        low = (rows @ self.low + self.low_change(x)).float()
        waveform = self.grid.from_low_band(expanded(self.grid.by_sub_frame(low, 1, self.grid.low_bins)))
        return torch.cat([pieces[:, :1] + waveform, pieces[:, 1:]], 1)

    def stream(self) -> SpectralStream:
        return SpectralStream(self)


class SpectralStream:
    """Decodes as frames come: all steps and the flush, put end to end, are the batch's samples.

    A sample is out when every piece over it is known: half a sub-frame after its own frame.
    """

    def __init__(self, decoder: SpectralDecoder) -> None:
        self.decoder = decoder
        self.blocks = [block for block in decoder.blocks if isinstance(block, Block)]
        self._restart()

    def _restart(self) -> None:
        self.pasts: list[Tensor | None] = [None] * len(self.blocks)
        self.tail: Tensor | None = None  # [B, C, sub_hop], a sum still open
        self.to_drop = self.decoder.grid.lead

    @torch.inference_mode()
    def step(self, latents: Tensor) -> Tensor:
        """latents [B, D, F] of the next frames -> the samples they finish [B, C, n]."""
        decoder, grid = self.decoder, self.decoder.grid
        rows = latents.transpose(1, 2)
        x = decoder.norm(decoder.into(rows))
        for i, block in enumerate(self.blocks):
            x, self.pasts[i] = block.step(x, self.pasts[i])
        sums = grid.added(decoder.pieces(rows, x))
        if self.tail is None:
            sums[..., : grid.sub_hop] /= grid.cover
        else:
            sums[..., : grid.sub_hop] += self.tail
        self.tail = sums[..., -grid.sub_hop :]
        return self._out(sums[..., : -grid.sub_hop])

    @torch.inference_mode()
    def flush(self) -> Tensor:
        """The samples that waited for a frame that does not come."""
        if self.tail is None:
            raise EngineError("empty", "nothing was decoded yet: there is nothing to flush")
        grid = self.decoder.grid
        out = self._out((self.tail / grid.cover.flip(0))[..., : grid.sub_hop - grid.trail])
        self._restart()
        return out

    def _out(self, sums: Tensor) -> Tensor:
        start = min(self.to_drop, sums.shape[-1])
        self.to_drop -= start
        return to_mid_side(sums[..., start:])


class Block(nn.Module):
    """ConvNeXt along frames; `past` of its `kernel` frames lie before the present one."""

    def __init__(self, width: int, kernel: int, past: int, expansion: int) -> None:
        super().__init__()
        self.past, self.future = past, kernel - 1 - past
        self.depthwise = nn.Parameter(torch.randn(kernel, width) / kernel**0.5)
        self.bias = nn.Parameter(torch.zeros(width))
        self.norm = nn.LayerNorm(width)
        self.wide = nn.Linear(width, expansion * width)
        self.narrow = nn.Linear(expansion * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        """x [B, F, D] -> [B, F, D]; frames beyond the ends are silent."""
        return x + self._changed(functional.pad(x, (0, 0, self.past, self.future)), x.shape[1])

    def step(self, x: Tensor, past: Tensor | None) -> tuple[Tensor, Tensor]:
        """The next frames after `past` [B, kernel - 1, D]; returns theirs and the new past."""
        if past is None:
            past = x.new_zeros(x.shape[0], self.past, x.shape[2])
        both = torch.cat([past, x], 1)
        return x + self._changed(both, x.shape[1]), both[:, both.shape[1] - self.past :]

    def _changed(self, padded: Tensor, frames: int) -> Tensor:
        # A sum of shifted rows: no transposing, and a compiler makes one pass of it.
        y = self.bias + padded[:, :frames] * self.depthwise[0]
        for k in range(1, self.depthwise.shape[0]):
            y = y + padded[:, k : k + frames] * self.depthwise[k]
        y = self.narrow(functional.gelu(self.wide(self.norm(y)), approximate="tanh"))
        return y * self.scale


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
        if self.lows > latent_width:
            raise EngineError(
                "range", f"{self.lows} values of the low band in {latent_width} latents; not more fit"
            )
        self.sub_hop = hop // self.sub_frames
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
