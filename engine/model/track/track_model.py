"""A track model: score, style, the other tracks and what is known of its own sound -> latents and tokens.

    model.take_codebooks(codec.quantizer)                    once: tokens are the codec's
    model(scores, style, context)                            the first pass: latents
    prepared = model.prepare(scores, style, context)         what stays the same over the passes of a window
    model.passes(prepared, tokens, codebooks=(0,))           one refinement pass: logits of codebook 0

A token is a code of the codec or `model.mask`, which says that it is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.model.codec.config import CodecConfig
from engine.model.codec.config import config_named as codec_named
from engine.model.codec.quantizer import Quantizer
from engine.model.track.attention import placeless, turns
from engine.model.track.conditioning import score_width
from engine.model.track.config import TrackModelConfig, config_named, role_names
from engine.model.track.context import Alongside, ContextFrames, ContextRows
from engine.model.track.giving_way import KEY, GivingWay
from engine.model.track.guide import GUIDE_SIZE
from engine.model.track.heads import Entries, GuideHead, LatentHead, TokenHead
from engine.model.track.style import style_size
from engine.model.track.transformer import BlockConditions, Shared, Transformer


class Prediction(NamedTuple):
    """latents [B, D, F]; logits [B, number of codebooks asked for, F, V] or None where none was asked for."""

    latents: Tensor
    logits: Tensor | None

    def guided(self, cfg_coef: float) -> Prediction:
        """Classifier-free guidance over the halves of a batch made by `prepare(..., guided=True)`.

        Ho and Salimans 2022: without + cfg_coef x (with - without); 1 is the prediction with all conditions.
        """
        latents = _away(self.latents, cfg_coef)
        return Prediction(latents, None if self.logits is None else _away(self.logits, cfg_coef))


class Prepared(NamedTuple):
    """All of a window that its tokens do not change; `rows` [B, F, D], or [2 B, F, D] where guided."""

    rows: Tensor
    conditions: tuple[BlockConditions, ...]
    end: tuple[Tensor, Tensor]
    shared: Shared
    guided: bool
    guide: Tensor  # [B, F, channels x values], or [2 B, ...]


class StyleRows(nn.Module):
    """style [B, style size] -> [B, style width]; None or dropped items: a learned nothing."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.read = nn.Linear(size, width)
        self.mix = nn.Linear(width, width)
        self.nothing = nn.Parameter(torch.randn(width))

    def forward(self, style: Tensor | None, batch: int, dropped: Tensor | None) -> Tensor:
        if style is None:
            return self.nothing.expand(batch, -1)
        rows: Tensor = self.mix(functional.silu(self.read(style)))
        return rows if dropped is None else torch.where(dropped[:, None], self.nothing.to(rows.dtype), rows)


class FrameRows(nn.Module):
    """What the blocks begin with: score features, given latents, known tokens; each adds to the row."""

    def __init__(self, scores: int, latent_width: int, num_codebooks: int, width: int) -> None:
        super().__init__()
        self.scores = nn.Linear(scores, width)
        self.given = nn.Linear(latent_width, width)  # its bias says "given"
        self.known = nn.Linear(latent_width, width, bias=False)
        self.count = nn.Parameter(torch.empty(num_codebooks + 1, width))  # codebooks known; 0: masked
        nn.init.normal_(self.count, std=0.5)

    def conditions(self, scores: Tensor, given: Tensor | None, given_mask: Tensor | None) -> Tensor:
        """scores [B, F, S features], given normed latents [B, F, D], given_mask bool [B, F] -> [B, F, D]"""
        rows: Tensor = self.scores(scores)
        if given is None:
            return rows
        assert given_mask is not None, "given latents come with the mask that says which frames they are"
        told = self.given(torch.where(given_mask[..., None], given, 0.0))
        return rows + torch.where(given_mask[..., None], told, 0.0)

    def tokens(self, known: Tensor | None, count: Tensor | None) -> Tensor:
        """known normed latents [B, F, D] of the tokens, count int [B, F] of known codebooks"""
        if known is None or count is None:
            return self.count[0]
        rows: Tensor = self.known(torch.where(count[..., None] > 0, known, 0.0))
        return rows + functional.embedding(count, self.count).to(rows.dtype)


