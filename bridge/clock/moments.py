"""The moment at which something was looked at, on a machine that has other things to do as well."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

UNDISTURBED_S = 0.0002  # a look that took longer was interrupted: its moment is not known well enough
TRIES = 3

Seen = TypeVar("Seen")


def look(see: Callable[[], Seen], now: Callable[[], float] = time.perf_counter) -> tuple[float, Seen]:
    """What is seen, and when: the look of some tries that took the least time."""
    best_s, at_s, seen = float("inf"), 0.0, None
    for _ in range(TRIES):
        before_s = now()
        latest = see()
        took_s = now() - before_s
        if took_s < best_s:
            best_s, at_s, seen = took_s, before_s + took_s / 2, latest
        if took_s < UNDISTURBED_S:
            break
    assert seen is not None
    return at_s, seen
