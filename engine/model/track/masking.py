"""What refinement is taught on: tokens masked as the passes will meet them, and the loss on those masked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional


class Masked(NamedTuple):
    """tokens int64 [B, K, F] as the model sees them; `chosen` bool [B, F]: what it is asked of `codebook`."""

    tokens: Tensor
    codebook: int
    chosen: Tensor


def masked_batch(
    codes: Tensor,
    mask: int,
    generator: torch.Generator,
    weights: Sequence[float] = (),
    given_mask: Tensor | None = None,
) -> Masked:
    """codes [B, K, F] of the truth -> one codebook of all items, drawn by `weights` (the passes of a plan;
    none: all alike): coarser ones are known, finer ones are not, and of itself a share is masked that is
    drawn by the cosine schedule. `given_mask` (bool [B, F]) are frames of which everything is known.

    `generator` is a CPU one, so that a run is the same on every device.
    """
    batch, num_codebooks, frames = codes.shape
    odds = torch.tensor([*weights] or [1.0] * num_codebooks, dtype=torch.float32)
    codebook = int(torch.multinomial(odds, 1, generator=generator))
    shares = torch.cos(math.pi / 2 * torch.rand(batch, 1, generator=generator))
    scores = torch.rand(batch, frames, generator=generator)
    least = scores.amin(1, keepdim=True)  # so that at least one frame is asked of every item
    chosen = ((scores < shares) | (scores == least)).to(codes.device)
    unknown = torch.zeros_like(codes, dtype=torch.bool)
    unknown[:, codebook], unknown[:, codebook + 1 :] = chosen, True
    if given_mask is not None:
        chosen = chosen & ~given_mask
        unknown = unknown & ~given_mask[:, None]
    return Masked(codes.masked_fill(unknown, mask), codebook, chosen)


def masked_loss(logits: Tensor, codes: Tensor, masked: Masked) -> Tensor:
    """Cross-entropy in nats on the masked tokens alone: logits [B, 1, F, V] of `masked.codebook`, codes
    [B, K, F] of the truth; 0 where all frames are given."""
    losses = functional.cross_entropy(
        logits[:, 0].flatten(0, 1).float(), codes[:, masked.codebook].flatten(), reduction="none"
    )
    chosen = masked.chosen.flatten()
    return (losses * chosen).sum() / chosen.sum().clamp(min=1)
