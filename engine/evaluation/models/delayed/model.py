"""A track model that says one step of the delay pattern after the other, from the same conditions as ours.

score, style, others -> one block that sees all frames -+-> causal blocks -> logits of every codebook
                           tokens of the step before ---+

As wide, as deep and as well informed as `TrackModel`; it keeps what it has read (keys, values, last frames).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.evaluation.models.delayed.pattern import undelayed
from engine.model.codec.config import CodecConfig
from engine.model.track.attention import Turns, placeless, turned, turns
from engine.model.track.conditioning import score_width
from engine.model.track.config import TrackModelConfig, role_names
from engine.model.track.context import Alongside, ContextFrames, ContextRows
from engine.model.track.heads import Entries
from engine.model.track.sampling import chosen
from engine.model.track.style import style_size
from engine.model.track.track_model import StyleRows, heard_codecs, heard_roles
from engine.model.track.transformer import (
    BlockConditions,
    Inner,
    SelfAttention,
    Shared,
    Transformer,
    join_heads,
    split_heads,
)


class CausalAttention(SelfAttention):
    """Hears the steps before; with `kept`, those of earlier calls as well."""

    kept: tuple[Tensor, Tensor] | None = None
    keeps = False

    def forward(self, rows: Tensor, places: Turns) -> Tensor:
        query, key, value = (split_heads(part, self.heads) for part in self.project(rows).chunk(3, -1))
        query, key = turned(query, places), turned(key, places)
        alone = self.kept is None
        if self.kept is not None:
            key, value = torch.cat((self.kept[0], key), 2), torch.cat((self.kept[1], value), 2)
        if self.keeps:
            self.kept = (key, value)
        told = functional.scaled_dot_product_attention(query, key, value, is_causal=alone)
        mixed: Tensor = self.out(join_heads(told))
        return mixed


class CausalInner(Inner):
    """The convolution looks back only."""

    kept: Tensor | None = None
    keeps = False

    def forward(self, rows: Tensor) -> Tensor:
        reach = self.near.kernel_size[0] - 1
        past = rows.new_zeros(rows.shape[0], reach, rows.shape[2]) if self.kept is None else self.kept
        seen = torch.cat((past, rows), 1)
        if self.keeps:
            self.kept = seen[:, -reach:]
        near = functional.conv1d(seen.transpose(1, 2), self.near.weight, self.near.bias, groups=rows.shape[2])
        rows = rows + near.transpose(1, 2)
        inner: Tensor = self.out(functional.gelu(self.widen(rows), approximate="tanh"))
        return inner


class DelayedModel(nn.Module):
    """Untrained, from the global random state."""

    def __init__(self, config: TrackModelConfig, codec_config: CodecConfig) -> None:
        super().__init__()
        self.config, self.codec_config = config, codec_config
        self.books, self.size = codec_config.num_codebooks, codec_config.codebook_size
        width = config.width
        self.entries = Entries(self.books, self.size, codec_config.latent_width)
        self.scores = nn.Linear(score_width(config.kind), width)
        self.style = StyleRows(style_size(), config.style_width)
        self.context = ContextRows(config.context_width, heard_codecs(config), role_names())
        self.alongside = Alongside(width, heard_roles(config))
        shape = (config.heads, config.expansion, config.kernel, config.context_width, config.style_width)
        self.ahead = Transformer(1, width, *shape)
        self.steps = Transformer(config.depth - 1, width, *shape)
        for block in self.steps.blocks:
            block.attention = CausalAttention(width, config.heads)
            block.inner = CausalInner(width, config.expansion, config.kernel)
            block.reset(config.depth - 1)  # type: ignore[operator]
        self.tokens = nn.ModuleList(nn.Embedding(self.size + 1, width) for _ in range(self.books))
        self.say = nn.Linear(width, self.books * self.size)

    @property
    def mask(self) -> int:
        return self.entries.mask

    def logits(
        self, heard: Tensor, scores: Tensor, style: Tensor | None, context: Sequence[ContextFrames]
    ) -> Tensor:
        """heard int64 [B, K, S]: the tokens of the step before each -> [B, S, K, V]"""
        rows, conditions, end, mask = self._conditions(scores, style, context)
        shared = Shared(self._places(0, rows.shape[1]), mask)
        return self._said(self.steps(rows + self._tokens(heard), conditions, end, shared))

    @torch.inference_mode()
    def generate(
        self,
        scores: Tensor,
        style: Tensor | None = None,
        context: Sequence[ContextFrames] = (),
        temperature: float = 0.0,
        top_k: int = 0,
        seed: int = 0,
    ) -> Tensor:
        """codes int64 [B, K, F]; `temperature` 0 takes the likeliest. The same seed gives the same codes."""
        rows, conditions, end, mask = self._conditions(scores, style, context)
        count = rows.shape[1]
        generator = torch.Generator().manual_seed(seed)
        step = torch.full((rows.shape[0], self.books), self.mask, device=rows.device)
        said = []
        self._keep(True)
        try:
            for place in range(count):
                shared = Shared(self._places(place, 1), mask)
                heard = rows[:, place : place + 1] + self._tokens(step[..., None])
                logits = self._said(self.steps(heard, conditions, end, shared))[:, 0]  # [B, K, V]
                step = self._within(chosen(logits, temperature, top_k, generator).codes, place, count)
                said.append(step)
        finally:
            self._keep(False)
        return undelayed(torch.stack(said, -1))

    def _conditions(
        self, scores: Tensor, style: Tensor | None, context: Sequence[ContextFrames]
    ) -> tuple[Tensor, tuple[BlockConditions, ...], tuple[Tensor, Tensor], Tensor | None]:
        """rows [B, S, D] of every step, which have seen all frames, and what the causal blocks read."""
        batch, frames = scores.shape[:2]
        seconds = torch.arange(frames, device=scores.device)[None] / self.codec_config.frame_rate
        rows = self.scores(scores) + self.alongside(context, seconds, None)
        styled = self.style(style, batch, None)
        heard = self.context(context, batch, None)
        head_width = self.config.width // self.config.heads
        others = placeless(turns(heard.seconds, head_width))
        mask = None if heard.heard is None else heard.heard[:, None, None]
        ahead = self.ahead.conditions(styled, heard.rows, others)
        rows = self.ahead(rows, *ahead, Shared(self._places(0, frames), mask))
        rows = torch.cat((rows, rows[:, -1:].expand(-1, self.books - 1, -1)), 1)
        conditions, end = self.steps.conditions(styled, heard.rows, others)
        return rows, conditions, end, mask

    def _places(self, first: int, count: int) -> Turns:
        steps = torch.arange(first, first + count)[None]
        return turns(steps / self.codec_config.frame_rate, self.config.width // self.config.heads)

    def _tokens(self, heard: Tensor) -> Tensor:
        """[B, K, S] -> [B, S, D]"""
        return torch.stack([table(heard[:, k]) for k, table in enumerate(self.tokens)]).mean(0)

    def _said(self, rows: Tensor) -> Tensor:
        logits: Tensor = self.say(rows).unflatten(-1, (self.books, self.size))
        return logits

    def _within(self, codes: Tensor, place: int, count: int) -> Tensor:
        """No token where the pattern has none: before a codebook's first frame and after its last."""
        first = torch.arange(self.books, device=codes.device)
        there = (place >= first) & (place - first < count - self.books + 1)
        return codes.masked_fill(~there, self.mask)

    def _keep(self, on: bool) -> None:
        for block in self.steps.blocks:
            for part in (block.attention, block.inner):
                part.keeps, part.kept = on, None  # type: ignore[union-attr]
