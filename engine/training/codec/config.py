"""What a codec's training is told: sizes, rates, weights of the losses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from engine.errors import EngineError, unknown

ENDLESS_STEPS = 10**9
WINDOWS = (4096, 2048, 1024, 512, 256)  # of the discriminators: EnCodec's at 48 kHz, twice those at 24 kHz


@dataclass(frozen=True)
class TrainingConfig:
    """`minutes` of computing or `steps`, whichever comes first, end the run; the rate falls over it.

    `mel`, `stft`, `complex`, `excess`, `attack`, `adversarial` and `features` weigh the losses; with
    `balance` they are shares of the gradient. `adversary_from` is the share of the run after which the
    discriminators take part; 1: never. They see spectra of `adversary_scales` lengths, from the longest on.
    The codebooks' first guess is made from the latents of the last `gather_steps` of the `unquantised_steps`;
    with `fit_codebooks` a run that starts from a trained codec makes one too. With `frozen_encoder` and
    `frozen_codebooks` tokens stay, and so does what track models know; with `frozen_encoder` alone they need
    only learn their tokens anew.
    """

    steps: int = ENDLESS_STEPS
    minutes: float = 1e6
    batch_size: int = 6
    seconds: float = 0.8
    learning_rate: float = 5e-4
    final_rate: float = 2e-5
    warmup_steps: int = 50
    weight_decay: float = 0.01
    max_gradient_norm: float = 1.0
    seed: int = 0
    mel: float = 1.0
    stft: float = 0.5
    complex: float = 0.15
    excess: float = 0.3
    attack: float = 0.3
    adversarial: float = 0.1
    features: float = 0.2
    commitment: float = 0.1
    balance: bool = False
    adversary_from: float = 1.0
    adversary_filters: int = 32
    adversary_scales: int = 5
    unquantised_steps: int = 150
    gather_steps: int = 40
    fit_codebooks: bool = False
    dropout: float = 0.3
    averaging: float = 0.999
    frozen_encoder: bool = False
    frozen_codebooks: bool = False
    checkpoint_minutes: float = 3.0
    evaluate_minutes: float = 15.0

    def weights(self) -> dict[str, float]:
        """Of the losses that come through the decoder's output."""
        names = ("mel", "stft", "complex", "excess", "attack", "adversarial", "features")
        return {name: getattr(self, name) for name in names}


def changed(config: TrainingConfig, settings: Mapping[str, str]) -> TrainingConfig:
    """The config with values given as text; EngineError `unknown` key or `range` value."""
    return checked(replace(config, **values_of(TrainingConfig, settings)))  # type: ignore[arg-type]


def values_of(kind: type[Any], settings: Mapping[str, str]) -> dict[str, float | int | bool]:
    """Values given as text, of the fields of the dataclass `kind`; EngineError `unknown`, `range`."""
    known = {field.name: field for field in fields(kind)}
    values: dict[str, float | int | bool] = {}
    for key, text in settings.items():
        if key not in known:
            raise unknown("training setting", key, known)
        values[key] = _value(key, text, type(known[key].default))
    return values


def checked(config: TrainingConfig) -> TrainingConfig:
    """EngineError `range` for what cannot be trained with."""
    if config.batch_size < 1 or config.steps < 1 or not config.seconds > 0 or not config.minutes > 0:
        raise EngineError("range", "batch_size, steps, seconds and minutes of a training are above 0")
    if config.adversary_filters < 1:
        raise EngineError("range", f"adversary_filters is {config.adversary_filters}; it is 1 or more")
    if not 1 <= config.adversary_scales <= len(WINDOWS):
        raise EngineError("range", f"adversary_scales is {config.adversary_scales}; it is 1..{len(WINDOWS)}")
    if not 0 <= config.dropout <= 1 or not 0 <= config.adversary_from <= 1:
        raise EngineError("range", "dropout and adversary_from are shares: 0..1")
    if not any(config.weights().values()):
        raise EngineError("range", f"the weights of all losses are 0: {', '.join(config.weights())}")
    return config


def _value(key: str, text: str, kind: type) -> float | int | bool:
    try:
        if kind is bool:
            return {"true": True, "false": False, "1": True, "0": False}[text.lower()]
        value: float | int = kind(text)
    except (ValueError, KeyError):
        raise EngineError("range", f"{key}={text!r}; it is of type {kind.__name__}") from None
    if not 0 <= value < math.inf:
        raise EngineError("range", f"{key}={text}; it is a number, 0 or more")
    return value
