"""One pass of a refinement from tokens to tokens, choosing included: as it is written, or compiled by torch.

    tokens, chance --> blocks -> heads -> chosen, sureness -> what is drawn again --> tokens

Chance comes from outside, drawn by the window's own generator, so that a compiled pass draws what the other
would. A compiled one takes windows of any length; on CUDA it is recorded as a CUDA graph for each length.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from engine.errors import check_range
from engine.model.codec.quantizer import Quantizer
from engine.model.track.sampling import chosen_with, least_sure, sureness
from engine.model.track.track_model import Prediction, Prepared, TrackModel

log = logging.getLogger(__name__)

BEAM = 4  # of the tokens that are written: somebody waits for them
# Of all models together: one for each codebook that is refined, and for what is heard or not.
MOST_GRAPHS = 256


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
        check_range("top_k", self.top_k, 0, float("inf"))
        check_range("cfg_coef", self.cfg_coef, 0.0, 20.0)

    @property
    def guided(self) -> bool:
        """Whether `TrackModel.prepare` must be asked for both halves."""
        return self.cfg_coef != 1.0


class Kept(NamedTuple):
    """Tokens that stay: codes int64 [B, K, F] where `mask` (bool [B, F]) is true."""

    codes: Tensor
    mask: Tensor

    def into(self, codes: Tensor) -> Tensor:
        return torch.where(self.mask[:, None], self.codes, codes)


class Drawn(NamedTuple):
    """A codebook on its way: `own` codes [B, F], and which of them are drawn again, bool [B, F]."""

    own: Tensor
    again: Tensor


class Chance(NamedTuple):
    """Of one pass: `noise` [B, F, V] of the draw, None where nothing is left to chance; `wobble` [B, F] of
    sureness; `share` [] of the codes that the next pass draws again."""

    noise: Tensor | None
    wobble: Tensor
    share: Tensor


def settled(
    model: TrackModel,
    quantizer: Quantizer,
    prepared: Prepared,
    tokens: Tensor,
    k: int,
    chance: Chance,
    kept: Kept,
    choosing: tuple[float, int, float],
    before: Drawn | float,
) -> Drawn:
    """A pass that draws codes of codebook `k`. tokens [B, K, F]; `choosing`: temperature, top_k, cfg_coef;
    `before`: what the last pass left, or, in a codebook's first one, the share of it that is drawn anew."""
    temperature, top_k, cfg_coef = choosing
    latents, all_logits = told(model, prepared, tokens, cfg_coef, (k,))
    assert all_logits is not None
    logits = all_logits[:, 0]  # [B, F, V]
    if isinstance(before, Drawn):
        own, again = before
    else:
        own = quantizer.next_code(latents, tokens[:, :k], BEAM)
        own = torch.where(kept.mask, kept.codes[:, k], own)
        again = least(sureness(logits, own), before, kept.mask)
    choice = chosen_with(logits, temperature, top_k, chance.noise)
    own = torch.where(again, choice.codes, own)
    sure = torch.where(again, choice.sureness + chance.wobble, torch.inf)
    return Drawn(own, least(sure, chance.share, kept.mask))


def finished(
    model: TrackModel,
    quantizer: Quantizer,
    prepared: Prepared,
    tokens: Tensor | None,
    refined: int,
    kept: Kept,
    cfg_coef: float,
) -> Tensor:
    """The last pass: codes int64 [B, K, F] as the latents say them, after those of `refined` codebooks in
    `tokens` (none: None), or kept ones."""
    latents = told(model, prepared, tokens, cfg_coef).latents
    begun = None if tokens is None else tokens[:, :refined]
    return kept.into(quantizer.encode(latents, beam=BEAM, settled=begun))


def told(
    model: TrackModel,
    prepared: Prepared,
    tokens: Tensor | None,
    cfg_coef: float,
    codebooks: tuple[int, ...] = (),
) -> Prediction:
    prediction = model.passes(prepared, tokens, codebooks)
    return prediction.guided(cfg_coef) if prepared.guided else prediction


def least(sure: Tensor, share: float | Tensor, kept: Tensor) -> Tensor:
    """Which frames are drawn anew, bool [B, F]: `share` of those that are not kept, the least sure."""
    free = ~kept
    counts = (free.sum(1) * share).ceil()
    return least_sure(sure.masked_fill(kept, torch.inf), counts) & free


@dataclass(frozen=True)
class Passing:
    """How a model's passes are computed: `settled` and `finished`, or what takes their place."""

    settled: Callable[..., Drawn] = settled
    finished: Callable[..., Tensor] = finished


EAGER = Passing()


def compiled(device: torch.device, backend: str = "inductor") -> Passing:
    """For one model. On CUDA its passes run on a thread of their own: graphs belong to who recorded them."""
    own = ThreadPoolExecutor(1, "passes") if device.type == "cuda" else None
    return Passing(Compiled(settled, device, backend, own), Compiled(finished, device, backend, own))


class Compiled:
    """A function of tensors, compiled when first called, and the function itself once that has failed."""

    def __init__(
        self,
        function: Callable[..., Any],
        device: torch.device,
        backend: str,
        thread: ThreadPoolExecutor | None = None,
    ) -> None:
        self.function, self.device, self.thread = function, device, thread
        self.failed = False
        dynamo = torch._dynamo.config
        dynamo.recompile_limit = max(MOST_GRAPHS, dynamo.recompile_limit)
        # Graphs save what a GPU waits for between kernels.
        mode = "reduce-overhead" if device.type == "cuda" and backend == "inductor" else None
        self.fast = torch.compile(function, fullgraph=True, dynamic=True, backend=backend, mode=mode)

    def __call__(self, *args: Any) -> Any:
        if not self.failed:
            # Whatever a compiler, a driver or a recorded graph breaks off with, the take is made.
            try:
                return self._on_thread(args)
            except Exception:
                self.failed = True
                log.warning("passes of a track model cannot be compiled: slower from now on", exc_info=True)
        return self.function(*args)

    def _on_thread(self, args: tuple[Any, ...]) -> Any:
        in_16_bit = torch.is_autocast_enabled(self.device.type)
        if self.thread is None:
            return self._run(args, in_16_bit)
        return self.thread.submit(self._run, args, in_16_bit).result()

    @torch.inference_mode()
    def _run(self, args: tuple[Any, ...], in_16_bit: bool) -> Any:
        # Without its cache, which would hold what belongs to a recorded graph.
        with torch.autocast(self.device.type, torch.bfloat16, enabled=in_16_bit, cache_enabled=False):
            made = self.fast(*args)
        # The next run of a graph writes where this one did.
        return Drawn(*(part.clone() for part in made)) if isinstance(made, Drawn) else made.clone()
