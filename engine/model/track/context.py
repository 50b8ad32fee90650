"""The other tracks as one packed sequence of rows, each at its own time.

    nothing | drums: 75 rows a second ........ | bass: 50 rows a second ..... | ...

The row `nothing` is learned and always heard, so a model without context has something to attend to; it
stands nowhere in time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import unknown

OTHER = "other"  # the name under which a role is heard that the model was not made for


@dataclass(frozen=True)
class ContextFrames:
    """One other track: `latents` [B, D, F] of `codec` at `frame_rate`.

    `first_second` is when its first frame stands, seen from the window's first frame: a number, or one an
    item of the batch [B]. `heard` (bool, [B, F] or [B, 1]) says what there is of it; None: all.
    """

    role: str
    codec: str
    frame_rate: float
    latents: Tensor
    first_second: float | Tensor = 0.0
    heard: Tensor | None = None


class PackedContext(NamedTuple):
    """rows [B, S, context width]; seconds [B, S - 1] of all but the first; heard bool [B, S] or None: all."""

    rows: Tensor
    seconds: Tensor
    heard: Tensor | None

    def with_nothing(self) -> PackedContext:
        """Twice the batch: the second half hears the first row alone."""
        heard = torch.ones_like(self.rows[..., 0], dtype=torch.bool) if self.heard is None else self.heard
        alone = torch.zeros_like(heard)
        alone[:, 0] = True
        return PackedContext(self.rows.repeat(2, 1, 1), self.seconds.repeat(2, 1), torch.cat((heard, alone)))


class ContextRows(nn.Module):
    """`latent_widths`: D by the name of each codec that can be heard; `roles`: the names that are known."""

    def __init__(self, width: int, latent_widths: Mapping[str, int], roles: Sequence[str]) -> None:
        super().__init__()
        self.codecs = nn.ModuleDict({name: nn.Linear(of, width) for name, of in latent_widths.items()})
        self.places = {role: place for place, role in enumerate((*roles, OTHER))}
        self.roles = nn.Parameter(torch.empty(len(self.places), width))
        nn.init.normal_(self.roles, std=0.5)
        self.nothing = nn.Parameter(torch.randn(width))

    def forward(self, context: Sequence[ContextFrames], batch: int, dropped: Tensor | None) -> PackedContext:
        """All tracks in one sequence; `dropped` (bool [B]) are the items that hear none of them.

        EngineError `unknown` for a codec that this model does not hear.
        """
        width = self.nothing.shape[0]
        rows = [self.nothing.expand(batch, 1, width)]
        seconds = [self.nothing.new_zeros(batch, 0, dtype=torch.float32)]
        for track in context:
            rows.append(self.track_rows(track).to(rows[0].dtype))
            seconds.append(_seconds(track, batch))
        packed = functional.layer_norm(torch.cat(rows, 1), (width,))
        return PackedContext(packed, torch.cat(seconds, 1), _heard(context, batch, dropped))

    def track_rows(self, track: ContextFrames) -> Tensor:
        """[B, F, context width]"""
        if track.codec not in self.codecs:
            raise unknown("codec of a context track", track.codec, self.codecs)
        place = self.places.get(track.role, self.places[OTHER])
        rows: Tensor = self.codecs[track.codec](track.latents.transpose(1, 2)) + self.roles[place]
        return rows


class Alongside(nn.Module):
    """What the others do at each of this track's own frames, added to its row.

    Attention can find anything anywhere, but has to learn where to look; a kick under this very frame is told
    at once. Says nothing before it has learnt something.
    """

    def __init__(self, width: int, heard: Mapping[str, tuple[str, int]]) -> None:
        """`heard`: role -> its codec and that codec's latent width."""
        super().__init__()
        self.codecs = {role: codec for role, (codec, _) in heard.items()}
        self.roles = nn.ModuleDict(
            {role: nn.Linear(of, width, bias=False) for role, (_, of) in heard.items()}
        )
        for linear in self.roles.values():
            nn.init.zeros_(linear.weight)  # type: ignore[arg-type]

    def forward(
        self, context: Sequence[ContextFrames], seconds: Tensor, dropped: Tensor | None
    ) -> Tensor | float:
        """seconds [1, F] of the own frames -> [B, F, D]; 0 where nobody is heard whom it knows."""
        total: Tensor | float = 0.0
        for track in context:
            if self.codecs.get(track.role) == track.codec:
                total = total + self.roles[track.role](at_seconds(track, seconds))
        if dropped is not None and isinstance(total, Tensor):
            total = total.masked_fill(dropped[:, None, None], 0.0)
        return total


def at_seconds(track: ContextFrames, seconds: Tensor) -> Tensor:
    """seconds [1, F] -> what is heard of the track there [B, F, D]; before and after it nothing."""
    latents = track.latents.transpose(1, 2)  # [B, S, D]
    if track.heard is not None:
        latents = torch.where(track.heard[..., None], latents, 0.0)
    first = track.first_second
    start = first.float()[:, None] if isinstance(first, Tensor) else first
    place = ((seconds - start) * track.frame_rate).expand(latents.shape[0], -1)  # [B, F]
    within = ((place > -1.0) & (place < latents.shape[1]))[..., None]
    place = place.clamp(0.0, latents.shape[1] - 1.0)
    left = place.floor().long()
    right = (left + 1).clamp(max=latents.shape[1] - 1)
    share = (place - left)[..., None].to(latents.dtype)
    rows = _rows(latents, left) * (1.0 - share) + _rows(latents, right) * share
    return torch.where(within, rows, 0.0)


def _rows(rows: Tensor, places: Tensor) -> Tensor:
    """rows [B, S, D], places [B, F] -> [B, F, D]"""
    return rows.gather(1, places[..., None].expand(-1, -1, rows.shape[-1]))


def _seconds(track: ContextFrames, batch: int) -> Tensor:
    """When each frame stands [B, F]."""
    frames = torch.arange(track.latents.shape[2], device=track.latents.device) / track.frame_rate
    first = track.first_second
    if isinstance(first, Tensor):
        return first.float()[:, None] + frames
    return (frames + first).expand(batch, -1)


def _heard(context: Sequence[ContextFrames], batch: int, dropped: Tensor | None) -> Tensor | None:
    """Which rows are heard, bool [B, S]; None for all of them, which lets attention take its fastest way."""
    if not context or (dropped is None and all(track.heard is None for track in context)):
        return None
    device = context[0].latents.device
    kept = torch.ones(batch, 1, dtype=torch.bool, device=device) if dropped is None else ~dropped[:, None]
    heard = [torch.ones(batch, 1, dtype=torch.bool, device=device)]
    for track in context:
        there = kept if track.heard is None else kept & track.heard
        heard.append(there.expand(batch, track.latents.shape[2]))
    return torch.cat(heard, 1)
