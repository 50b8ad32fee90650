"""What a clock says at one moment, and what every clock can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from engine.music.key import Signature

# Best first: what `auto` takes where several are there.
ORDER = ("jack", "link", "midi", "osc", "internal")


@dataclass(frozen=True)
class Reading:
    """Where a clock is at the system time it was asked for. `beat` counts quarter notes.

    `rolling` None: this clock has no start and stop (Link without start/stop sync); the music keeps its own.
    `quantum_beats`: only the beat's place within so many counts (Link); 0: the whole beat does.
    `settled` False: the tempo is still being found out. `certain`: somebody has just said so (a start), so
    there is no waiting whether it stays. `precision_s`: errors smaller than this are the clock's own.
    """

    rolling: bool | None
    beat: float
    tempo_bpm: float
    signature: Signature | None = None
    quantum_beats: float = 0.0
    settled: bool = True
    tempo_error_bpm: float = 0.0
    certain: bool = False
    precision_s: float = 0.0
    detail: str = ""


class Source(Protocol):
    """One clock. `now_s` is time.perf_counter(), everywhere in this package."""

    def read(self, now_s: float) -> Reading | None:
        """Where it is; None while it is not there or has gone stale."""
        ...

    def check(self) -> None:
        """EngineError `not_available` with what to do, where this machine cannot have it."""
        ...
