"""How codebooks learn: by averages of what they stand for, a first guess by k-means, revival of unused codes.

Source: van den Oord et al. 2017 (EMA), Zeghidour et al. 2021 (k-means, revival, quantiser dropout).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from engine.model.codec.quantizer import Quantizer, nearest

Shared = Callable[[Tensor], Tensor]
REVIVE_EVERY = 20  # updates
FIXED_BEAM = 4  # a decoder that learns alone hears what an encoder with time would write
UNUSED = 0.03  # of an even share: a code that stands for less is given to what is far from any


def alone(tensor: Tensor) -> Tensor:
    """What all processes together have, where there is one."""
    return tensor


@dataclass(frozen=True)
class Quantised:
    """latents [B, D, F] with the gradient of what went in; `commitment` pulls the encoder to its codes."""

    latents: Tensor
    codes: Tensor  # [B, K, F]
    commitment: Tensor


class CodebookTrainer:
    """Moves the codebooks of a quantiser while it trains.

    Over several processes `reduce` adds up counts, and `share` gives all of them the first one's draw.
    """

    def __init__(
        self, quantizer: Quantizer, decay: float = 0.99, reduce: Shared = alone, share: Shared = alone
    ) -> None:
        self.quantizer, self.decay, self.reduce, self.share = quantizer, decay, reduce, share
        books, size, _ = quantizer.codebooks.shape
        device = quantizer.codebooks.device
        self.counts = torch.ones(books, size, device=device)
        self.sums = quantizer.codebooks.detach().clone()
        self.updates = 0

    def state_dict(self) -> dict[str, object]:
        return {"counts": self.counts, "sums": self.sums, "updates": self.updates}

    def load_state_dict(self, state: dict[str, object]) -> None:
        counts, sums, updates = state["counts"], state["sums"], state["updates"]
        assert isinstance(counts, Tensor) and isinstance(sums, Tensor) and isinstance(updates, int)
        self.counts, self.sums = counts.to(self.counts.device), sums.to(self.sums.device)
        self.updates = updates

    @torch.no_grad()
    def guess(self, rows: Tensor, rounds: int = 8) -> None:
        """Every codebook by k-means over rows [R, D], each on what the one before left over."""
        rest = rows.float()
        for k in range(self.quantizer.num_codebooks):
            codebook = self.share(k_means(rest, self.quantizer.codebooks.shape[1], rounds))
            code = nearest(rest, codebook)
            self.quantizer.codebooks[k] = codebook
            counts = functional.one_hot(code, codebook.shape[0]).sum(0).float()
            self.counts[k] = self.reduce(counts).clamp(min=0.1)
            self.sums[k] = codebook * self.counts[k][:, None]
            rest = rest - codebook[code]

    def quantise(self, latents: Tensor, kept: Tensor, learn: bool = True) -> Quantised:
        """latents [B, D, F], from which the codebooks `learn`; `kept` [B]: how many each item uses, 1..K."""
        if not learn:
            return self._fixed(latents.float(), kept)
        rows = latents.transpose(1, 2).float()  # [B, F, D]
        rest = rows.detach()
        total = torch.zeros_like(rest)
        codes = []
        books = self.quantizer.codebooks
        for k in range(self.quantizer.num_codebooks):
            used = (kept > k).to(rest.dtype)[:, None, None]  # [B, 1, 1]
            code = nearest(rest, books[k])
            chosen = books[k][code]
            self._count(k, code, rest, used)
            total = total + chosen * used
            rest = rest - chosen * used
            codes.append(code)
        self._move()
        return _through(rows, total, torch.stack(codes, 1))

    def _fixed(self, latents: Tensor, kept: Tensor) -> Quantised:
        """By codebooks that stay as they are, more carefully."""
        codes = self.quantizer.encode(latents, beam=FIXED_BEAM)
        places = torch.arange(codes.shape[1], device=codes.device)
        chosen = self.quantizer.codebooks[places[:, None, None], codes.transpose(0, 1)]  # [K, B, F, D]
        used = (kept > places[:, None]).to(chosen.dtype)  # [K, B]
        return _through(latents.transpose(1, 2), torch.einsum("kbfd,kb->bfd", chosen, used), codes)

    @torch.no_grad()
    def _count(self, k: int, code: Tensor, rest: Tensor, used: Tensor) -> None:
        flat, weight = code.flatten(), used.expand(*code.shape, 1).reshape(-1)
        rows = rest.reshape(-1, rest.shape[-1]) * weight[:, None]
        counts = torch.zeros_like(self.counts[k]).index_add_(0, flat, weight)
        sums = torch.zeros_like(self.sums[k]).index_add_(0, flat, rows)
        both = self.reduce(torch.cat([counts[:, None], sums], 1))
        whole = both.sum(0)
        # Nothing is learnt from a batch in which nobody used this codebook, or with what is no number in it.
        if float(whole[0]) <= 0 or not bool(torch.isfinite(whole).all()):
            return
        self.counts[k].lerp_(both[:, 0], 1.0 - self.decay)
        self.sums[k].lerp_(both[:, 1:], 1.0 - self.decay)
        if self.updates % REVIVE_EVERY == REVIVE_EVERY - 1:
            mine = rows[weight > 0]
            # Another process may have used it alone. All of them come to `share`, or it waits for ever.
            self._revive(k, mine if mine.shape[0] else rest.reshape(-1, rest.shape[-1]))

    @torch.no_grad()
    def _revive(self, k: int, rows: Tensor) -> None:
        share = self.counts[k] / self.counts[k].sum()
        dead = (share < UNUSED / share.numel()).nonzero().flatten()
        if not dead.numel():
            return
        picked = self.share(rows[drawn(rows, dead.numel())])
        even = self.counts[k].sum() / share.numel()
        self.counts[k][dead] = even
        self.sums[k][dead] = picked * even

    @torch.no_grad()
    def _move(self) -> None:
        self.quantizer.codebooks.copy_(self.sums / self.counts.clamp(min=1e-5)[..., None])
        self.updates += 1


def _through(rows: Tensor, total: Tensor, codes: Tensor) -> Quantised:
    """rows [B, F, D] and what their codes stand for."""
    through = rows + (total - rows).detach()
    return Quantised(through.transpose(1, 2), codes, functional.mse_loss(rows, total.detach()))


def k_means(rows: Tensor, size: int, rounds: int) -> Tensor:
    """rows [R, D] -> centres [size, D]; centres without rows take a random one."""
    picked = torch.randperm(rows.shape[0])[:size].to(rows.device)
    if picked.numel() < size:
        picked = torch.cat([picked, drawn(rows, size - picked.numel())])
    centres = rows[picked].clone()
    for _ in range(rounds):
        code = nearest(rows, centres)
        counts = torch.zeros(size, device=rows.device).index_add_(
            0, code, torch.ones(rows.shape[0], device=rows.device)
        )
        sums = torch.zeros_like(centres).index_add_(0, code, rows)
        empty = counts == 0
        centres = sums / counts.clamp(min=1)[:, None]
        if bool(empty.any()):
            centres[empty] = rows[drawn(rows, int(empty.sum()))]
    return centres


def drawn(rows: Tensor, count: int) -> Tensor:
    """Places of so many rows by chance. Drawn on the CPU, whose generator alone a checkpoint keeps."""
    return torch.randint(rows.shape[0], (count,)).to(rows.device)
