"""Means of weights: what was learnt long and what was learnt last are often better together than either.

Source: Izmailov et al. 2018 (stochastic weight averaging), Wortsman et al. 2022 (model soups).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.errors import EngineError


def check_shares(files: Sequence[Path], shares: Sequence[float]) -> None:
    """EngineError `range` unless each of two files or more has a share, and they add up to 1."""
    if len(files) < 2 or len(shares) != len(files):
        raise EngineError(
            "range",
            f"{len(files)} files and {len(shares)} shares; there are two files or more, each with one",
        )
    if not all(share >= 0.0 for share in shares) or not abs(sum(shares) - 1.0) <= 1e-6:  # nor is nan
        raise EngineError(
            "range", f"shares {', '.join(f'{s:g}' for s in shares)}; each is 0..1, and they add up to 1"
        )


@torch.no_grad()
def become_mean(model: nn.Module, weights: Sequence[Mapping[str, Tensor]], shares: Sequence[float]) -> None:
    """Every number of the model is the sum of those of `weights`, each by its share."""
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            value.copy_(
                torch.stack([w[name] * share for w, share in zip(weights, shares, strict=True)]).sum(0)
            )


def told_of(path: Path, share: float, steps: str) -> str:
    """`0.25 of run/track.safetensors (1832 of 6 x 2 s)`, for the card."""
    return f"{share:g} of {path.parent.name}/{path.name}" + (f" ({steps})" if steps else "")
