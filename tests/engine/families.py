"""Families of models for tests: their sound is the instruments', upside down, and it comes when it is let."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.instruments.render import render
from engine.music.score import Score
from engine.performing import Offer, Part, Watch
from engine.units import beats_to_samples


def upside_down(score: Score) -> NDArray[np.float32]:
    """[N, C=2]: no sample of it is the instruments', where there is any sound."""
    return -render(score)


class Mirror:
    """Performs in two halves; `first` and `rest` are gates, open until a test closes them."""

    def __init__(self, name: str = "model", offer: Offer | None = None) -> None:
        self.name = name
        self.first, self.rest = threading.Event(), threading.Event()
        self.first.set()
        self.rest.set()
        self.sound: Callable[[Score], NDArray[np.float32]] = upside_down
        self.failure: Exception | None = None
        self.parts: dict[str, Part] = {}
        self.begun = threading.Semaphore(0)  # released by each part that begins
        self._offer = offer or Offer(True, True, "its card clears the bar")

    def offer(self, role: str) -> Offer:
        return self._offer

    def warm(self, role: str) -> None:
        """There is nothing to load."""

    def perform(self, part: Part, watch: Watch) -> NDArray[np.float32]:
        self.parts[part.score.track] = part
        self.begun.release()
        audio = self.sound(part.score)
        _wait(self.first, watch)
        watch.progress(0.5)
        watch.ready(audio[: half(part.score)])
        _wait(self.rest, watch)
        if self.failure is not None:
            raise self.failure
        watch.progress(1.0)
        return audio


def half(score: Score) -> int:
    """The sample in the middle of the loop's beats."""
    return beats_to_samples(score.length_beats / 2, score.tempo_bpm)


def _wait(gate: threading.Event, watch: Watch) -> None:
    while not gate.wait(0.005):
        if watch.cancelled():
            raise EngineError("cancelled", "the model was cancelled")
