"""The multi-scale STFT discriminator: is this audio original or decoded, seen in spectra of several lengths?

    audio [B, C, N] -> complex spectra, real and imaginary parts as channels [B, 2C, frames, bins]
                    -> 2D convolutions, ever wider in time by dilation -> logits [B, 1, frames, bins / 8]

One network a window length, all alike. Source: Défossez et al. 2022 (EnCodec), section 3.4. All channels of
the audio are seen at once, where EnCodec judges left and right apart: so the width is judged too.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from engine.errors import EngineError
from engine.training.codec.config import WINDOWS

SLOPE = 0.2  # of the leaky rectifier
FLOOR = 1e-2  # magnitudes below are hardly compressed: a full-scale sine has 6 (window 256) to 26 (4096)


@dataclass(frozen=True)
class DiscriminatorConfig:
    """`windows` in samples. `filters` a layer.

    `power` compresses the magnitudes, 1 as published. Most of music's bins are thousandths of the loudest:
    after 60 steps on drums with blurred phases the loss was 1.78 with 0.3; with 1 still 2.00, a coin's.
    """

    windows: tuple[int, ...] = WINDOWS
    filters: int = 32
    dilations: tuple[int, ...] = (1, 2, 4)  # in time; each of these layers also halves the bins
    kernel: tuple[int, int] = (3, 9)  # frames, bins
    power: float = 0.3


DEBUG = DiscriminatorConfig(windows=(128, 64), filters=4, dilations=(1,))


@dataclass(frozen=True)
class Judgement:
    """What one scale says: above zero for original, and the activations of its layers on the way."""

    logits: Tensor  # [B, 1, frames, bins]
    features: tuple[Tensor, ...]  # each [B, filters, frames, bins]


class MsStftDiscriminator(nn.Module):
    def __init__(self, config: DiscriminatorConfig, channels: int) -> None:
        """EngineError `range` for windows that are no lengths of a spectrum."""
        super().__init__()
        self.config, self.channels = config, channels
        if not config.windows or any(window < 16 or window % 4 for window in config.windows):
            raise EngineError(
                "range", f"windows {config.windows}; each is a multiple of 4, 16 samples or more"
            )
        self.scales = nn.ModuleList(ScaleDiscriminator(window, config, channels) for window in config.windows)

    def forward(self, audio: Tensor) -> list[Judgement]:
        """audio [B, C, N] -> a judgement a scale. EngineError `range` for less than the longest window."""
        assert audio.shape[1] == self.channels, audio.shape
        if audio.shape[-1] < max(self.config.windows):
            raise EngineError(
                "range",
                f"{audio.shape[-1]} samples to judge; the longest window is {max(self.config.windows)}: "
                "train with longer pieces",
            )
        return [scale(audio) for scale in self.scales]


class ScaleDiscriminator(nn.Module):
    """The one for spectra of `window` samples, a quarter of that apart."""

    shape: Tensor

    def __init__(self, window: int, config: DiscriminatorConfig, channels: int) -> None:
        super().__init__()
        self.window, self.power = window, config.power
        self.register_buffer("shape", torch.hann_window(window), persistent=False)
        width = config.filters
        layers = [_convolution(2 * channels, width, config.kernel)]
        layers += [
            _convolution(width, width, config.kernel, stride=(1, 2), dilation=(dilation, 1))
            for dilation in config.dilations
        ]
        square = (config.kernel[0], config.kernel[0])
        layers.append(_convolution(width, width, square))
        self.layers = nn.ModuleList(layers)
        self.verdict = _convolution(width, 1, square)

    def forward(self, audio: Tensor) -> Judgement:
        x = self.spectra(audio)
        features = []
        for layer in self.layers:
            x = functional.leaky_relu(layer(x), SLOPE)
            features.append(x)
        return Judgement(self.verdict(x), tuple(features))

    def spectra(self, audio: Tensor) -> Tensor:
        """audio [B, C, N] -> real and imaginary parts [B, 2C, frames, bins], of its energy (power 1)."""
        pieces = audio.float().unfold(-1, self.window, self.window // 4)  # [B, C, frames, window]
        found = torch.fft.rfft(pieces * self.shape) / self.shape.pow(2).sum().sqrt()
        if self.power != 1.0:
            size = (found.real.square() + found.imag.square() + 1e-12).sqrt()
            found = found * (size + FLOOR).pow(self.power - 1.0)
        return torch.cat([found.real, found.imag], 1)


def _convolution(
    into: int,
    out: int,
    kernel: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
) -> nn.Module:
    padding = ((kernel[0] - 1) * dilation[0] // 2, (kernel[1] - 1) * dilation[1] // 2)
    layer = nn.Conv2d(into, out, kernel, stride, padding, dilation)
    # So that six layers hand on what they are given: torch's own start fades it to less than the biases.
    nn.init.kaiming_normal_(layer.weight, SLOPE)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return weight_norm(layer)
