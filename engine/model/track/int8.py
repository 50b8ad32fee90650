"""INT8: weights as 8-bit rows, activations as 8-bit rows, products of whole numbers.

    x [S, D] -> its rows over their largest value, 8 bit --\
    weight [outputs, D] -> its rows, 8 bit, once ------------> int32 sums -> times both scales -> + bias

`torch._int_mm` is there for CPU (oneDNN, VNNI) and CUDA alike, and every row of activations has its own
scale: torch's dynamically quantised linears have one scale a whole tensor (2.1 % off where this is 0.8), run
on CPU alone and are about to be removed.

A pass of `base` over 600 frames on one core with VNNI (untrained weights): 0.46 s in float32, 0.30 s in
bfloat16, 0.26 s in INT8; latents 0.9 % off (bfloat16: 0.4 %), 98.7 % of the first codebook's tokens equal.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from engine.model.weight_files import SMALLEST_PACKED, int8_rows

if TYPE_CHECKING:
    from engine.model.track.track_model import TrackModel

SIDE = 8  # both sides of a product on CUDA are multiples of it
FEWEST_ROWS = 17  # that a product on CUDA has


class Int8Linear(nn.Module):
    """nn.Linear with 8-bit rows: `rows` [outputs, inputs], `scale` [outputs], `bias` [outputs]."""

    rows: Tensor
    scale: Tensor
    bias: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        rows, scale = int8_rows(linear.weight.detach().float())
        bias = torch.zeros_like(scale[:, 0]) if linear.bias is None else linear.bias.detach().float()
        self.register_buffer("rows", rows)
        self.register_buffer("scale", scale[:, 0].contiguous())
        self.register_buffer("bias", bias.clone())

    def forward(self, x: Tensor) -> Tensor:
        """x [..., inputs] -> [..., outputs], in the precision of x."""
        whole, steps = quantised_rows(x.reshape(-1, self.in_features))
        # In place as far as can be: new memory costs as much as the product.
        y = self._sums(whole).float().mul_(steps)
        torch.addcmul(self.bias, y, self.scale, out=y)
        return y.to(x.dtype).reshape(*x.shape[:-1], self.out_features)

    def _sums(self, whole: Tensor) -> Tensor:
        """int8 [S, inputs] -> int32 [S, outputs]"""
        count = len(whole)
        if whole.is_cuda and count < FEWEST_ROWS:
            whole = nn.functional.pad(whole, (0, 0, 0, FEWEST_ROWS - count))
        return torch._int_mm(whole, self.rows.t())[:count]


def quantised_rows(x: Tensor) -> tuple[Tensor, Tensor]:
    """x [S, D] -> int8 [S, D] and what each row is multiples of, float32 [S, 1]."""
    steps = x.abs().amax(1, keepdim=True).float().clamp_(min=1e-8).div_(127.0)
    return (x / steps).round_().to(torch.int8), steps


def quantised(model: TrackModel) -> TrackModel:
    """A copy whose transformer computes in INT8; the model itself stays as it is.

    What says latents and logits stays in floating point: it is a hundredth of the work, and its errors
    would go straight into the tokens.
    """
    twin = copy.deepcopy(model).eval().requires_grad_(False)
    quantise_linears(twin.transformer)
    return twin


def quantise_linears(network: nn.Module) -> None:
    """In place; layers that are too small or whose sides are no multiple of 8 stay as they are."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear and _fits(child):
                setattr(parent, name, Int8Linear(child))


def _fits(linear: nn.Linear) -> bool:
    sides = linear.in_features % SIDE == linear.out_features % SIDE == 0
    return sides and linear.weight.numel() >= SMALLEST_PACKED
