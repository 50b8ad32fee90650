"""From logits to tokens, and which tokens are the least sure; pure functions on tensors."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

SMALLEST = 1e-20  # keeps the logarithm of a drawn zero finite


class Choice(NamedTuple):
    """codes int64 [B, F] and how likely each was thought, as a logarithm [B, F]."""

    codes: Tensor
    sureness: Tensor


def gumbel(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Noise whose largest over logits is a draw from their softmax; one stream whatever the threads."""
    drawn = torch.rand(shape, generator=generator, device=generator.device)
    return -(-drawn.clamp_(min=SMALLEST).log()).clamp_(min=SMALLEST).log()


def chosen(logits: Tensor, temperature: float, top_k: int, generator: torch.Generator) -> Choice:
    """logits [B, F, V] -> a code a frame; temperature 0 takes the likeliest, top_k 0 allows all."""
    noise = gumbel(tuple(logits.shape), generator).to(logits.device) if temperature else None
    return chosen_with(logits, temperature, top_k, noise)


def chosen_with(logits: Tensor, temperature: float, top_k: int, noise: Tensor | None) -> Choice:
    """The same by `noise` [B, F, V] of `gumbel`; None where temperature is 0."""
    if noise is None:
        codes = logits.argmax(-1)
    else:
        codes = (likeliest(logits, top_k) / temperature + noise).argmax(-1)
    return Choice(codes, sureness(logits, codes))


def likeliest(logits: Tensor, top_k: int) -> Tensor:
    """The same logits with all but the `top_k` likeliest at -inf; 0 keeps them all."""
    if top_k == 0 or top_k >= logits.shape[-1]:
        return logits
    least = logits.topk(top_k, -1).values[..., -1:]
    return logits.masked_fill(logits < least, -torch.inf)


def sureness(logits: Tensor, codes: Tensor) -> Tensor:
    """Log probability of each code: logits [B, F, V], codes [B, F] -> [B, F]"""
    return functional.log_softmax(logits, -1).gather(-1, codes[..., None])[..., 0]


def least_sure(sureness: Tensor, counts: Tensor) -> Tensor:
    """sureness [B, F], counts [B] -> bool [B, F]: in each item that many frames, the least sure ones."""
    ranks = sureness.argsort(dim=-1, stable=True).argsort(dim=-1)
    return ranks < counts[:, None]
