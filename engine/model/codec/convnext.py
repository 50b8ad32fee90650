"""ConvNeXt along frames: a convolution of each value by itself, then a small network on each frame.

Source: Liu et al. 2022.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


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
