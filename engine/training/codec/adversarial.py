"""The adversarial game: the discriminator learns to tell decoded from original, the codec to deceive it.

Source: Défossez et al. 2022 (EnCodec), equations 2, 3 and 6: hinge losses, and the relative distance of the
discriminator's features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.training.codec.discriminator import Judgement, MsStftDiscriminator
from engine.training.codec.parallel import Place

MEASURED = ("loss/discriminator", "discriminator/told_apart", "discriminator/gradient")


@dataclass(frozen=True)
class AdversaryConfig:
    """`update_share` of the steps move the discriminator: 2/3 for EnCodec at 24 kHz, 1/2 at 48 kHz.

    If it always moved it would win, and a discriminator that has won teaches nothing.
    """

    learning_rate: float = 3e-4
    betas: tuple[float, float] = (0.5, 0.9)
    weight_decay: float = 0.0
    update_share: float = 2 / 3
    max_gradient_norm: float = 10.0


class Adversary:
    """The discriminator with its own optimiser. Each step: `step` first, then `losses` for the codec."""

    def __init__(
        self,
        discriminator: MsStftDiscriminator,
        config: AdversaryConfig | None = None,
        place: Place | None = None,
    ) -> None:
        self.config = config or AdversaryConfig()
        self.place = place or Place(torch.device("cpu"))
        self.discriminator = discriminator.to(self.place.device)
        self.spread = self.place.spread(self.discriminator)
        self.optimizer = torch.optim.AdamW(
            self.discriminator.parameters(),
            self.config.learning_rate,
            betas=self.config.betas,
            weight_decay=self.config.weight_decay,
        )
        self.steps = 0
        self.measured: dict[str, float] = {}

    def step(self, original: Tensor, decoded: Tensor) -> dict[str, float]:
        """Both [B, C, N]. Moves the discriminator at its turn; what its last turn measured, {} before one.

        `loss/discriminator`. `discriminator/told_apart`: share of judgements that were right, 0.5 for a coin.
        `discriminator/gradient`: its norm before clipping; without a finite one, nothing is moved.
        """
        turn = self._its_turn()
        self.steps += 1
        if turn:
            self.measured = self._move(original, decoded)
        return self.measured

    def losses(self, original: Tensor, decoded: Tensor) -> dict[str, Tensor]:
        """Both [B, C, N] -> `adversarial` and `features`, with gradients into `decoded` alone."""
        with torch.no_grad():
            real = self._judged(self.discriminator, original)
        self.discriminator.requires_grad_(False)
        try:
            # Not through the wrapper: it would wait for gradients of weights that nobody asks for.
            fake = self._judged(self.discriminator, decoded)
        finally:
            self.discriminator.requires_grad_(True)
        return {"adversarial": generator_loss(fake), "features": feature_loss(real, fake)}

    def state_dict(self) -> dict[str, Any]:
        return {
            "discriminator": self.discriminator.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "steps": self.steps,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.discriminator.load_state_dict(state["discriminator"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps = int(state["steps"])

    def _move(self, original: Tensor, decoded: Tensor) -> dict[str, float]:
        judgements = self._judged(self.spread, torch.cat([original, decoded.detach()]))
        # Both halves in one pass: half the launches on a GPU, and one backward for DistributedDataParallel.
        real, fake = _halves(judgements, 0), _halves(judgements, 1)
        loss = discriminator_loss(real, fake)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.discriminator.parameters(), self.config.max_gradient_norm)
        if bool(torch.isfinite(norm)):
            self.optimizer.step()
        measured = torch.stack([loss.detach(), told_apart(real, fake), norm])
        return dict(zip(MEASURED, self.place.mean(measured).tolist(), strict=True))

    def _its_turn(self) -> bool:
        """By counting, not by chance: every process agrees, and a resumed run goes on as it would have."""
        share = self.config.update_share
        return int((self.steps + 1) * share + 1e-6) > int(self.steps * share + 1e-6)

    def _judged(self, network: nn.Module, audio: Tensor) -> list[Judgement]:
        with self.place.autocast():
            found: list[Judgement] = network(audio)
        return found


def discriminator_loss(real: Sequence[Judgement], fake: Sequence[Judgement]) -> Tensor:
    """Hinge: originals beyond 1, decoded ones beyond -1; mean over scales."""
    pairs = zip(real, fake, strict=True)
    terms = [
        functional.relu(1 - r.logits.float()).mean() + functional.relu(1 + f.logits.float()).mean()
        for r, f in pairs
    ]
    return torch.stack(terms).mean()


def generator_loss(fake: Sequence[Judgement]) -> Tensor:
    """Hinge: decoded audio should be taken for original; mean over scales."""
    return torch.stack([functional.relu(1 - f.logits.float()).mean() for f in fake]).mean()


def feature_loss(real: Sequence[Judgement], fake: Sequence[Judgement]) -> Tensor:
    """Mean distance of each layer's features, as a share of the mean size that the original's have."""
    terms = []
    for r, f in zip(real, fake, strict=True):
        for wanted, given in zip(r.features, f.features, strict=True):
            wanted = wanted.detach().float()
            # Features of silence are next to nothing; a share of them would be without bounds.
            terms.append((wanted - given.float()).abs().mean() / wanted.abs().mean().clamp(min=1e-4))
    return torch.stack(terms).mean()


@torch.no_grad()
def told_apart(real: Sequence[Judgement], fake: Sequence[Judgement]) -> Tensor:
    """Share of the logits on the right side of zero, mean over scales and both kinds."""
    right = [
        (r.logits > 0).float().mean() + (f.logits < 0).float().mean() for r, f in zip(real, fake, strict=True)
    ]
    return torch.stack(right).mean() / 2


def _halves(judgements: Sequence[Judgement], half: int) -> list[Judgement]:
    return [
        Judgement(j.logits.chunk(2)[half], tuple(feature.chunk(2)[half] for feature in j.features))
        for j in judgements
    ]
