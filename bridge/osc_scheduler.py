"""Bundles at their time: what is due runs at once and in order, the rest waits on the event loop.

Nothing ever sleeps in the receiving thread, as python-osc's own dispatcher does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence

from bridge.osc_wire import Bundle, Message
from engine.errors import EngineError

MAX_PENDING = 4096
# A bundle for later than this comes from a clock that is wrong: better refused than silently kept.
MAX_AHEAD_S = 3600.0

Run = Callable[[Sequence[Message]], None]


class Scheduler:
    """`run` gets the messages that belong to one moment, in one call."""

    def __init__(self, loop: asyncio.AbstractEventLoop, wall_clock: Callable[[], float] = time.time) -> None:
        self.loop = loop
        self.wall_clock = wall_clock
        self.pending: set[asyncio.TimerHandle] = set()

    def add(self, bundle: Bundle, run: Run) -> None:
        """Run what is due, keep what is not; EngineError `busy` or `range` and nothing is run or kept."""
        now_s = self.wall_clock()
        moments = list(moments_of(bundle, now_s))
        later = [(at_s, messages) for at_s, messages in moments if at_s > now_s]
        for at_s, _ in later:
            if at_s - now_s > MAX_AHEAD_S:
                raise EngineError(
                    "range", f"a bundle for {at_s - now_s:.0f} s from now; {MAX_AHEAD_S:.0f} s at most"
                )
        if len(self.pending) + len(later) > MAX_PENDING:
            raise EngineError("busy", f"{MAX_PENDING} bundles are waiting for their time already")
        for at_s, messages in moments:
            if at_s <= now_s:
                run(messages)
            else:
                self._keep(at_s - now_s, messages, run)

    def cancel(self) -> None:
        for handle in self.pending:
            handle.cancel()
        self.pending.clear()

    def _keep(self, delay_s: float, messages: Sequence[Message], run: Run) -> None:
        def fire() -> None:
            self.pending.discard(handle)
            run(messages)

        handle = self.loop.call_later(delay_s, fire)
        self.pending.add(handle)


def moments_of(bundle: Bundle, now_s: float) -> Iterator[tuple[float, list[Message]]]:
    """(time, messages) of a bundle and of those in it that are for later; earlier ones run with it."""
    moments: dict[float, list[Message]] = {}
    _collect(bundle, now_s, moments)
    yield from sorted(moments.items())


def _collect(bundle: Bundle, not_before_s: float, moments: dict[float, list[Message]]) -> None:
    at_s = max(not_before_s, bundle.at_s if bundle.at_s is not None else not_before_s)
    for element in bundle.elements:
        if isinstance(element, Bundle):
            _collect(element, at_s, moments)
        else:
            moments.setdefault(at_s, []).append(element)
