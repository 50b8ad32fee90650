"""Losses weighed by what they do, not by how large they happen to be.

    loss a -> gradient at the output -> / its usual norm x weight a --+
    loss b -> gradient at the output -> / its usual norm x weight b --+--> one backward through the model

A weight is then the share of the gradient that a term gets, whatever its scale. Source: Défossez et al. 2022
(EnCodec), section 3.4, equation 5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from engine.errors import EngineError, unknown
from engine.training.codec.parallel import Place

TINY = 1e-12
# A term's gradient counts for no more than this many times its usual one. While a new discriminator learns,
# its gradient grows a hundredfold in as many steps, and the average would follow too late.
LIMIT = 3.0


class Balancer:
    """`weights`: the share of each term, of any sum. `norm`: the size of the whole gradient of an item.

    The gradient is the mean over items, as that of a loss is, so `beside` keeps its weight in any batch.
    """

    def __init__(
        self,
        weights: Mapping[str, float],
        ema_decay: float = 0.999,
        norm: float = 1.0,
        place: Place | None = None,
    ) -> None:
        """EngineError `range` for a weight below zero or a decay that is none."""
        wrong = {name: weight for name, weight in weights.items() if not 0 <= weight < math.inf}
        if wrong or not weights:
            raise EngineError("range", f"weights of losses {dict(weights)}; each is 0 or more")
        if not 0 <= ema_decay < 1:
            raise EngineError("range", f"decay {ema_decay:g} of the balancer; it is 0 or more and below 1")
        self.weights, self.ema_decay, self.norm = dict(weights), ema_decay, norm
        self.place = place
        self.sums: dict[str, float] = {}  # of norms, faded by the decay
        self.counts: dict[str, float] = {}  # of steps, faded likewise: their ratio has no bias to the start

    def backward(
        self, losses: Mapping[str, Tensor], output: Tensor, beside: Tensor | None = None
    ) -> dict[str, float]:
        """Gradients of all `losses` of `output` [B, C, N] into the model, in one backward.

        `beside` is a loss that does not go through the output (the quantiser's commitment); it comes in as
        it is, if it has a gradient: behind a frozen encoder it has none. Returns for each term `share/NAME`,
        its part of this step's gradient (their sum is one), and `norm/NAME`, its gradient's norm before. A
        term without a finite gradient is left out of the step.
        EngineError `unknown` for a loss without a weight.
        """
        for name in losses:
            if name not in self.weights:
                raise unknown("loss", name, self.weights)
        gradients = {
            name: torch.autograd.grad(loss, output, retain_graph=True)[0] for name, loss in losses.items()
        }
        norms = self._norms(gradients)
        scales = self._scales(norms)
        total = torch.zeros_like(output)
        for name, scale in scales.items():
            total += gradients[name] * scale
        total /= len(output)
        if beside is None or not beside.requires_grad:
            output.backward(total)
        else:
            torch.autograd.backward([output, beside], [total, None])
        return _report(norms, scales)

    def state_dict(self) -> dict[str, Any]:
        return {"sums": dict(self.sums), "counts": dict(self.counts)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.sums, self.counts = dict(state["sums"]), dict(state["counts"])

    def _norms(self, gradients: Mapping[str, Tensor]) -> dict[str, float]:
        """The mean norm of an item's gradient, over all processes; one wait for the device for all terms."""
        found = torch.stack(
            [gradient.float().flatten(1).norm(dim=1).mean() for gradient in gradients.values()]
        )
        if self.place is not None:
            found = self.place.mean(found)
        return dict(zip(gradients, found.tolist(), strict=True))

    def _scales(self, norms: Mapping[str, float]) -> dict[str, float]:
        """What each finite gradient is multiplied by."""
        finite = [name for name, norm in norms.items() if math.isfinite(norm)]
        for name in finite:
            self.sums[name] = self.sums.get(name, 0.0) * self.ema_decay + norms[name]
            self.counts[name] = self.counts.get(name, 0.0) * self.ema_decay + 1.0
        whole = sum(self.weights[name] for name in finite)
        usual = {name: max(self.sums[name] / self.counts[name], norms[name] / LIMIT) for name in finite}
        return {
            name: self.norm * self.weights[name] / max(whole, TINY) / usual[name]
            for name in finite
            if usual[name] > TINY
        }


def _report(norms: Mapping[str, float], scales: Mapping[str, float]) -> dict[str, float]:
    given = {name: norms[name] * scale for name, scale in scales.items()}
    whole = max(sum(given.values()), TINY)
    shares = {f"share/{name}": given.get(name, 0.0) / whole for name in norms}
    return shares | {f"norm/{name}": norm for name, norm in norms.items()}
