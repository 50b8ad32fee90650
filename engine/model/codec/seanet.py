"""SEANet: convolutions that shorten the sound step by step, an LSTM, and the same way back.

    audio [B, C, N] -> conv -> (residual units, shorten, widen) x ratios -> LSTM -> conv -> latents
    latents [B, D, F] -> conv -> LSTM -> (lengthen, narrow, residual units) x ratios -> conv -> audio

Source: Tagliasacchi et al. 2020 (SEANet), Zeghidour et al. 2021 (SoundStream), Défossez et al. 2022
(EnCodec). Layers stand in the published order, so published weights fit them name by name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.errors import EngineError
from engine.model.codec.config import LARGEST
from engine.model.codec.streaming import ELU, LSTM, Chain, Conv1d, ConvTranspose1d, Manner


@dataclass(frozen=True)
class SeanetConfig:
    """`ratios` are the decoder's, whose product is the hop; the encoder takes them from the end.

    `filters`: width next to the audio, doubled with every ratio. A residual unit narrows by `compress`; unit
    j of a level is dilated by `dilation_growth ** j`. `causal` with `constant` padding streams with no delay.

    The defaults are for 44.1 kHz stereo at a hop of 882: a decoded frame of 20 ms costs one core 2.7 ms (32
    filters: 5.1; both beside other work on the machine). At a hop of 588 ratios 7, 7, 4, 3 cost 2.6 ms.
    """

    ratios: tuple[int, ...] = (9, 7, 7, 2)
    filters: int = 24
    kernel: int = 7
    last_kernel: int = 7
    residual_kernel: int = 3
    residual_layers: int = 1
    dilation_growth: int = 2
    compress: int = 2
    lstm_layers: int = 2
    conv_shortcut: bool = True
    causal: bool = True
    padding: str = "constant"
    norm: str = "weight_norm"

    @property
    def manner(self) -> Manner:
        return Manner(self.causal, self.padding, self.norm)

    @property
    def widest(self) -> int:
        return int(self.filters * 2 ** len(self.ratios))

    def check_hop(self, hop: int) -> None:
        """EngineError `range` where the ratios do not make a frame of `hop` samples."""
        if math.prod(self.ratios) != hop:
            raise EngineError(
                "range",
                f"ratios {self.ratios} make a hop of {math.prod(self.ratios)} samples; this codec's is {hop}",
            )


class ResidualUnit(nn.Module):
    """Adds to the sound what a dilated and a pointwise convolution make of it: [B, D, N] -> [B, D, N]."""

    def __init__(self, width: int, dilation: int, config: SeanetConfig) -> None:
        super().__init__()
        inner, manner = width // config.compress, config.manner
        if not inner or dilation > LARGEST:
            raise EngineError(
                "range",
                f"a residual unit of {width} / {config.compress} values, dilated by {dilation}; allowed are "
                f"1 or more, and 1 to {LARGEST}",
            )
        dilated = Conv1d(width, inner, config.residual_kernel, manner, dilation=dilation)
        self.block = nn.ModuleList([ELU(), dilated, ELU(), Conv1d(inner, width, 1, manner)])
        self.shortcut = Conv1d(width, width, 1, manner) if config.conv_shortcut else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for layer in self.block:
            y = layer(y)
        out: Tensor = self.shortcut(x) + y
        return out

    def stream(self) -> ResidualStream:
        return ResidualStream(self)


class ResidualStream:
    """The way around waits for the way through, which may hold its first samples back."""

    def __init__(self, unit: ResidualUnit) -> None:
        self.through = Chain(unit.block)
        self.around = Chain(nn.ModuleList([unit.shortcut] if isinstance(unit.shortcut, Conv1d) else []))
        self.waiting: Tensor | None = None  # [B, n, D]

    def step(self, x: Tensor, last: bool = False) -> Tensor:
        y, around = self.through.step(x, last), self.around.step(x, last)
        if self.waiting is not None:
            around = torch.cat([self.waiting, around], 1)
        self.waiting = around[:, y.shape[1] :]
        return around[:, : y.shape[1]] + y


class SEANetEncoder(nn.Module):
    def __init__(self, channels: int, hop: int, latent_width: int, config: SeanetConfig) -> None:
        super().__init__()
        config.check_hop(hop)
        self.channels, manner, width = channels, config.manner, config.filters
        layers: list[nn.Module] = [Conv1d(channels, width, config.kernel, manner)]
        for ratio in reversed(config.ratios):
            layers += residual_units(width, config)
            layers += [ELU(), Conv1d(width, 2 * width, 2 * ratio, manner, stride=ratio)]
            width *= 2
        layers += memory(width, config)
        layers += [ELU(), Conv1d(width, latent_width, config.last_kernel, manner)]
        self.layers = nn.ModuleList(layers)

    def forward(self, audio: Tensor) -> Tensor:
        """audio [B, C, N] -> latents [B, D, F]; a last frame that is not whole is filled up."""
        for layer in self.layers:
            audio = layer(audio)
        return audio

    def stream(self) -> SeanetStream:
        """`step` takes audio of any length and gives the latents that are known; see SeanetStream."""
        return SeanetStream(self.layers, self.channels)


class SEANetDecoder(nn.Module):
    def __init__(self, channels: int, hop: int, latent_width: int, config: SeanetConfig) -> None:
        super().__init__()
        config.check_hop(hop)
        self.latent_width, manner, width = latent_width, config.manner, config.widest
        layers: list[nn.Module] = [Conv1d(latent_width, width, config.kernel, manner)]
        layers += memory(width, config)
        for ratio in config.ratios:
            layers += [ELU(), ConvTranspose1d(width, width // 2, ratio, manner)]
            width //= 2
            layers += residual_units(width, config)
        layers += [ELU(), Conv1d(width, channels, config.last_kernel, manner)]
        self.layers = nn.ModuleList(layers)

    def forward(self, latents: Tensor) -> Tensor:
        """latents [B, D, F] -> audio [B, C, F * hop]."""
        for layer in self.layers:
            latents = layer(latents)
        return latents

    def stream(self) -> SeanetStream:
        """`step` takes latents [B, D, F] and gives the audio that they finish; see SeanetStream."""
        return SeanetStream(self.layers, self.latent_width)


class SeanetStream:
    """An encoder or a decoder piece by piece: all steps and the flush, end to end, are the batch's outputs.

    With constant padding every step answers whole; with reflect padding the first outputs come when the first
    convolution can mirror its beginning (kernel 7: with the seventh frame). The weights are those at the time
    it was made. EngineError `not_available` for a network that sees the future.
    """

    def __init__(self, layers: nn.ModuleList, inputs: int) -> None:
        self.layers, self.inputs = layers, inputs
        self.chain = Chain(layers)
        self.batch: int | None = None

    @torch.inference_mode()
    def step(self, x: Tensor) -> Tensor:
        self.batch = x.shape[0]
        return self.chain.step(x.transpose(1, 2)).transpose(1, 2)

    @torch.inference_mode()
    def flush(self) -> Tensor:
        """What was held back; the stream is then new. EngineError `empty` where nothing went in."""
        if self.batch is None:
            raise EngineError("empty", "nothing was decoded yet: there is nothing to flush")
        like = next(self.layers.parameters())
        y = self.chain.step(like.new_zeros(self.batch, 0, self.inputs), last=True)
        self.chain, self.batch = Chain(self.layers), None
        return y.transpose(1, 2)


def residual_units(width: int, config: SeanetConfig) -> list[nn.Module]:
    return [ResidualUnit(width, config.dilation_growth**j, config) for j in range(config.residual_layers)]


def memory(width: int, config: SeanetConfig) -> list[nn.Module]:
    return [LSTM(width, config.lstm_layers)] if config.lstm_layers else []
