"""Residual vector quantisation: each codebook writes down what the ones before it left over.

    latent -> nearest of codebook 0 -> rest -> nearest of codebook 1 -> rest -> ...

Source: Zeghidour et al. 2021 (SoundStream), Défossez et al. 2022 (EnCodec). Distances are Euclidean.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.errors import EngineError


class Quantizer(nn.Module):
    """Codebooks [K, V, D], a buffer: moved by averages of what they stand for, not by gradients."""

    codebooks: Tensor

    def __init__(self, num_codebooks: int, codebook_size: int, width: int) -> None:
        super().__init__()
        self.register_buffer("codebooks", torch.randn(num_codebooks, codebook_size, width))

    @property
    def num_codebooks(self) -> int:
        return self.codebooks.shape[0]

    @torch.no_grad()
    def encode(self, latents: Tensor, num_codebooks: int | None = None) -> Tensor:
        """latents [B, D, F] -> codes int64 [B, K, F] of the first `num_codebooks` (all)."""
        rest = latents.transpose(1, 2).float()  # [B, F, D]
        codes = []
        for codebook in self.codebooks[: self.checked(num_codebooks)]:
            code = nearest(rest, codebook)  # [B, F]
            rest = rest - codebook[code]
            codes.append(code)
        return torch.stack(codes, 1)

    def decode(self, codes: Tensor) -> Tensor:
        """codes [B, K, F] of the first K codebooks -> latents [B, D, F].

        EngineError `range` for another shape or codes beyond V, `empty` for no frames.
        """
        if codes.dim() != 3:
            raise EngineError("range", f"codes of shape {tuple(codes.shape)}; they are [B, K, F]")
        if not codes.shape[2]:
            raise EngineError("empty", "codes of no frames: there is nothing to decode")
        num_codebooks = self.checked(codes.shape[1])
        size = self.codebooks.shape[1]
        if codes.numel() and (int(codes.min()) < 0 or int(codes.max()) >= size):
            raise EngineError(
                "range", f"codes {int(codes.min())}..{int(codes.max())}; allowed is 0..{size - 1}"
            )
        chosen = [self.codebooks[k][codes[:, k]] for k in range(num_codebooks)]  # each [B, F, D]
        return torch.stack(chosen).sum(0).transpose(1, 2)

    def checked(self, num_codebooks: int | None) -> int:
        if num_codebooks is None:
            return self.num_codebooks
        if not 1 <= num_codebooks <= self.num_codebooks:
            raise EngineError("range", f"{num_codebooks} codebooks; this codec has 1..{self.num_codebooks}")
        return num_codebooks


def nearest(rows: Tensor, codebook: Tensor) -> Tensor:
    """rows [..., D], codebook [V, D] -> index of the nearest entry [...]."""
    flat = rows.reshape(-1, rows.shape[-1])
    # |r - c|^2 = |r|^2 - 2 rc + |c|^2, of which |r|^2 is the same for all entries.
    distance = codebook.pow(2).sum(1) - 2.0 * flat @ codebook.T  # [B*F, V]
    return distance.argmin(1).reshape(rows.shape[:-1])
