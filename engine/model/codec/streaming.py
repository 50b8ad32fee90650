"""Convolutions and an LSTM that run on a whole sound, or piece by piece with equal samples.

    batch:   |pad| x0 x1 x2 x3 x4 x5 |      layer(x)
    stream:  |pad| x0 x1 |  x2 | x3 x4 x5 | stream = layer.stream(); stream.step(x, last)

The weights are the layer's; what has to be remembered between pieces is the stream's, so one layer can run
in any number of streams. Padding is that of EnCodec (Défossez et al. 2022): causal layers pad
`kernel - stride` before the first sample, the others on both sides; an input that is no multiple of the
stride is filled up. Where a layer mirrors its beginning (`reflect`), its stream holds the first inputs back
until it has enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from engine.errors import EngineError, unknown

Layer = TypeVar("Layer", bound=nn.Module)

PADDINGS = ("constant", "reflect")
NORMS = ("none", "weight_norm", "time_group_norm")


class Stream(Protocol):
    """A layer on its way through a sound. Streams lay widths last, [B, N, D]: of a few samples at a time a
    matrix product then takes a quarter of the time of the convolution (256 to 128 widths, 9 samples: 36
    against 160 us on one core).
    """

    def step(self, x: Tensor, last: bool = False) -> Tensor:
        """x [B, N, D] the next inputs, possibly none -> the outputs they finish; `last`: the end."""


@dataclass(frozen=True)
class Manner:
    """What all layers of a network share; EngineError `unknown` for a padding or norm that does not exist."""

    causal: bool = True
    padding: str = "constant"
    norm: str = "none"

    def __post_init__(self) -> None:
        if self.padding not in PADDINGS:
            raise unknown("padding", self.padding, PADDINGS)
        if self.norm not in NORMS:
            raise unknown("norm", self.norm, NORMS)

    def check_streams(self) -> None:
        """EngineError `not_available` where a layer needs samples that have not come yet."""
        if not self.causal:
            raise EngineError(
                "not_available", "this codec is not causal: it decodes whole sounds, not streams"
            )
        if self.norm == "time_group_norm":
            raise EngineError(
                "not_available",
                "this codec normalises over the whole sound (time_group_norm): it cannot be streamed",
            )

    def normed(self, conv: Layer) -> Layer:
        return parametrizations.weight_norm(conv) if self.norm == "weight_norm" else conv

    def norm_after(self, width: int) -> nn.Module:
        return nn.GroupNorm(1, width) if self.norm == "time_group_norm" else nn.Identity()


class Conv1d(nn.Module):
    """[B, D, N] -> [B, outputs, N / stride rounded up]."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, manner: Manner, *, stride: int = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        self.manner, self.stride, self.dilation = manner, stride, dilation
        self.span = (kernel - 1) * dilation + 1  # samples that one output sees
        self.conv = manner.normed(nn.Conv1d(inputs, outputs, kernel, stride, dilation=dilation))
        self.norm = manner.norm_after(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.conv(self.padded(x)))
        return y

    def padded(self, x: Tensor) -> Tensor:
        before, after = self.span - self.stride, self.missing(x.shape[-1])
        if not self.manner.causal:
            half = before // 2  # the larger half of an odd padding lies before
            before, after = before - half, after + half
        if self.manner.padding == "reflect":
            return mirrored(x, before, after)
        return functional.pad(x, (before, after))

    def missing(self, samples: int) -> int:
        """Samples that fill the last stride."""
        return -samples % self.stride

    def stream(self) -> ConvStream:
        self.manner.check_streams()
        return ConvStream(self)


