"""Ways to perform a window, asked as a `TrackModel` is asked, so that all are measured alike."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from engine.evaluation.models.delayed.model import DelayedModel
from engine.model.codec.quantizer import Quantizer
from engine.model.track.context import ContextFrames
from engine.model.track.refinement import Plan, Sampling, performed
from engine.model.track.track_model import Prediction, TrackModel


class Way(nn.Module):
    """`network` is what was trained; `codes` says how it performs."""

    def __init__(self, name: str, network: TrackModel | DelayedModel) -> None:
        super().__init__()
        self.name, self.network = name, network
        self.entries = network.entries

    def forward(
        self, scores: Tensor, style: Tensor | None = None, context: Sequence[ContextFrames] = ()
    ) -> Prediction:
        """latents [B, D, F] of the tokens."""
        tokens = self.codes(scores, style, context)
        return Prediction(self.entries.of(tokens).sum(1).transpose(1, 2), None)

    def codes(self, scores: Tensor, style: Tensor | None, context: Sequence[ContextFrames]) -> Tensor:
        """int64 [B, K, F]"""
        raise NotImplementedError


class Passes(Way):
    """Ours: one pass, or refined by the passes of `plan`."""

    def __init__(self, name: str, network: TrackModel, quantizer: Quantizer, plan: Plan) -> None:
        super().__init__(name, network)
        self.ours, self.quantizer, self.plan = network, quantizer, plan

    def codes(self, scores: Tensor, style: Tensor | None, context: Sequence[ContextFrames]) -> Tensor:
        prepared = self.ours.prepare(scores, style, context)
        return performed(self.ours, prepared, self.quantizer, self.plan, Sampling())


class Steps(Way):
    """The rival: one step after the other, drawn at `temperature` from the `top_k` likeliest."""

    def __init__(self, network: DelayedModel, temperature: float, top_k: int) -> None:
        super().__init__(f"autoregressive, temperature {temperature:g}", network)
        self.rival, self.temperature, self.top_k = network, temperature, top_k

    def codes(self, scores: Tensor, style: Tensor | None, context: Sequence[ContextFrames]) -> Tensor:
        return self.rival.generate(scores, style, context, self.temperature, self.top_k)
