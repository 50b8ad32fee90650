"""The spectral pair: short spectra in, ConvNeXt over frames, short spectra out.

    audio -> middle and side -> spectra of the frame's sub-frames -> ConvNeXt (sees both ways) -> latents
    latents -> ConvNeXt (sees the past) -> magnitude and phase of the sub-frames -> overlap-add -> audio

A frame of `hop` samples is `sub_frames` spectra of `overlap * hop / sub_frames` samples: short ones keep
attacks sharp, long ones keep tones pure. Source: Siuzdak 2023 (Vocos) for the head, Liu et al. 2022 for
ConvNeXt. The decoder looks ahead by no more than the overlap of its spectra, so it can be streamed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import EngineError
from engine.model.codec.config import SpectralConfig

FLOOR = 1e-4  # -80 dB of a full-scale sine's peak bin: below it a spectrum says nothing
QUIET = -6.0  # log magnitude, about -52 dB
LOUDEST = 4.5  # log magnitude: exp(4.5) is some 20 dB above a normalised full-scale sine


class SpectralEncoder(nn.Module):
    def __init__(self, channels: int, hop: int, latent_width: int, config: SpectralConfig) -> None:
        super().__init__()
        self.grid = Grid(hop, config)
        values = channels * 3 * self.grid.bins * config.sub_frames
        self.into = nn.Linear(values, config.encoder_width)
        self.norm = nn.LayerNorm(config.encoder_width)
        reach = config.kernel // 2
        self.blocks = nn.ModuleList(
            Block(config.encoder_width, config.kernel, config.kernel - 1 - reach, config.expansion)
            for _ in range(config.encoder_depth)
        )
        self.out_norm = nn.LayerNorm(config.encoder_width)
        self.out = nn.Linear(config.encoder_width, latent_width)

    def forward(self, audio: Tensor) -> Tensor:
        """audio [B, C, N], N whole frames -> latents [B, D, F]."""
        spectra = self.grid.spectra(to_mid_side(audio))  # complex [B, C, F * sub, bins]
        x = self.norm(self.into(self.grid.by_frame(features(spectra))))  # [B, F, D]
        for block in self.blocks:
            x = block(x)
        out: Tensor = self.out(self.out_norm(x))
        return out.transpose(1, 2)


class SpectralDecoder(nn.Module):
    def __init__(self, channels: int, hop: int, latent_width: int, config: SpectralConfig) -> None:
        super().__init__()
        self.grid = Grid(hop, config)
        self.channels = channels
        self.into = nn.Linear(latent_width, config.decoder_width)
        self.norm = nn.LayerNorm(config.decoder_width)
        self.blocks = nn.ModuleList(
            Block(config.decoder_width, config.kernel, config.kernel - 1, config.expansion)
            for _ in range(config.decoder_depth)
        )
        self.out_norm = nn.LayerNorm(config.decoder_width)
        self.out = nn.Linear(config.decoder_width, channels * 2 * self.grid.bins * config.sub_frames)
        # Begins about as soft as music's mean spectrum: a loud start costs hundreds of steps.
        with torch.no_grad():
            self.grid.by_sub_frame(self.out.bias[None, None], channels, 2)[..., 0] = QUIET

    def forward(self, latents: Tensor) -> Tensor:
        """latents [B, D, F] -> audio [B, C, F * hop]."""
        x = self.norm(self.into(latents.transpose(1, 2)))  # [B, F, D]
        for block in self.blocks:
            x = block(x)
        return to_mid_side(self.grid.audio(self.spectra_of(x)))

    def spectra_of(self, x: Tensor) -> Tensor:
        """x [B, F, D] -> complex [B, C, F * sub, bins]."""
        values = self.grid.by_sub_frame(self.out(self.out_norm(x)).float(), self.channels, 2)
        magnitude = torch.exp(values[..., 0].clamp(max=LOUDEST))
        return torch.polar(magnitude, values[..., 1])

    def stream(self) -> SpectralStream:
        return SpectralStream(self)


class SpectralStream:
    """Decodes as frames come: all steps and the flush, put end to end, are the batch's samples.

    The first samples come with the second step: a sample is out when every spectrum over it is known.
    """

    def __init__(self, decoder: SpectralDecoder) -> None:
        self.decoder = decoder
        self.blocks = [block for block in decoder.blocks if isinstance(block, Block)]
        self._restart()

    def _restart(self) -> None:
        self.pasts: list[Tensor | None] = [None] * len(self.blocks)
        self.tail: Tensor | None = None  # [B, C, window - sub_hop], sums still open
        self.cover: Tensor | None = None  # [window - sub_hop], the window's share of them
        self.to_drop = self.decoder.grid.lead

    @torch.inference_mode()
    def step(self, latents: Tensor) -> Tensor:
        """latents [B, D, F] of the next frames -> the samples they finish [B, C, n]."""
        decoder, grid = self.decoder, self.decoder.grid
        x = decoder.norm(decoder.into(latents.transpose(1, 2)))
        for i, block in enumerate(self.blocks):
            x, self.pasts[i] = block.step(x, self.pasts[i])
        sums, cover = grid.overlapped(decoder.spectra_of(x))
        if self.tail is not None and self.cover is not None:
            sums[..., : self.tail.shape[-1]] += self.tail
            cover[: self.cover.shape[0]] += self.cover
        done = sums.shape[-1] - (grid.window - grid.sub_hop)
        self.tail, self.cover = sums[..., done:].clone(), cover[done:].clone()
        return self._out(sums[..., :done], cover[:done])

    @torch.inference_mode()
    def flush(self) -> Tensor:
        """The samples that waited for spectra that do not come."""
        if self.tail is None or self.cover is None:
            raise EngineError("empty", "nothing was decoded yet: there is nothing to flush")
        end = self.tail.shape[-1] - self.decoder.grid.trail
        out = self._out(self.tail[..., :end], self.cover[:end])
        self._restart()
        return out

    def _out(self, sums: Tensor, cover: Tensor) -> Tensor:
        start = min(self.to_drop, sums.shape[-1])
        self.to_drop -= start
        return to_mid_side(sums[..., start:] / cover[start:])


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
        return x + self.changed(functional.pad(x, (0, 0, self.past, self.future)), x.shape[1])

    def step(self, x: Tensor, past: Tensor | None) -> tuple[Tensor, Tensor]:
        """The next frames after `past` [B, kernel - 1, D]; returns theirs and the new past."""
        if past is None:
            past = x.new_zeros(x.shape[0], self.past, x.shape[2])
        both = torch.cat([past, x], 1)
        return x + self.changed(both, x.shape[1]), both[:, both.shape[1] - self.past :]

    def changed(self, padded: Tensor, frames: int) -> Tensor:
        # A sum of shifted rows: half the time of a grouped convolution on a CPU, and no transposing.
        y = self.bias + padded[:, :frames] * self.depthwise[0]
        for k in range(1, self.depthwise.shape[0]):
            y = y + padded[:, k : k + frames] * self.depthwise[k]
        y = self.narrow(functional.gelu(self.wide(self.norm(y)), approximate="tanh"))
        return y * self.scale


class Grid(nn.Module):
    """Where the sub-frames of a frame lie, and the way from samples to spectra and back."""

    shape: Tensor

    def __init__(self, hop: int, config: SpectralConfig) -> None:
        super().__init__()
        if hop % config.sub_frames:
            raise EngineError(
                "range", f"a hop of {hop} samples does not divide into {config.sub_frames} sub-frames"
            )
        self.hop, self.sub_frames = hop, config.sub_frames
        self.sub_hop = hop // config.sub_frames
        self.window = self.sub_hop * config.overlap
        self.window += self.window % 2
        self.bins = self.window // 2 + 1
        # Spectrum s is centred on its own sub-frame; what stands out at the ends is cut off.
        self.lead = (self.window - self.sub_hop) // 2
        self.trail = self.window - self.sub_hop - self.lead
        self.register_buffer("shape", torch.hann_window(self.window, periodic=True), persistent=False)

    def spectra(self, audio: Tensor) -> Tensor:
        """audio [B, C, N] -> complex [B, C, N / sub_hop, bins]; a full-scale sine has a peak of 1."""
        padded = functional.pad(audio, (self.lead, self.trail))
        pieces = padded.unfold(-1, self.window, self.sub_hop)  # [B, C, F * sub, window]
        return torch.fft.rfft(pieces * self.shape) * (4.0 / self.window)

    def audio(self, spectra: Tensor) -> Tensor:
        """complex [B, C, F * sub, bins] -> audio [B, C, F * hop]."""
        sums, cover = self.overlapped(spectra)
        end = sums.shape[-1] - self.trail
        return sums[..., self.lead : end] / cover[self.lead : end]

    def overlapped(self, spectra: Tensor) -> tuple[Tensor, Tensor]:
        """The windowed sum of the sub-frames [B, C, S * sub_hop + window - sub_hop], and the windows' share."""
        pieces = torch.fft.irfft(spectra, self.window) * (self.shape * (self.window / 4.0))
        squares = (self.shape * self.shape).expand(1, 1, pieces.shape[2], self.window)
        return self._added(pieces), self._added(squares)[0, 0].clamp(min=1e-4)

    def _added(self, pieces: Tensor) -> Tensor:
        """pieces [B, C, S, window] -> overlap-add [B, C, S * sub_hop + window - sub_hop]."""
        batch, channels, count, window = pieces.shape
        length = count * self.sub_hop + window - self.sub_hop
        columns = pieces.reshape(batch * channels, count, window).transpose(1, 2)
        summed = functional.fold(columns, (1, length), (1, window), stride=(1, self.sub_hop))
        return summed.reshape(batch, channels, length)

    def by_frame(self, values: Tensor) -> Tensor:
        """[B, C, F * sub, bins, X] -> [B, F, everything of the frame]."""
        batch, channels, count, bins, kinds = values.shape
        grouped = values.reshape(batch, channels, count // self.sub_frames, self.sub_frames, bins, kinds)
        return grouped.permute(0, 2, 1, 3, 4, 5).reshape(batch, count // self.sub_frames, -1)

    def by_sub_frame(self, values: Tensor, channels: int, kinds: int) -> Tensor:
        """[B, F, everything of the frame] -> [B, C, F * sub, bins, X]."""
        batch, frames, _ = values.shape
        grouped = values.reshape(batch, frames, channels, self.sub_frames, self.bins, kinds)
        moved = grouped.permute(0, 2, 1, 3, 4, 5)
        return moved.reshape(batch, channels, frames * self.sub_frames, self.bins, kinds)


def features(spectra: Tensor) -> Tensor:
    """complex [...] -> [..., 3]: the logarithm of the magnitude, and the phase at a compressed one.

    The phase is what lets a waveform be kept, not only its spectrum; compressed (power 0.3), because
    equal steps of it are heard as about equal.
    """
    magnitude = spectra.abs() + FLOOR
    squeezed = spectra * magnitude.pow(-0.7)
    level = (torch.log(magnitude) + 4.6) * 0.25  # about -1 .. 1 between the floor and full scale
    return torch.stack([level, squeezed.real, squeezed.imag], -1)


def to_mid_side(audio: Tensor) -> Tensor:
    """[B, C, N]: left and right to middle and side, or back (it is its own inverse); mono stays."""
    if audio.shape[1] != 2:
        return audio
    left, right = audio[:, 0], audio[:, 1]
    return torch.stack([left + right, left - right], 1) * 0.5**0.5
