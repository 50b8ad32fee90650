"""Residual vector quantisation: each codebook writes down what the ones before it left over.

    latent -> nearest of codebook 0 -> rest -> nearest of codebook 1 -> rest -> ...

The nearest entry is not always the one after which the finer codebooks come nearest, so the `beam` best
beginnings are followed side by side. The decoder adds up entries either way: it needs to know nothing of it.
Sources: Zeghidour et al. 2021 (SoundStream), Défossez et al. 2022 (EnCodec); Babenko and Lempitsky 2014 for
the beam. Distances are Euclidean.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.errors import EngineError

BEAM = 8  # where time allows: errors a quarter smaller than the nearest entries', in ten times their time
ROWS_AT_ONCE = 512  # of a beam: their distances to a codebook fill 16 MB


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
    def encode(
        self,
        latents: Tensor,
        num_codebooks: int | None = None,
        beam: int = 1,
        settled: Tensor | None = None,
    ) -> Tensor:
        """latents [B, D, F] -> codes int64 [B, K, F] of the first `num_codebooks` (all).

        `beam` 1 takes the nearest entry each time. `settled` [B, k, F]: the codes of the first codebooks,
        which stay. EngineError `range` for a beam of none.
        """
        if beam < 1:
            raise EngineError("range", f"a beam of {beam}; it is 1 or more")
        books = self.codebooks[: self.checked(num_codebooks)]
        codes = [] if settled is None else list(settled.unbind(1))
        with in_full(latents.device):
            rest = left_over(latents, books, codes)  # [B, F, D]
            open_books = books[len(codes) :]
            if beam == 1 or len(open_books) < 2:
                for codebook in open_books:
                    code = nearest(rest, codebook)  # [B, F]
                    rest = rest - codebook[code]
                    codes.append(code)
                return torch.stack(codes, 1)
            rows = rest.flatten(0, 1)
            found = torch.cat([best_codes(part, open_books, beam) for part in rows.split(ROWS_AT_ONCE)])
        return torch.cat([*(code[:, None] for code in codes), found.unflatten(0, rest.shape[:2]).mT], 1)

    @torch.no_grad()
    def next_code(self, latents: Tensor, settled: Tensor, beam: int) -> Tensor:
        """latents [B, D, F], settled [B, k, F] -> the code [B, F] of codebook k that `encode` begins with,
        without those after it."""
        with in_full(latents.device):
            rest = left_over(latents, self.codebooks, list(settled.unbind(1)))  # [B, F, D]
            books = self.codebooks[settled.shape[1] :]
            if beam == 1 or len(books) < 2:
                return nearest(rest, books[0])
            found = [first_code(part, books, beam) for part in rest.flatten(0, 1).split(ROWS_AT_ONCE)]
        return torch.cat(found).unflatten(0, rest.shape[:2])

    def decode(self, codes: Tensor) -> Tensor:
        """codes [B, K, F] of the first K codebooks -> latents [B, D, F].

        EngineError `range` for another shape or codes beyond V, `empty` for no frames.
        """
        if codes.dim() != 3:
            raise EngineError("range", f"codes of shape {tuple(codes.shape)}; they are [B, K, F]")
        if not codes.shape[2]:
            raise EngineError("empty", "codes of no frames: there is nothing to decode")
        self.checked(codes.shape[1])
        size = self.codebooks.shape[1]
        if codes.numel() and (int(codes.min()) < 0 or int(codes.max()) >= size):
            raise EngineError(
                "range", f"codes {int(codes.min())}..{int(codes.max())}; allowed is 0..{size - 1}"
            )
        return self.summed(codes)

    def summed(self, codes: Tensor) -> Tensor:
        """`decode` for codes that came from here: to look at them, the computer would wait for its GPU."""
        chosen = [self.codebooks[k][codes[:, k]] for k in range(codes.shape[1])]  # each [B, F, D]
        return torch.stack(chosen).sum(0).transpose(1, 2)

    def checked(self, num_codebooks: int | None) -> int:
        if num_codebooks is None:
            return self.num_codebooks
        if not 1 <= num_codebooks <= self.num_codebooks:
            raise EngineError("range", f"{num_codebooks} codebooks; this codec has 1..{self.num_codebooks}")
        return num_codebooks


def best_codes(rows: Tensor, books: Tensor, beam: int) -> Tensor:
    """rows [R, D], books [K, V, D] -> codes [R, K] whose entries add up to nearly the row, the best that
    `beam` beginnings lead to."""
    rest = rows[:, None]  # [R, beam, D]
    codes = torch.empty(len(rows), 1, 0, dtype=torch.long, device=rows.device)  # [R, beam, k]
    for k, codebook in enumerate(books):
        rest, before, code = followed(rest, codebook, beam)
        codes = torch.cat([codes.gather(1, before[..., None].expand(-1, -1, k)), code[..., None]], -1)
    return codes[:, 0]


def first_code(rows: Tensor, books: Tensor, beam: int) -> Tensor:
    """`best_codes(...)[:, 0]` [R], each row followed only until its beginnings agree on it."""
    found = torch.empty(len(rows), dtype=torch.long, device=rows.device)
    rest = rows[:, None]  # [R, beam, D]
    place = torch.arange(len(rows), device=rows.device)  # of the rows that are not decided
    first: Tensor | None = None  # [R, beam]
    for codebook in books:
        rest, before, code = followed(rest, codebook, beam)
        first = code if first is None else first.gather(1, before)
        found[place] = first[:, 0]
        # A GPU would be waited for, and is not asked for less by fewer rows; a compiled search knows none.
        if rows.device.type == "cpu" and not torch.compiler.is_compiling():
            undecided = (first != first[:, :1]).any(1)
            rest, first, place = rest[undecided], first[undecided], place[undecided]
            if not len(place):
                break
    return found


def followed(rest: Tensor, codebook: Tensor, beam: int) -> tuple[Tensor, Tensor, Tensor]:
    """What beginnings leave over [R, beginnings, D] -> the `beam` best after one more codebook [V, D]: what
    they leave over [R, beam, D], which beginning each follows and by which code [R, beam]."""
    size, width = codebook.shape
    far = torch.matmul(rest, -2.0 * codebook.T).add_(codebook.square().sum(-1))
    far = far.add_(rest.square().sum(-1, keepdim=True)).flatten(1)
    best = far.topk(min(beam, far.shape[1]), largest=False).indices  # [R, beam]
    before, code = best // size, best % size
    return rest.gather(1, before[..., None].expand(-1, -1, width)) - codebook[code], before, code


def left_over(latents: Tensor, books: Tensor, codes: list[Tensor]) -> Tensor:
    """latents [B, D, F], codes [B, F] of the first books -> what these leave over [B, F, D], float32."""
    rest = latents.transpose(1, 2).float()
    for codebook, code in zip(books, codes, strict=False):
        rest = rest - codebook[code]
    return rest


def in_full(device: torch.device) -> torch.autocast:
    """Distances are float32 whatever the model computes in: in 16 bits the nearest entry is another one."""
    return torch.autocast(device.type, enabled=False)


def nearest(rows: Tensor, codebook: Tensor) -> Tensor:
    """rows [..., D], codebook [V, D] -> index of the nearest entry [...]."""
    flat = rows.reshape(-1, rows.shape[-1])
    # |r - c|^2 = |r|^2 - 2 rc + |c|^2, of which |r|^2 is the same for all entries.
    distance = codebook.pow(2).sum(1) - 2.0 * flat @ codebook.T  # [B*F, V]
    return distance.argmin(1).reshape(rows.shape[:-1])