class TrackModel(nn.Module):
    """Untrained, from the global random state."""

    def __init__(self, config: TrackModelConfig, codec_config: CodecConfig) -> None:
        super().__init__()
        self.config, self.codec_config = config, codec_config
        self.about: dict[str, str] = {}  # how it was trained, for its card
        sizes = codec_config.num_codebooks, codec_config.codebook_size, codec_config.latent_width
        self.entries = Entries(*sizes)
        self.frames = FrameRows(score_width(config.kind), sizes[2], sizes[0], config.width)
        self.style = StyleRows(style_size(), config.style_width)
        self.context = ContextRows(config.context_width, heard_codecs(config), role_names())
        self.alongside = Alongside(config.width, heard_roles(config))
        self.transformer = Transformer(
            config.depth,
            config.width,
            config.heads,
            config.expansion,
            config.kernel,
            config.context_width,
            config.style_width,
        )
        self.latents = LatentHead(config.width, sizes[2])
        self.guide = GuideHead(config.width, sizes[2], config.kind)
        self.tokens = TokenHead(config.width, *sizes)
        self.giving_way = _giving_way(config)

    @property
    def mask(self) -> int:
        """The token that is not known."""
        return self.entries.mask

    def take_codebooks(self, quantizer: Quantizer) -> TrackModel:
        """Of the codec whose tokens it reads and writes; needed once before anything else."""
        self.entries.take(quantizer)
        return self

    def forward(
        self,
        scores: Tensor,
        style: Tensor | None = None,
        context: Sequence[ContextFrames] = (),
        tokens: Tensor | None = None,
        given: Tensor | None = None,
        given_mask: Tensor | None = None,
        *,
        drop_style: Tensor | None = None,
        drop_context: Tensor | None = None,
        codebooks: Sequence[int] = (),
    ) -> Prediction:
        """One pass: `prepare`, then `passes`."""
        prepared = self.prepare(
            scores, style, context, given, given_mask, drop_style=drop_style, drop_context=drop_context
        )
        return self.passes(prepared, tokens, codebooks)

    def prepare(
        self,
        scores: Tensor,
        style: Tensor | None = None,
        context: Sequence[ContextFrames] = (),
        given: Tensor | None = None,
        given_mask: Tensor | None = None,
        *,
        drop_style: Tensor | None = None,
        drop_context: Tensor | None = None,
        guided: bool = False,
    ) -> Prepared:
        """scores [B, F, S features], style [B, style size], given latents [B, D, F], given_mask bool [B, F].

        `drop_style`, `drop_context`: bool [B], the items that do without. `guided` doubles the batch: its
        second half does without both (Prediction.guided).
        """
        batch = scores.shape[0]
        begin = None if given is None else self.entries.normed(given.transpose(1, 2))
        rows = self.frames.conditions(scores, begin, given_mask)  # [B, F, D]
        alone, seconds = rows, self._seconds(scores)
        rows = rows + self.alongside(context, seconds, drop_context)
        styled = self.style(style, batch, drop_style)  # [B, style width]
        heard = self.context(context, batch, drop_context)
        guide = scores[..., -GUIDE_SIZE:]
        if guided:
            guide = guide.repeat(2, 1, 1)
            rows = torch.cat((rows, alone))
            styled = torch.cat((styled, self.style(None, batch, None).to(styled.dtype)))
            heard = heard.with_nothing()
        head_width = self.config.width // self.config.heads
        others = placeless(turns(heard.seconds, head_width))
        mask = None if heard.heard is None else heard.heard[:, None, None]  # [B, 1, 1, S]
        shared = Shared(turns(seconds, head_width), mask)
        read = self.transformer.conditions(styled, heard.rows, others)
        return Prepared(rows, *read, shared, guided, guide)

    def passes(
        self, prepared: Prepared, tokens: Tensor | None = None, codebooks: Sequence[int] = ()
    ) -> Prediction:
        """tokens [B, K, F], None: nothing is known; `codebooks`: those whose logits are wanted.

        The prediction is of [2 B, ...] where `prepared` is guided.
        """
        rows, known = prepared.rows, None
        if tokens is None:
            rows = rows + self.frames.tokens(None, None)
        else:
            tokens = tokens.repeat(2, 1, 1) if prepared.guided else tokens
            known = self.entries.of(tokens)  # [B, K, F, D]
            count = (tokens != self.mask).sum(1)  # [B, F]
            rows = rows + self.frames.tokens(self.entries.normed(known.sum(1)), count)
        rows = self.transformer(rows, prepared.conditions, prepared.end, prepared.shared)
        latents = self.entries.latents(self.latents(rows))  # [B, F, D]
        latents = latents + self.guide(rows, prepared.guide)
        logits = None
        if codebooks:
            assert known is not None or tuple(codebooks) == (0,), "finer codebooks need the coarser tokens"
            known = latents.new_zeros(latents.shape[0], 0, *latents.shape[1:]) if known is None else known
            logits = self.tokens(rows, latents, known, self.entries, codebooks)
        return Prediction(latents.transpose(1, 2), logits)

    def _seconds(self, scores: Tensor) -> Tensor:
        """When each frame stands [1, F], from the window's first."""
        return (torch.arange(scores.shape[1], device=scores.device) / self.codec_config.frame_rate)[None]


def heard_codecs(config: TrackModelConfig) -> dict[str, int]:
    """Latent width of every codec that the tracks of this size write, this model's own among them."""
    names = {config_named(role, config.size).codec for role in role_names()} | {config.codec}
    return {name: codec_named(name).latent_width for name in sorted(names)}


def _giving_way(config: TrackModelConfig) -> GivingWay | None:
    codec, drums_width = heard_roles(config).get(KEY, ("", 0))
    return GivingWay(codec, drums_width) if config.gives_way and codec else None


def heard_roles(config: TrackModelConfig) -> dict[str, tuple[str, int]]:
    """role -> (codec, latent width) of every track of this size."""
    named = {role: config_named(role, config.size).codec for role in role_names()} | {
        config.role: config.codec
    }
    return {role: (codec, codec_named(codec).latent_width) for role, codec in named.items()}


def _away(both: Tensor, cfg_coef: float) -> Tensor:
    """both [2 B, ...]: with all conditions, then without -> [B, ...]"""
    kept, without = both.chunk(2)
    return torch.lerp(without, kept, cfg_coef)
