"""Processors by name, in the order they follow each other. Importing this loads no compiled code."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError, unknown
from engine.plugins import load_entry_points

# (audio [N, C=2], amount 0..1, tempo_bpm, seed) -> audio [N, C=2], the given one untouched
Apply = Callable[[NDArray[np.float32], float, float, int], NDArray[np.float32]]
GROUP = "resonantgen.processors"
# As in a studio: shape, squeeze, break, move, cut up, widen, place in a room; the medium comes last.
ORDER = (
    "highpass", "lowpass", "compress", "saturate", "bitcrush", "telephone", "phaser", "chorus", "tremolo",
    "stutter", "gate", "widen", "echo", "room", "hall", "tape", "vinyl",
)  # fmt: skip


@dataclass(frozen=True)
class Processor:
    """`apply` takes a loop and gives one of the same length that closes over its seam as well.

    It is the same for the same arguments, in every process. It is never asked for an amount of 0.
    """

    name: str
    apply: Apply
    doc: str


class Processors:
    """Those of `ORDER` first, then what was added, in the order of its adding."""

    def __init__(self) -> None:
        self.known: dict[str, Processor] = {}

    def __iter__(self) -> Iterator[Processor]:
        return iter(tuple(self.known.values()))

    def __getitem__(self, name: str) -> Processor:
        if name not in self.known:
            raise unknown("processor", name, self.known)
        return self.known[name]

    def register(self, processor: Processor) -> None:
        """Add one, or put it in the place of the one of its name; EngineError `range` for a name that
        could not be a setting."""
        name = processor.name
        if not name.isascii() or not name.replace("_", "").isalnum() or not name[0].isalpha():
            raise EngineError("range", f"processor name {name!r} is not letters, digits and _")
        self.known[name] = processor

    def load_entry_points(self) -> list[str]:
        """Register what installed packages offer; returns what could not be loaded, and why."""
        return load_entry_points(GROUP, self.register)

    def process(
        self, audio: NDArray[np.float32], settings: Mapping[str, float], tempo_bpm: float, seed: int
    ) -> NDArray[np.float32]:
        """The loop [N, C=2] through every processor that `settings` has an amount (0..1) for.

        The very same array where there is none. EngineError `internal` for one that breaks its promise.
        """
        for processor in self:
            amount = min(1.0, float(settings.get(processor.name, 0.0)))
            if amount > 0.0 and len(audio):
                audio = _checked(processor, audio, processor.apply(audio, amount, tempo_bpm, seed))
        return audio


def _checked(
    processor: Processor, audio: NDArray[np.float32], made: NDArray[np.float32]
) -> NDArray[np.float32]:
    """What it made, free of DC."""
    from engine.audio.limiter import shift
    from engine.audio.processors.ring import sums

    if made.shape != audio.shape or made.dtype != np.float32:
        raise EngineError(
            "internal", f"processor {processor.name} made {made.shape} {made.dtype} of {audio.shape}"
        )
    left, right, power = sums(made)
    if not math.isfinite(power):
        raise EngineError("internal", f"processor {processor.name} made numbers that are none")
    made = made.copy() if np.may_share_memory(made, audio) else made
    shift(made, np.array([left, right]) / -len(made))
    return made


@cache
def default_processors() -> Processors:
    """The built-in ones and those of installed packages; one that does not load is logged and left out."""
    from engine.audio.processors import dirt, dynamics, media, motion, rhythm, space, tone

    built_in = {
        processor.name: processor
        for module in (dirt, dynamics, media, motion, rhythm, space, tone)
        for processor in module.PROCESSORS
    }
    processors = Processors()
    for name in ORDER:
        processors.register(built_in[name])
    for failure in processors.load_entry_points():
        logging.getLogger(__name__).warning("processor %s", failure)
    return processors


@cache
def processor_names() -> tuple[str, ...]:
    """The settings that name a processor, found without loading any."""
    return (*ORDER, *sorted({point.name for point in entry_points(group=GROUP)} - set(ORDER)))