class ConvStream:
    """Holds the inputs that later outputs still see."""

    def __init__(self, layer: Conv1d) -> None:
        self.layer = layer
        # Taken once: a weight norm computes its weight anew at every access.
        weight = layer.conv.weight.detach()  # [outputs, D, kernel]
        self.outputs = weight.shape[0]
        self.matrix = weight.permute(2, 1, 0).reshape(-1, self.outputs)  # [kernel * D, outputs]
        self.bias = bias_of(layer.conv)
        self.held: Tensor | None = None  # [B, n, D], padded once `started`
        self.started = False

    def step(self, x: Tensor, last: bool = False) -> Tensor:
        held = x if self.held is None else torch.cat([self.held, x], 1)
        if not self.started:
            if last and held.shape[1]:
                y: Tensor = self.layer(held.transpose(1, 2))
                return y.transpose(1, 2)
            held = self.begun(held)
        if self.started and last:
            held = self.ended(held)
        count = max(0, (held.shape[1] - self.layer.span) // self.layer.stride + 1) if self.started else 0
        self.held = held[:, count * self.layer.stride :]
        return self.convolved(held) if count else x.new_zeros(x.shape[0], 0, self.outputs)

    def convolved(self, held: Tensor) -> Tensor:
        seen = held.unfold(1, self.layer.span, self.layer.stride)[..., :: self.layer.dilation]
        rows = seen.transpose(2, 3).flatten(2)  # [B, n, kernel * D]
        return torch.addmm(self.bias, rows.flatten(0, 1), self.matrix).unflatten(0, rows.shape[:2])

    def begun(self, x: Tensor) -> Tensor:
        """x with the padding before it; as it is while there is too little to mirror."""
        before = self.layer.span - self.layer.stride
        mirror = self.layer.manner.padding == "reflect"
        self.started = x.shape[1] > (before if mirror else 0)
        return self.filled(x, before, 0) if self.started else x

    def ended(self, held: Tensor) -> Tensor:
        """Fills the last stride; held are `span - stride` of padding and what no output has used."""
        return self.filled(held, 0, self.layer.missing(held.shape[1] - (self.layer.span - self.layer.stride)))

    def filled(self, x: Tensor, before: int, after: int) -> Tensor:
        if before == after == 0:
            return x
        padded = functional.pad(x.transpose(1, 2), (before, after), self.layer.manner.padding)
        return padded.transpose(1, 2)


class ConvTranspose1d(nn.Module):
    """[B, D, F] -> [B, outputs, F * stride]; an input is `2 * stride` outputs long and overlaps the next."""

    def __init__(self, inputs: int, outputs: int, stride: int, manner: Manner) -> None:
        super().__init__()
        self.manner, self.stride = manner, stride
        self.conv = manner.normed(nn.ConvTranspose1d(inputs, outputs, 2 * stride, stride))
        self.norm = manner.norm_after(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.conv(x))
        start = 0 if self.manner.causal else self.stride - self.stride // 2
        return y[..., start : start + x.shape[-1] * self.stride]

    def stream(self) -> TransposedStream:
        self.manner.check_streams()
        return TransposedStream(self)


class TransposedStream:
    """Holds the second half of the last input's outputs, which the next input adds to."""

    def __init__(self, layer: ConvTranspose1d) -> None:
        self.stride = layer.stride
        self.bias = bias_of(layer.conv)
        weight = layer.conv.weight.detach()  # [D, outputs, 2 * stride]
        self.matrix = weight.transpose(1, 2).flatten(1)  # [D, 2 * stride * outputs]
        self.tail: Tensor | None = None  # [B, 1, stride * outputs]

    def step(self, x: Tensor, last: bool = False) -> Tensor:
        now, later = (x @ self.matrix).chunk(2, -1)  # [B, F, stride * outputs]
        if self.tail is None:
            self.tail = later.new_zeros(x.shape[0], 1, later.shape[2])
        before = torch.cat([self.tail, later], 1)  # by one frame later
        self.tail = before[:, -1:]
        return (now + before[:, :-1]).unflatten(-1, (self.stride, -1)).flatten(1, 2) + self.bias


class LSTM(nn.Module):
    """Layers of memory along the frames, added to what goes in: [B, D, F] -> [B, D, F]."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, width, depth)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.lstm(x.permute(2, 0, 1))[0]  # [F, B, D]
        return x + y.permute(1, 2, 0)

    def stream(self) -> LSTMStream:
        return LSTMStream(self)


class LSTMStream:
    """Frame by frame with plain matrices: nn.LSTM reorders all its weights at every call, which for one frame
    of two layers of 512 took 4.6 ms on a core where this takes 0.4.
    """

    def __init__(self, layer: LSTM) -> None:
        self.cells = [Cell(layer.lstm, depth) for depth in range(layer.lstm.num_layers)]

    def step(self, x: Tensor, last: bool = False) -> Tensor:
        y = list(x.unbind(1))  # F of [B, D]
        for cell in self.cells:
            y = [cell.step(frame) for frame in y]
        return x + torch.stack(y, 1) if y else x


class Cell:
    """One layer of an LSTM: gates from the input and the last output (Hochreiter & Schmidhuber 1997)."""

    def __init__(self, lstm: nn.LSTM, depth: int) -> None:
        from_input, from_output, *biases = (weight.detach() for weight in lstm.all_weights[depth])
        self.weight = torch.cat([from_input, from_output], 1).T  # [2 D, 4 D]
        self.bias = biases[0] + biases[1]
        self.output: Tensor | None = None  # [B, D]
        self.memory: Tensor | None = None  # [B, D]

    def step(self, x: Tensor) -> Tensor:
        """x [B, D] -> [B, D]"""
        if self.output is None or self.memory is None:
            self.output = self.memory = torch.zeros_like(x)
        gates = torch.addmm(self.bias, torch.cat([x, self.output], 1), self.weight)
        take, keep, new, give = gates.chunk(4, 1)
        self.memory = torch.sigmoid(keep) * self.memory + torch.sigmoid(take) * torch.tanh(new)
        self.output = torch.sigmoid(give) * torch.tanh(self.memory)
        return self.output


class ELU(nn.ELU):
    """Needs no memory: it is its own stream."""

    def stream(self) -> ELU:
        return self

    def step(self, x: Tensor, last: bool = False) -> Tensor:
        return functional.elu(x)


class Chain:
    """Streams one after the other."""

    def __init__(self, layers: nn.ModuleList) -> None:
        self.streams: list[Stream] = [layer.stream() for layer in layers]  # type: ignore[operator]

    def step(self, x: Tensor, last: bool = False) -> Tensor:
        for stream in self.streams:
            x = stream.step(x, last)
        return x


def bias_of(conv: nn.Conv1d | nn.ConvTranspose1d) -> Tensor:
    assert conv.bias is not None
    return conv.bias.detach()


def mirrored(x: Tensor, before: int, after: int) -> Tensor:
    """x with its beginning and end mirrored; one shorter than its padding is first lengthened by silence."""
    short = max(before, after) + 1 - x.shape[-1]
    if short <= 0:
        return functional.pad(x, (before, after), "reflect")
    padded = functional.pad(functional.pad(x, (0, short)), (before, after), "reflect")
    return padded[..., : padded.shape[-1] - short]
