"""Our own clock: what the player does by itself. It is always there, and nothing has to follow it."""

from __future__ import annotations

from collections.abc import Callable

from bridge.clock.reading import Reading
from bridge.player import Transport


class InternalClock:
    """See `Source`."""

    def __init__(self, transport: Callable[[], Transport]) -> None:
        self._transport = transport

    def read(self, now_s: float) -> Reading:
        here = self._transport()
        detail = "our own tempo and position"
        return Reading(here.rolling, here.beat, here.tempo_bpm, here.signature, detail=detail)

    def check(self) -> None:
        """Always there."""
