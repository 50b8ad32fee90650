"""What the engine and whoever performs a score with a model say to each other.

    Part  ->  family.perform(part, watch)  ->  audio [N, C=2]
                        |-> watch.ready(the bars that are finished, from the loop's first sample on)

A family of models is registered by name (`engine.models`); the band of track models is the family
`model`, and an installed package may bring another one. Nothing here imports what computes a model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.music.score import Score

INSTRUMENTS = "instruments"
RENDERS = ("auto", "model", INSTRUMENTS)


@dataclass(frozen=True)
class Given:
    """Bars of the standing take that come back bit for bit. audio: [N, C=2], the whole loop; bars from 0."""

    audio: NDArray[np.float32]
    bars: frozenset[int]


@dataclass(frozen=True)
class Part:
    """One score to be performed, and what is known around it.

    `role`: which of a family's models; `words`: the prompt's and the style's; `context`: by track name the
    loops that are heard, each [N, C=2] at 44.1 kHz with a length of its own. `together`: how many parts are
    performed at once with this one: they share the machine's cores.
    """

    role: str
    score: Score
    words: tuple[str, ...] = ()
    context: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    seed: int = 0
    given: Given | None = None
    together: int = 1


@dataclass(frozen=True)
class Watch:
    """How a family speaks while it performs; every call returns soon.

    `progress` hears shares 0..1. `cancelled` is asked between passes: EngineError `cancelled` then.
    `ready` takes [n, C=2], the first n samples of the loop, which do not change any more; it may be called
    several times, each time with more of them, or never.
    """

    progress: Callable[[float], None]
    cancelled: Callable[[], bool]
    ready: Callable[[NDArray[np.float32]], None]


@dataclass(frozen=True)
class Offer:
    """Whether a family has a model for a role here, and whether `auto` takes it: its card clears the bar.
    `why`: in words for the user, figures of the card where they are known."""

    available: bool
    trusted: bool
    why: str


class Family(Protocol):
    """Models that perform. `perform` is called on several threads at once."""

    name: str  # what a stem's metadata calls it

    def offer(self, role: str) -> Offer:
        """Quick, and without loading anything heavy."""
        ...

    def warm(self, role: str) -> None:
        """Load the role's model, so that the first take does not wait; EngineError where that fails."""
        ...

    def perform(self, part: Part, watch: Watch) -> NDArray[np.float32]:
        """[N, C=2] at 44.1 kHz, N == part.score.length_samples."""
        ...
