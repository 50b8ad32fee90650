"""A request on its way from the queue to `/rg/done`."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.errors import EngineError
from engine.jobs import Made, Request
from engine.sound import Sound


@dataclass
class Course:
    """Which tracks of a request are not finished, and what went wrong with the others."""

    request: Request
    left: set[str]
    failures: dict[str, EngineError] = field(default_factory=dict)
    sounds: dict[str, Sound] = field(default_factory=dict)  # to take over together
    shown: dict[str, Made] = field(default_factory=dict)  # sounds, or will, until the model's take is there
    previewed: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    tempo_before: float | None = None  # the set's, before the prompt was understood
    worker_done: bool = False
    started_at: float = 0.0

    def is_cancelled(self, name: str) -> bool:
        return self.request.cancel.is_set(name)
