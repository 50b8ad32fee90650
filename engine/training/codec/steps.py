"""What every training has: a network, an optimiser whose rate falls, averaged weights, a count of steps."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from engine.errors import EngineError
from engine.training.codec.average import Averaged
from engine.training.codec.parallel import Place

MOST_LOST = 20  # steps in a row without a finite gradient: after so many it does not come back by itself


class Schedule(Protocol):
    """What a training's settings say of its length, rate and checkpoints."""

    @property
    def steps(self) -> int: ...
    @property
    def minutes(self) -> float: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def final_rate(self) -> float: ...
    @property
    def warmup_steps(self) -> int: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def max_gradient_norm(self) -> float: ...
    @property
    def averaging(self) -> float: ...
    @property
    def checkpoint_minutes(self) -> float: ...
    @property
    def evaluate_minutes(self) -> float: ...


class Steps:
    """A training that a `Run` moves: a subclass says what a step is and what its weights are.

    `network` is what is trained, averaged and evaluated, `what` a word for it. `spent_s` is told by whoever
    runs it.
    """

    what = "model"

    def __init__(
        self, network: nn.Module, schedule: Schedule, place: Place, betas: tuple[float, float]
    ) -> None:
        self.network, self.schedule, self.place = network.to(place.device), schedule, place
        self.optimizer = torch.optim.AdamW(
            network.parameters(),
            schedule.learning_rate,
            betas=betas,
            weight_decay=schedule.weight_decay,
            fused=True,
        )
        self.average = Averaged(network, schedule.averaging)
        self.steps, self.spent_s = 0, 0.0
        self.lost = 0  # steps in a row without a finite gradient

    def share_done(self) -> float:
        return min(1.0, max(self.steps / self.schedule.steps, self.spent_s / 60.0 / self.schedule.minutes))

    def rate(self) -> float:
        """The learning rate: a short rise, then half a cosine down."""
        schedule = self.schedule
        warm = min(1.0, (self.steps + 1) / max(1, schedule.warmup_steps))
        fall = 0.5 * (1.0 + math.cos(math.pi * self.share_done()))
        return warm * (schedule.final_rate + (schedule.learning_rate - schedule.final_rate) * fall)

    def step(self) -> dict[str, float]:
        """One batch; the terms of the loss. EngineError `internal` where it has run away."""
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        """All that is needed to go on."""
        raise NotImplementedError

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken. EngineError `file` where it is another network's."""
        raise NotImplementedError

    def identity(self) -> str:
        """What a checkpoint must be of to go on with."""
        raise NotImplementedError

    def amount(self) -> str:
        """`3000 of 6 x 0.8 s`, for the card."""
        raise NotImplementedError

    def save_weights(self, path: Path, about: dict[str, str]) -> None:
        """What is in the network now, packed, with how it was made."""
        raise NotImplementedError

    def set_rate(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()

    def move(self) -> Tensor:
        """Clips the gradients and moves the weights, unless a gradient is not finite; their norm.

        EngineError `internal` after many such steps in a row.
        """
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.schedule.max_gradient_norm)
        self.steps += 1
        if bool(torch.isfinite(norm)):
            self.lost = 0
            self.optimizer.step()
            self.average.update()
            return norm
        self.lost += 1
        if self.lost >= MOST_LOST:
            raise EngineError(
                "internal",
                f"no finite gradient in {self.lost} steps, the last being {self.steps}: it has run away; "
                "go on from the last checkpoint with a lower learning_rate",
            )
        return norm
