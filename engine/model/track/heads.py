"""What a track model says of each frame: latents, and on demand how likely each codebook's entries are.

An entry is the likelier the nearer it lies to what the coarser codebooks left over of the predicted latents:
the weights [D -> V] of an ordinary token head are the codec's own codebooks, so tokens make sense as soon as
the latents do, and a head costs K x D x D weights instead of K x V x D.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.model.codec.quantizer import Quantizer
from engine.model.track.guide import AS_PLAYED, CHANNELS, GUIDE_SIZE, GUIDE_VALUES

PATH = 0.3  # about how large an untrained codec has its low band among its latents
LOUDER = 5.0  # a finished stem than the guide
EVEN = 1e-4  # what is softer is closed evenly: the slope of a root has no end at zero


class Entries(nn.Module):
    """The codec's codebooks and their middle and spread; `take` fills them.

    The codebooks are not stored with the model: they are the codec's, which lies beside it.
    """

    table: Tensor
    middle: Tensor
    spread: Tensor

    def __init__(self, num_codebooks: int, codebook_size: int, latent_width: int) -> None:
        super().__init__()
        self.mask = codebook_size  # the code of an entry that is not known; its row is zero
        self.taken = False
        table = torch.zeros(num_codebooks, codebook_size + 1, latent_width)
        self.register_buffer("table", table, persistent=False)  # [K, V + 1, D]
        self.register_buffer("middle", torch.zeros(latent_width))
        self.register_buffer("spread", torch.ones(latent_width))

    @torch.no_grad()
    def take(self, quantizer: Quantizer) -> None:
        """Middle and spread are those of the entries, as if all were met equally often, unless measured ones
        were put there before."""
        codebooks = quantizer.codebooks.float()  # [K, V, D]
        self.table[:, :-1] = codebooks
        if bool((self.spread == 1.0).all()):
            self.middle.copy_(codebooks.mean(1).sum(0))
            self.spread.copy_(codebooks.var(1).sum(0).sqrt().clamp(min=1e-3))
        self.taken = True

    def of(self, tokens: Tensor) -> Tensor:
        """tokens [B, K, F] -> what each stands for [B, K, F, D]; nothing where it is not known."""
        assert self.taken, "the model has not been given its codec's codebooks: call take_codebooks"
        books = [functional.embedding(tokens[:, k], table) for k, table in enumerate(self.table)]
        return torch.stack(books, 1)

    def normed(self, latents: Tensor) -> Tensor:
        """latents [B, F, D] about zero and of size one"""
        return (latents - self.middle) / self.spread

    def latents(self, normed: Tensor) -> Tensor:
        """The way back."""
        return torch.addcmul(self.middle, normed.float(), self.spread)


class LatentHead(nn.Module):
    def __init__(self, width: int, latent_width: int) -> None:
        super().__init__()
        self.say = _quiet(width, latent_width)  # an untrained model says about the middle of what there is

    def forward(self, rows: Tensor) -> Tensor:
        """rows [B, F, D] -> normed latents [B, F, D of the codec]"""
        said: Tensor = self.say(rows)
        return said


class GuideHead(nn.Module):
    """The low band from the guide: the network says how much of each oscillator, they say the phase.

    A mix of waves is one in the open, not in companded values; so it is opened, mixed and closed again.
    """

    def __init__(self, width: int, latent_width: int, kind: str) -> None:
        super().__init__()
        self.shares = nn.Linear(width, GUIDE_SIZE)
        nn.init.normal_(self.shares.weight, std=0.002)
        with torch.no_grad():  # at first the palette's own sound, as it is
            channel = torch.arange(GUIDE_SIZE) // GUIDE_VALUES
            self.shares.bias.copy_(torch.isin(channel, torch.tensor(AS_PLAYED[kind])).float())
        self.path = nn.Parameter(torch.eye(GUIDE_VALUES, latent_width) * PATH)

    @torch.no_grad()
    def take(self, path: Tensor) -> None:
        """path [values, D]: how the codec has its low band among its latents."""
        values = min(len(path), len(self.path))
        self.path[:values] = path[:values]

    def forward(self, rows: Tensor, guide: Tensor) -> Tensor:
        """rows [B, F, D], guide [B, F, channels x values], companded -> part of the latents [B, F, D]."""
        shares = self.shares(rows)
        # In half precision the waveform itself would have 8 bits.
        with torch.autocast(rows.device.type, enabled=False):
            mixed = shares.float() * (LOUDER * guide * guide.abs()).float()
            waves = mixed.unflatten(-1, (CHANNELS, GUIDE_VALUES)).sum(-2)  # [B, F, values]
            closed = waves / (waves.abs() + EVEN).sqrt()
            latents: Tensor = closed @ self.path
        return latents


class TokenHead(nn.Module):
    def __init__(self, width: int, num_codebooks: int, codebook_size: int, latent_width: int) -> None:
        super().__init__()
        self.toward = nn.ModuleList(_quiet(width, latent_width) for _ in range(num_codebooks))
        self.common = nn.Parameter(torch.zeros(num_codebooks, codebook_size))  # how common an entry is
        self.sharpness = nn.Parameter(torch.zeros(num_codebooks))  # log

    def forward(
        self, rows: Tensor, latents: Tensor, known: Tensor, entries: Entries, codebooks: Sequence[int]
    ) -> Tensor:
        """Logits float32 [B, len(codebooks), F, V].

        rows [B, F, D], latents and known [B, F, D] and [B, K, F, D] of the codec: what is predicted, and what
        the known tokens stand for. The latents teach nothing through the tokens: they have their own loss.
        """
        logits = [self.codebook(k, rows, latents.detach() - known[:, :k].sum(1), entries) for k in codebooks]
        return torch.stack(logits, 1)

    def codebook(self, k: int, rows: Tensor, rest: Tensor, entries: Entries) -> Tensor:
        """-|rest - entry|^2 / 2 in units of the first codebook's variance, less what all entries share."""
        moved = self.toward[k](rows)
        # In half precision the squares would be off by whole units.
        with torch.autocast(rows.device.type, enabled=False):
            target = torch.addcmul(rest.float(), moved.float(), entries.spread)  # [B, F, D]
            table = entries.table[k, :-1]
            near = functional.linear(target, table, -0.5 * table.square().sum(1))  # [B, F, V]
            variance = entries.table[0, :-1].var(0).mean() + 1e-6
            logits: Tensor = near * (self.sharpness[k].exp() / variance) + self.common[k]
        return logits


def _quiet(width: int, latent_width: int) -> nn.Linear:
    linear = nn.Linear(width, latent_width)
    nn.init.normal_(linear.weight, std=0.02)
    nn.init.zeros_(linear.bias)
    return linear
