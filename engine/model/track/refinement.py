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
from engine.model.track.passing import EAGER, Chance, Drawn, Kept, Passing, Sampling
from engine.model.track.sampling import gumbel
from engine.model.track.track_model import Prepared, TrackModel

FIRST_PASSES, SECOND_PASSES = 6, 2  # of `usual`
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


@torch.inference_mode()
def performed(
    model: TrackModel,
    prepared: Prepared,
    quantizer: Quantizer,
    plan: Plan,
    sampling: Sampling,
    kept: Kept | None = None,
    cancelled: Callable[[], bool] = bool,
    passing: Passing = EAGER,
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
    refinement = Refinement(model, prepared, quantizer, sampling, kept, cancelled, passing)
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
        passing: Passing,
    ) -> None:
        self.model, self.prepared, self.quantizer, self.sampling = model, prepared, quantizer, sampling
        self.cancelled, self.passing = cancelled, passing
        rows = prepared.rows
        self.device = rows.device
        self.generator = torch.Generator(self.device).manual_seed(sampling.seed)
        batch = rows.shape[0] // (2 if prepared.guided else 1)
        self.shape = (batch, quantizer.num_codebooks, rows.shape[1])  # [B, K, F]
        self.kept = self.nothing() if kept is None else kept

    def nothing(self) -> Kept:
        """A compiled pass is the same one whether anything is kept or not."""
        batch, _, frames = self.shape
        codes = torch.zeros(self.shape, dtype=torch.long, device=self.device)
        return Kept(codes, torch.zeros(batch, frames, dtype=torch.bool, device=self.device))

    def unknown(self) -> Tensor:
        """Nothing is known but what is kept."""
        return self.kept.into(torch.full(self.shape, self.model.mask, device=self.device))

    def codebook(self, tokens: Tensor, k: int, passes: int, renewed: float) -> Tensor:
        """The tokens with codebook `k` settled: MaskGIT's loop, begun from what the latents say."""
        sampling = self.sampling
        choosing = (sampling.temperature, sampling.top_k, sampling.cfg_coef)
        before: Drawn | float = renewed
        for left in range(passes - 1, -1, -1):
            if isinstance(before, Drawn):
                tokens = replaced(tokens, k, before.own.masked_fill(before.again, self.model.mask))
            self.ask()
            before = self.passing.settled(
                self.model, self.quantizer, self.prepared, tokens, k,
                self.chance(renewed, left, passes), self.kept, choosing, before,
            )  # fmt: skip
        assert isinstance(before, Drawn), passes
        return replaced(tokens, k, before.own)

    def chance(self, renewed: float, left: int, passes: int) -> Chance:
        """Of a pass after which `left` of `passes` are left."""
        batch, _, frames = self.shape
        temperature, codes = self.sampling.temperature, self.quantizer.codebooks.shape[1]
        noise = gumbel((batch, frames, codes), self.generator) if temperature else None
        wobble = torch.zeros(batch, frames, device=self.device)
        if left:
            wobble = gumbel((batch, frames), self.generator) * (temperature * left / passes)
        share = renewed * math.sin(math.pi / 2 * left / passes)
        return Chance(noise, wobble, torch.full((), share, device=self.device))

    def finish(self, tokens: Tensor, refined: int) -> Tensor:
        """The codebooks beyond `refined` as the latents say them after a last pass.

        Where that pass is the only one it hears no tokens at all, as in training: what is kept is given.
        """
        if refined == tokens.shape[1]:
            return tokens
        self.ask()
        return self.passing.finished(
            self.model, self.quantizer, self.prepared, tokens if refined else None, refined,
            self.kept, self.sampling.cfg_coef,
        )  # fmt: skip

    def ask(self) -> None:
        """Before every pass. EngineError `cancelled`."""
        if self.cancelled():
            raise EngineError("cancelled", "cancelled between two passes of a track model")


def replaced(tokens: Tensor, k: int, codes: Tensor) -> Tensor:
    """tokens [B, K, F] with codes [B, F] as those of codebook k."""
    return torch.cat((tokens[:, :k], codes[:, None], tokens[:, k + 1 :]), 1)
