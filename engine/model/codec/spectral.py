"""The spectral pair: short spectra in, ConvNeXt over frames, short spectra out.

    audio -> middle and side -> spectra of the frame's sub-frames -> ConvNeXt (sees both ways) -+-> latents
                 `-> waveform of the low band, companded; loudness of the bands -- linear -------'
    latents -> ConvNeXt (sees the past) -> shapes x loudness of bands -> overlap-add -> audio
          `--- linear --> loudness of the bands, waveform of the low band --'

A frame of `hop` samples is `sub_frames` pieces of twice hop / sub_frames samples, which overlap by half:
short ones keep attacks sharp, long ones keep tones pure. Where a stem has its energy, below `low_bins`, its
very waveform goes through (lapped cosines, Princen and Bradley 1986): learnt from nothing, the phase of tones
took longer than all the rest. Above it the ear asks how loud each band is, so that goes through as well, and
the network adds shapes of unit energy (constrained energy: Valin et al. 2013, CELT). A gain curve with a
point every millisecond closes over what the pieces spread before an attack.
ConvNeXt: Liu et al. 2022; inverse-STFT heads: Siuzdak 2023 (Vocos). The decoder looks ahead by no more than
half a sub-frame, so it can be streamed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.errors import EngineError
from engine.model.codec.config import SpectralConfig
from engine.model.codec.convnext import Block
from engine.model.codec.grid import Grid, band_weights, companded, expanded, features, to_mid_side
from engine.model.codec.loudness import Loudness

LEAST_ENERGY = 1e-4  # of a shape: what is next to nothing is not made loud
OVERLAP = 0.35  # log gain: pieces of unit energy, windowed and added up, come out 3 dB softer
LOUDEST = 4.5  # log gain, some 40 dB above a full-scale sine


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
        self.loudness = Loudness(self.grid, channels, config)
        self.loud = nn.Parameter(self.loudness.path(latent_width) * config.band_scale)
        through = self.grid.lows + self.loudness.count
        with torch.no_grad():  # what goes through is untouched at first
            self.out.weight[:through] = 0.0
            self.out.bias[:through] = 0.0
        self.low = nn.Parameter(torch.eye(self.grid.lows, latent_width) * config.low_scale)

    def forward(self, audio: Tensor) -> Tensor:
        """audio [B, C, N], N whole frames -> latents [B, D, F]."""
        pieces = self.grid.pieces(to_mid_side(audio))  # [B, C, F * sub, window]
        spectra = self.grid.spectra(pieces)
        x = self.norm(self.into(self.grid.by_frame(features(spectra))))  # [B, F, D]
        for block in self.blocks:
            x = block(x)
        low = companded(self.grid.by_frame(self.grid.low_band(pieces[:, :1])[..., None]))
        through = low @ self.low + self.loudness(spectra) @ self.loud
        latents: Tensor = self.out(self.out_norm(x)) + through
        return latents.transpose(1, 2)


class SpectralDecoder(nn.Module):
    between: Tensor
    within: Tensor

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
        nn.init.zeros_(self.gain.weight)
        nn.init.constant_(self.gain.bias, OVERLAP)
        self.loudness = Loudness(self.grid, channels, config)
        self.loud = nn.Parameter(self.loudness.path(latent_width).T.contiguous() / config.band_scale)
        self.low = nn.Parameter(torch.eye(latent_width, self.grid.lows) / config.low_scale)
        self.low_change = nn.Linear(width, self.grid.lows)
        nn.init.zeros_(self.low_change.weight)
        nn.init.zeros_(self.low_change.bias)
        self.gate = nn.Linear(width, config.gates)
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.gate.bias)
        between = band_weights(self.bands, self.grid.bins)
        self.register_buffer("between", between, persistent=False)
        self.register_buffer(
            "within", (between / between.sum(1, keepdim=True)).T.contiguous(), persistent=False
        )

    def forward(self, latents: Tensor) -> Tensor:
        """latents [B, D, F] -> audio [B, C, F * hop]."""
        rows = latents.transpose(1, 2)  # [B, F, D]
        x = self.norm(self.into(rows))
        for block in self.blocks:
            x = block(x)
        x = self.out_norm(x)
        points = self.gates(x)
        gains = ramps(points, points[:, :1], self.grid.gate_samples)
        return to_mid_side(self.grid.audio(self.pieces(rows, x)) * gains)

    def pieces(self, rows: Tensor, x: Tensor) -> Tensor:
        """latents [B, F, D] and what the blocks made of them -> windowed pieces [B, C, F * sub, window]."""
        shape = self.grid.by_sub_frame(self.shape(x).float(), self.channels, 2 * self.grid.bins)
        gain = self.grid.by_sub_frame(self.gain(x).float(), self.channels, self.bands)
        gain = gain + self.loudness.gains((rows @ self.loud).float())
        real, imaginary = shape.chunk(2, -1)
        energy = (real.square() + imaginary.square()) @ self.within  # [B, C, F * sub, bands], 1 on the whole
        gain = gain.clamp(max=LOUDEST) - 0.5 * torch.log(energy + LEAST_ENERGY)
        size = torch.exp(gain) @ self.between  # [B, C, F * sub, bins]
        pieces = self.grid.from_spectra(torch.complex(real * size, imaginary * size))
        low = (rows @ self.low + self.low_change(x)).float()
        waveform = self.grid.from_low_band(expanded(self.grid.by_sub_frame(low, 1, self.grid.low_bins)))
        return torch.cat([pieces[:, :1] + waveform, pieces[:, 1:]], 1)

    def gates(self, x: Tensor) -> Tensor:
        """x [B, F, D] -> points of the gain curve [B, F * gates], 0 .. 2."""
        return 2.0 * torch.sigmoid(self.gate(x).float()).flatten(1)

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
        self.gate: Tensor | None = None  # [B, 1], the last point of the gain curve
        self.gains: Tensor | None = None  # [B, 1, n], of the samples that are not out yet
        self.to_drop = self.decoder.grid.lead

    @torch.inference_mode()
    def step(self, latents: Tensor) -> Tensor:
        """latents [B, D, F] of the next frames -> the samples they finish [B, C, n]."""
        decoder, grid = self.decoder, self.decoder.grid
        rows = latents.transpose(1, 2)
        x = decoder.norm(decoder.into(rows))
        for i, block in enumerate(self.blocks):
            x, self.pasts[i] = block.step(x, self.pasts[i])
        x = decoder.out_norm(x)
        self._take_gates(decoder.gates(x))
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

    def _take_gates(self, points: Tensor) -> None:
        """The gains of the next frames, behind those that still wait for their samples."""
        before = points[:, :1] if self.gate is None else self.gate
        new = ramps(points, before, self.decoder.grid.gate_samples)
        self.gains = new if self.gains is None else torch.cat([self.gains, new], -1)
        self.gate = points[:, -1:]

    def _out(self, sums: Tensor) -> Tensor:
        assert self.gains is not None
        start = min(self.to_drop, sums.shape[-1])
        self.to_drop -= start
        count = sums.shape[-1] - start
        gains, self.gains = self.gains[..., :count], self.gains[..., count:]
        return to_mid_side(sums[..., start:] * gains)


def ramps(points: Tensor, before: Tensor, samples: int) -> Tensor:
    """points [B, P] of a curve, each reached `samples` after the one before it -> [B, 1, P * samples]."""
    starts = torch.cat([before, points[:, :-1]], 1)
    share = torch.arange(1, samples + 1, device=points.device) / samples
    return (starts[..., None] + (points - starts)[..., None] * share).flatten(1)[:, None]
