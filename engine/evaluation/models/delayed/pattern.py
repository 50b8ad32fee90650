"""The delay pattern (Copet et al. 2023, MusicGen): at each step one token of every codebook, ever later ones.

step          0  1  2  3  4        F frames and K codebooks take F + K - 1 steps
codebook 0    a0 a1 a2 .  .
codebook 1    .  b0 b1 b2 .        a frame's finer codebooks hear its coarser ones
codebook 2    .  .  c0 c1 c2
"""

from __future__ import annotations

import torch
from torch import Tensor


def delayed(codes: Tensor, mask: int) -> Tensor:
    """codes int64 [B, K, F] -> [B, K, F + K - 1]; `mask` where a step has no token."""
    batch, books, frames = codes.shape
    steps = codes.new_full((batch, books, frames + books - 1), mask)
    for k in range(books):
        steps[:, k, k : k + frames] = codes[:, k]
    return steps


def undelayed(steps: Tensor) -> Tensor:
    """[B, K, F + K - 1] -> codes [B, K, F]"""
    frames = steps.shape[2] - steps.shape[1] + 1
    return torch.stack([steps[:, k, k : k + frames] for k in range(steps.shape[1])], 1)


def before(steps: Tensor, mask: int) -> Tensor:
    """What each step hears: the tokens of the one before it; the first hears none."""
    return torch.cat((torch.full_like(steps[..., :1], mask), steps[..., :-1]), -1)
