r"""How far a track gives way to the drums that it hears: decibels, frame by frame, as deep as the style says.

drums' latents, as they are and their size -> layers -> a look around -> 0..1 --\
style's amount of ducking -------------------------------------------------------x--> dB softer

It is applied where it is known what a decibel does: to the loudness that the codec carries as it is, and to
the guide's waves. The blocks are told, and mend the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.model.track.context import ContextFrames, at_seconds
from engine.model.track.style import DEEPEST_DB, amount_place

KEY = "drums"  # whose kick others give way to
AMOUNT = "duck"
HIDDEN, REACH = 48, 33  # frames: a third of a second ahead, where a loop is heard round its seam, and back
SELDOM = -2.0  # an untrained one gives way by an eighth
LN_PER_DB = math.log(10.0) / 20.0


class GivingWay(nn.Module):
    def __init__(self, codec: str, drums_width: int, latent_width: int, width: int) -> None:
        """`codec`: that of the drums, and `drums_width` its latents; `latent_width` and `width`: of its own
        codec and rows."""
        super().__init__()
        self.codec = codec
        self.read = nn.Linear(2 * drums_width, HIDDEN)
        self.around = nn.Conv1d(HIDDEN, HIDDEN, REACH, padding=REACH // 2)
        self.say = nn.Linear(HIDDEN, 1)
        nn.init.constant_(self.say.bias, SELDOM)
        self.tell = nn.Linear(1, width, bias=False)
        nn.init.zeros_(self.tell.weight)
        self.fall = nn.Parameter(torch.zeros(latent_width))  # what a decibel less does to the latents

    @torch.no_grad()
    def take(self, loud: Tensor) -> None:
        """loud [values, D]: how the codec has the logarithms of its bands' amplitudes among its latents."""
        self.fall.copy_(-LN_PER_DB * loud.sum(0))

    def forward(
        self,
        context: Sequence[ContextFrames],
        seconds: Tensor,
        style: Tensor | None,
        drop_style: Tensor | None = None,
        drop_context: Tensor | None = None,
    ) -> Tensor | None:
        """seconds [1, F] of the own frames, style [B, style size] -> dB [B, F, 1], 0 or more; None where no
        drums are heard, or nothing is said of ducking."""
        drums = self.drums_in(context)
        if style is None or drums is None:
            return None
        amount = style[:, amount_place(AMOUNT)]
        for dropped in (drop_style, drop_context):
            if dropped is not None:
                amount = amount.masked_fill(dropped, 0.0)
        if drums.heard is not None:
            amount = amount.masked_fill(~drums.heard.any(1), 0.0)
        share = self.share(drums, seconds)
        return DEEPEST_DB * amount[:, None, None].float() * share.float()

    def share(self, drums: ContextFrames, seconds: Tensor) -> Tensor:
        """Of the depth, 0..1 [B, F, 1]."""
        return torch.sigmoid(self.logits(drums, seconds))

    def drums_in(self, context: Sequence[ContextFrames]) -> ContextFrames | None:
        return next((track for track in context if track.role == KEY and track.codec == self.codec), None)

    def logits(self, drums: ContextFrames, seconds: Tensor) -> Tensor:
        """Of the share [B, F, 1]."""
        latents = drums.latents.transpose(1, 2)
        seen = functional.gelu(self.read(torch.cat((latents, latents.abs()), -1)))
        rows = at_seconds(replace(drums, latents=seen.transpose(1, 2)), seconds)
        around = functional.gelu(self.around(rows.transpose(1, 2)).transpose(1, 2))
        said: Tensor = self.say(around)
        return said

    def rows(self, down_db: Tensor) -> Tensor:
        """dB [B, F, 1] -> what the blocks are told [B, F, D]"""
        told: Tensor = self.tell(down_db / DEEPEST_DB)
        return told

    def latents(self, down_db: Tensor) -> Tensor:
        """dB [B, F, 1] -> what is added to the latents [B, F, D of the codec]"""
        return down_db * self.fall

    @staticmethod
    def gain(down_db: Tensor) -> Tensor:
        """Of waves."""
        return torch.exp(-LN_PER_DB * down_db)
