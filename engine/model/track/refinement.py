"""Refinement: of the tokens that the latents say, the least sure are drawn anew in a few parallel passes.

    latents       812 044 391 560 102     nearest entries of codebook 0
    pass 1        812 044 [ ] 560 [ ]     the least sure are drawn from what the model thinks likely
    pass 2        812 044 377 560 [ ]     of those, the surest stay; ever fewer are drawn again
    then the next codebook: a pass that hears the coarser tokens says latents anew, and so on

Sources: Chang et al. 2022 (MaskGIT: confidence, cosine schedule, falling noise), Borsos et al. 2023
(SoundStorm: codebook by codebook), Ziv et al. 2024 (MAGNeT: the finer ones in fewer passes).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.errors import EngineError, check_range
from engine.model.codec.quantizer import Quantizer
from engine.model.track.sampling import chosen, gumbel, least_sure, sureness
from engine.model.track.track_model import Prediction, Prepared, TrackModel

FIRST_PASSES, SECOND_PASSES = 6, 2  # of `usual`
BEAM = 4  # of the tokens that are written: somebody waits for them
MOST_PASSES = 64  # of one codebook


@dataclass(frozen=True)
class Plan:
    """Passes of each codebook, coarsest first; those not named get none and are what the latents say.

    `renewed` is the share of a codebook's tokens that is drawn anew, the least sure first; 1 keeps nothing
    of what the latents say. EngineError `range`, also for passes finer than a codebook without any.
    """

    passes: tuple[int, ...] = ()
    renewed: float = 0.5

    def __post_init__(self) -> None:
        for count in self.passes:
            check_range("passes of a codebook", count, 0, MOST_PASSES)
        if any(self.passes[self.refined :]):
            raise EngineError("range", f"passes {self.passes}; after a codebook of 0 passes come no others")
        check_range("renewed share", self.renewed, 0.0, 1.0)

    @property
    def refined(self) -> int:
        """How many codebooks get passes."""
        return self.passes.index(0) if 0 in self.passes else len(self.passes)

    def total(self, num_codebooks: int) -> int:
        """Passes through the model in all: one more where the finest codebooks get none."""
        return sum(self.passes) + (self.refined < num_codebooks)


def usual_plan(num_codebooks: int) -> Plan:
    """6 passes for the first codebook, 2 for the second, 1 for each finer one."""
    return Plan((FIRST_PASSES, SECOND_PASSES, *[1] * num_codebooks)[:num_codebooks])


@dataclass(frozen=True)
class Sampling:
    """`temperature` 0 takes the likeliest, `top_k` 0 allows all, `cfg_coef` 1 is no guidance.

    EngineError `range`.
    """

    temperature: float = 1.0
    top_k: int = 0
    cfg_coef: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_range("temperature", self.temperature, 0.0, 10.0)
        check_range("top_k", self.top_k, 0, math.inf)
        check_range("cfg_coef", self.cfg_coef, 0.0, 20.0)

    @property
    def guided(self) -> bool:
        """Whether `TrackModel.prepare` must be asked for both halves."""
        return self.cfg_coef != 1.0


@dataclass(frozen=True)
class Kept:
    """Tokens that stay: codes int64 [B, K, F] where `mask` (bool [B, F]) is true."""

    codes: Tensor
    mask: Tensor

    def into(self, codes: Tensor) -> Tensor:
        return torch.where(self.mask[:, None], self.codes, codes)


@torch.inference_mode()
def performed(
    model: TrackModel,
    prepared: Prepared,
    quantizer: Quantizer,
    plan: Plan,
    sampling: Sampling,
    kept: Kept | None = None,
    cancelled: Callable[[], bool] = bool,
) -> Tensor:
    """All passes of `plan` -> codes int64 [B, K, F]; the same seed gives the same codes.

    Without passes these are the first pass's latents, quantised. `prepared` is guided where `sampling` is.
    `cancelled` is asked before each pass: EngineError `cancelled`. EngineError `range` for a plan of more
    codebooks than there are.
    """
    if len(plan.passes) > quantizer.num_codebooks:
        raise EngineError(
            "range", f"passes for {len(plan.passes)} codebooks; this codec has {quantizer.num_codebooks}"
        )
    assert prepared.guided == sampling.guided, "prepare(guided=sampling.guided)"
    refinement = Refinement(model, prepared, quantizer, sampling, kept, cancelled)
    tokens = refinement.unknown()
    for k, passes in enumerate(plan.passes[: plan.refined]):
        tokens = refinement.codebook(tokens, k, passes, plan.renewed)
    return refinement.finish(tokens, plan.refined)


class Refinement:
    """One window on its way: tokens int64 [B, K, F], settled codebook by codebook, the finer ones masked."""

    def __init__(
        self,
        model: TrackModel,
        prepared: Prepared,
        quantizer: Quantizer,
        sampling: Sampling,
        kept: Kept | None,
        cancelled: Callable[[], bool],
    ) -> None:
        self.model, self.prepared, self.quantizer, self.sampling = model, prepared, quantizer, sampling
        self.kept, self.cancelled = kept, cancelled
        self.generator = torch.Generator(prepared.rows.device).manual_seed(sampling.seed)

    def unknown(self) -> Tensor:
        """Nothing is known but what is kept."""
        rows = self.prepared.rows
        shape = (
            rows.shape[0] // (2 if self.prepared.guided else 1),
            self.quantizer.num_codebooks,
            rows.shape[1],
        )
        return self.held(torch.full(shape, self.model.mask, device=rows.device))

    def codebook(self, tokens: Tensor, k: int, passes: int, renewed: float) -> Tensor:
        """The tokens with codebook `k` settled: MaskGIT's loop, begun from what the latents say."""
        latents, logits = self.logits(tokens, k)
        own = self.own(latents, tokens[:, :k])
        drawn = self.least(sureness(logits, own), renewed)  # bool [B, F]
        for left in range(passes - 1, -1, -1):
            choice = chosen(logits, self.sampling.temperature, self.sampling.top_k, self.generator)
            own = torch.where(drawn, choice.codes, own)
            if left:
                share = renewed * math.sin(math.pi / 2 * left / passes)
                noise = gumbel(tuple(own.shape), self.generator) * (self.sampling.temperature * left / passes)
                drawn = self.least(torch.where(drawn, choice.sureness + noise, torch.inf), share)
                logits = self.logits(replaced(tokens, k, own.masked_fill(drawn, self.model.mask)), k)[1]
        return replaced(tokens, k, own)

    def finish(self, tokens: Tensor, refined: int) -> Tensor:
        """The codebooks beyond `refined` as the latents say them after a last pass.

        Where that pass is the only one it hears no tokens at all, as in training: what is kept is given.
        """
        if refined == tokens.shape[1]:
            return tokens
        latents = self.ask(tokens if refined else None).latents
        return self.quantised(latents, tokens[:, :refined])

    def logits(self, tokens: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """One pass: latents [B, D, F] and codebook k's logits [B, F, V]"""
        latents, logits = self.ask(tokens, (k,))
        assert logits is not None
        return latents, logits[:, 0]

    def ask(self, tokens: Tensor | None, codebooks: tuple[int, ...] = ()) -> Prediction:
        """One pass. EngineError `cancelled`."""
        if self.cancelled():
            raise EngineError("cancelled", "cancelled between two passes of a track model")
        prediction = self.model.passes(self.prepared, tokens, codebooks)
        return prediction.guided(self.sampling.cfg_coef) if self.prepared.guided else prediction

    def least(self, sure: Tensor, share: float) -> Tensor:
        """Which frames are drawn anew, bool [B, F]: `share` of those that are not kept, the least sure."""
        free = torch.ones_like(sure, dtype=torch.bool) if self.kept is None else ~self.kept.mask
        counts = (free.sum(1) * share).ceil()
        return least_sure(sure.masked_fill(~free, torch.inf), counts) & free

    def quantised(self, latents: Tensor, settled: Tensor) -> Tensor:
        """latents [B, D, F] -> codes [B, K, F] that begin with `settled` [B, k, F], or what is kept."""
        return self.held(self.quantizer.encode(latents, beam=BEAM, settled=settled))

    def own(self, latents: Tensor, settled: Tensor) -> Tensor:
        """latents [B, D, F] -> the codes [B, F] after `settled` [B, k, F], or what is kept."""
        codes = self.quantizer.next_code(latents, settled, BEAM)
        if self.kept is None:
            return codes
        return torch.where(self.kept.mask, self.kept.codes[:, settled.shape[1]], codes)

    def held(self, codes: Tensor) -> Tensor:
        """The same with what is kept in its place."""
        return codes if self.kept is None else self.kept.into(codes)


def replaced(tokens: Tensor, k: int, codes: Tensor) -> Tensor:
    """tokens [B, K, F] with codes [B, F] as those of codebook k."""
    return torch.cat((tokens[:, :k], codes[:, None], tokens[:, k + 1 :]), 1)
