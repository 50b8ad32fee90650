"""The blocks: attention to all frames, attention to the other tracks, a local look, inner layers; styled.

rows [B, F, D] -> ( + self-attention  -> + attention to context -> + convolution and inner layers ) x depth

Each of the three parts is pre-normed; its scale, shift and gate come from the style (adaptive layer norm,
Peebles and Xie 2023, DiT). The style's part starts at zero, so an untrained model is the same in any style.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.model.track.attention import Turns, attend, turned

PARTS = 3  # of a block: self-attention, attention to context, inner layers


class Heard(NamedTuple):
    """What one block reads of the other tracks: key and value [B, H, S, D]."""

    key: Tensor
    value: Tensor


class BlockConditions(NamedTuple):
    """What a block reads that stays the same over all passes of a window."""

    context: Heard
    style: tuple[Tensor, ...]  # shift, scale, gate of each part: 9 of [B, 1, D]


class Shared(NamedTuple):
    """What all blocks read alike: where the frames stand, and which context rows are heard [B, 1, 1, S]."""

    places: Turns
    mask: Tensor | None


class SelfAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, rows: Tensor, places: Turns) -> Tensor:
        """rows [B, F, D] -> [B, F, D]"""
        query, key, value = (split_heads(part, self.heads) for part in self.project(rows).chunk(3, -1))
        mixed: Tensor = self.out(join_heads(attend(turned(query, places), turned(key, places), value)))
        return mixed


class ContextAttention(nn.Module):
    """To the rows of the other tracks; their keys and values are made once a window (`heard`)."""

    def __init__(self, width: int, context_width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.read = nn.Linear(context_width, 2 * width, bias=False)
        self.out = nn.Linear(width, width)

    def heard(self, context: Tensor, places: Turns) -> Heard:
        """context [B, S, context width] -> its keys and values"""
        key, value = (split_heads(part, self.heads) for part in self.read(context).chunk(2, -1))
        return Heard(turned(key, places), value)

    def forward(self, rows: Tensor, heard: Heard, shared: Shared) -> Tensor:
        query = turned(split_heads(self.query(rows), self.heads), shared.places)
        mixed: Tensor = self.out(join_heads(attend(query, heard.key, heard.value, shared.mask)))
        return mixed


class Inner(nn.Module):
    """A depthwise convolution over neighbouring frames, since attacks are local, then two layers."""

    def __init__(self, width: int, expansion: int, kernel: int) -> None:
        super().__init__()
        self.near = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.widen = nn.Linear(width, expansion * width)
        self.out = nn.Linear(expansion * width, width)

    def forward(self, rows: Tensor) -> Tensor:
        rows = rows + self.near(rows.transpose(1, 2)).transpose(1, 2)
        # GELU's tanh form is what the CPU kernels vectorise; it is within 1e-3 of the exact one.
        inner: Tensor = self.out(functional.gelu(self.widen(rows), approximate="tanh"))
        return inner


class Block(nn.Module):
    def __init__(
        self, width: int, heads: int, expansion: int, kernel: int, context_width: int, style_width: int
    ) -> None:
        super().__init__()
        self.attention = SelfAttention(width, heads)
        self.context = ContextAttention(width, context_width, heads)
        self.inner = Inner(width, expansion, kernel)
        self.style = nn.Linear(style_width, 3 * PARTS * width)

    def reset(self, depth: int) -> None:
        """Style says nothing at first; all `depth` blocks together add about a row's own size to it."""
        for out in (self.attention.out, self.context.out, self.inner.out):
            nn.init.normal_(out.weight, std=1.0 / math.sqrt(out.in_features * PARTS * depth))
            nn.init.zeros_(out.bias)
        nn.init.normal_(self.inner.near.weight, std=0.02)
        for quiet in (self.inner.near.bias, self.style.weight, self.style.bias):
            nn.init.zeros_(quiet)  # type: ignore[arg-type]

    def conditions(self, style: Tensor, context: Tensor, context_places: Turns) -> BlockConditions:
        """style [B, style width], context [B, S, context width]"""
        styled = self.style(style)[:, None].chunk(3 * PARTS, -1)  # each [B, 1, D]
        return BlockConditions(self.context.heard(context, context_places), styled)

    def forward(self, rows: Tensor, conditions: BlockConditions, shared: Shared) -> Tensor:
        """rows [B, F, D] -> [B, F, D]"""
        own, other, inner = conditions.style[:3], conditions.style[3:6], conditions.style[6:]
        rows = rows + (1 + own[2]) * self.attention(modulated(rows, own[0], own[1]), shared.places)
        told = self.context(modulated(rows, other[0], other[1]), conditions.context, shared)
        rows = rows + (1 + other[2]) * told
        return rows + (1 + inner[2]) * self.inner(modulated(rows, inner[0], inner[1]))


class Transformer(nn.Module):
    def __init__(
        self,
        depth: int,
        width: int,
        heads: int,
        expansion: int,
        kernel: int,
        context_width: int,
        style_width: int,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(width, heads, expansion, kernel, context_width, style_width) for _ in range(depth)
        )
        self.end_style = nn.Linear(style_width, 2 * width)
        nn.init.zeros_(self.end_style.weight)
        nn.init.zeros_(self.end_style.bias)
        for block in self.blocks:
            block.reset(depth)  # type: ignore[operator]

    def conditions(
        self, style: Tensor, context: Tensor, context_places: Turns
    ) -> tuple[tuple[BlockConditions, ...], tuple[Tensor, Tensor]]:
        """style [B, style width], context [B, S, context width] -> each block's, and the last norm's."""
        blocks = tuple(
            block.conditions(style, context, context_places)  # type: ignore[operator]
            for block in self.blocks
        )
        shift, scale = self.end_style(style)[:, None].chunk(2, -1)  # [B, 1, D]
        return blocks, (shift, scale)

    def forward(
        self,
        rows: Tensor,
        conditions: tuple[BlockConditions, ...],
        end: tuple[Tensor, Tensor],
        shared: Shared,
    ) -> Tensor:
        """rows [B, F, D] -> [B, F, D], normed; `end` is the last norm's shift and scale [B, 1, D]."""
        for block, known in zip(self.blocks, conditions, strict=True):
            rows = block(rows, known, shared)
        return modulated(rows, *end)


def modulated(rows: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Normed over D, then scaled and shifted by the style."""
    normed = functional.layer_norm(rows, rows.shape[-1:])
    return torch.addcmul(shift, normed, 1 + scale)


def split_heads(rows: Tensor, heads: int) -> Tensor:
    """[B, F, D] -> [B, H, F, D of a head]"""
    return rows.unflatten(-1, (heads, -1)).transpose(1, 2)


def join_heads(rows: Tensor) -> Tensor:
    """[B, H, F, D of a head] -> [B, F, D]"""
    return rows.transpose(1, 2).flatten(2)
