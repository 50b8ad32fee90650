"""An exponential moving average of a model's weights: it sounds better than the last step, at no cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import EngineError


class Averaged:
    """The averaged weights of `model`; buffers (codebooks, which are averages already) are copied.

    Give it the plain model, not one wrapped by DistributedDataParallel or compiled: their names differ.
    """

    def __init__(self, model: nn.Module, decay: float = 0.999) -> None:
        """EngineError `range` for a decay that is none."""
        if not 0 <= decay < 1:
            raise EngineError(
                "range", f"decay {decay:g} of the averaged weights; it is 0 or more and below 1"
            )
        self.model, self.decay, self.updates = model, decay, 0
        self.weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
        parameters = dict(model.named_parameters())
        self.learned = [name for name in self.weights if name in parameters]
        self.copied = [name for name in self.weights if name not in parameters]

    @torch.no_grad()
    def update(self) -> None:
        """After each step of the optimiser."""
        # The first steps leave quickly: with 0.999 at once, the random start would weigh for thousands.
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        now = self.model.state_dict()
        mine, theirs = self._listed(self.weights, self.learned), self._listed(now, self.learned)
        torch._foreach_lerp_(mine, theirs, 1.0 - decay)
        for name in self.copied:
            self.weights[name].copy_(now[name])

    @contextmanager
    def averaged(self) -> Iterator[nn.Module]:
        """The model with the averaged weights in it; its own are back afterwards, whatever happens."""
        own = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        self._put(self.weights)
        try:
            yield self.model
        finally:
            self._put(own)

    def state_dict(self) -> dict[str, Any]:
        return {"updates": self.updates, "weights": self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """EngineError `file` where the weights are those of another model."""
        given: dict[str, Tensor] = state["weights"]
        shapes = {name: value.shape for name, value in self.weights.items()}
        if {name: value.shape for name, value in given.items()} != shapes:
            odd = sorted(given.keys() ^ shapes.keys()) or [n for n in shapes if given[n].shape != shapes[n]]
            raise EngineError(
                "file", f"averaged weights of another model: {', '.join(odd[:3])} ({len(odd)} in all)"
            )
        with torch.no_grad():
            for name, value in given.items():
                self.weights[name].copy_(value)
        self.updates = int(state["updates"])

    @torch.no_grad()
    def _put(self, weights: dict[str, Tensor]) -> None:
        # In place: the optimiser and a compiled graph keep hold of the model's own tensors.
        for name, value in self.model.state_dict().items():
            value.copy_(weights[name])

    @staticmethod
    def _listed(weights: dict[str, Tensor], names: list[str]) -> list[Tensor]:
        return [weights[name] for name in names]
