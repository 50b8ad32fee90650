"""What a track model's training is told: windows, phases, rates, weights of the losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.errors import EngineError
from engine.training.codec.config import ENDLESS_STEPS, values_of

SHARES = (
    "context_from", "given_from", "no_context", "no_style", "masked_share",
    "straight_through",
)  # fmt: skip


@dataclass(frozen=True)
class TrackTrainingConfig:
    """`minutes` of computing or `steps`, whichever comes first, end the run; the rate falls over it.

    Items are windows of `seconds`. Until `context_from` of the run the model plays alone; from then on it
    hears a random choice of the other tracks, from `given_from` on some bars of the target are given as well.
    `no_context` and `no_style` are the shares of items that lose theirs, for classifier-free guidance.
    `latent` and `mel` ... `attack` weigh the losses: those of sound through the frozen decoder, of
    `heard_seconds` of `heard_items` windows every `heard_every` steps (0 items: never). `masked_share` of the
    steps guesses masked tokens besides, weighed by `masked`. `giving_way` weighs what a corpus knows of its
    ducking; with `only_giving_way` nothing else is learnt, from any drums with kicks, ducked by lot: that
    takes minutes, and leaves the rest as it is.
    """

    steps: int = ENDLESS_STEPS
    minutes: float = 1e6
    batch_size: int = 6
    seconds: float = 2.0
    learning_rate: float = 1e-3
    final_rate: float = 2e-5
    warmup_steps: int = 100
    weight_decay: float = 0.02
    max_gradient_norm: float = 1.0
    seed: int = 0
    context_from: float = 0.3
    given_from: float = 0.75
    no_context: float = 0.2
    no_style: float = 0.1
    latent: float = 1.0
    mel: float = 0.3
    stft: float = 0.15
    complex: float = 0.05
    excess: float = 0.1
    attack: float = 0.1
    heard_items: int = 2
    heard_seconds: float = 1.0
    heard_every: int = 1
    straight_through: float = 0.0
    masked: float = 0.1
    giving_way: float = 0.3
    only_giving_way: bool = False
    masked_share: float = 0.15
    averaging: float = 0.999
    checkpoint_minutes: float = 3.0
    evaluate_minutes: float = 10.0

    def weights(self) -> dict[str, float]:
        """Of the losses that come through the decoder."""
        return {name: getattr(self, name) for name in ("mel", "stft", "complex", "excess", "attack")}


# A musician's own sound: from trained weights, a few minutes at a low rate, all of it with what is around.
OWN = TrackTrainingConfig(
    learning_rate=2e-4,
    warmup_steps=20,
    context_from=0.0,
    given_from=0.6,
    averaging=0.99,
    evaluate_minutes=3.0,
)


def changed(config: TrackTrainingConfig, settings: Mapping[str, str]) -> TrackTrainingConfig:
    """The config with values given as text; EngineError `unknown` key or `range` value."""
    return checked(replace(config, **values_of(TrackTrainingConfig, settings)))  # type: ignore[arg-type]


def checked(config: TrackTrainingConfig) -> TrackTrainingConfig:
    """EngineError `range` for what cannot be trained with."""
    if min(config.batch_size, config.steps, config.heard_every) < 1:
        raise EngineError("range", "batch_size, steps and heard_every of a training are 1 or more")
    if not min(config.seconds, config.minutes, config.heard_seconds) > 0:
        raise EngineError("range", "seconds, minutes and heard_seconds of a training are above 0")
    for name in SHARES:
        if not 0.0 <= getattr(config, name) <= 1.0:
            raise EngineError("range", f"{name} is {getattr(config, name):g}; it is a share: 0..1")
    if config.only_giving_way and not config.giving_way > 0:
        raise EngineError(
            "range", f"giving_way is {config.giving_way:g}; with only_giving_way nothing would be learnt"
        )
    if not (config.latent or (config.heard_items and any(config.weights().values()))):
        raise EngineError("range", f"the weights of all losses are 0: latent, {', '.join(config.weights())}")
    return config
