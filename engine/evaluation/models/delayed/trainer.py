"""One step of the rival's training: the likelihood of every token, all codebooks and steps at once."""

from __future__ import annotations

import random

import torch
from torch.nn import functional

from engine.evaluation.models.delayed.model import DelayedModel
from engine.evaluation.models.delayed.pattern import before, delayed
from engine.model.codec.codec import Codec
from engine.training.codec.parallel import Place
from engine.training.codec.steps import Steps
from engine.training.track.config import TrackTrainingConfig
from engine.training.track.lots import drawn
from engine.training.track.windows import Windows


class DelayedTrainer(Steps):
    what = "delayed model"

    def __init__(
        self, model: DelayedModel, codec: Codec, config: TrackTrainingConfig, windows: Windows, place: Place
    ) -> None:
        super().__init__(model, config, place, betas=(0.9, 0.98))
        model.entries.take(codec.quantizer.to(place.device))
        self.model, self.config, self.windows = model, config, windows

    def step(self) -> dict[str, float]:
        dice = random.Random(f"{self.config.seed}/{self.steps}/{self.place.rank}")
        batch, _ = drawn(self.windows, self.config, "context", dice)
        batch = batch.to(self.place.device)
        self.set_rate()
        steps = delayed(batch.codes, self.model.mask)
        with self.place.autocast():
            said = self.model.logits(before(steps, self.model.mask), batch.scores, batch.style, batch.context)
        loss = functional.cross_entropy(
            said.float().flatten(0, 2), steps.transpose(1, 2).flatten(), ignore_index=self.model.mask
        )
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        norm = self.move()
        return {"loss/token": float(loss.detach()), "gradient": float(norm)}
