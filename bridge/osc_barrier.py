"""`/rg/sync`: told when every asynchronous command that came before has ended."""

from __future__ import annotations

from collections.abc import Callable


class Barrier:
    def __init__(self) -> None:
        self.open: set[int] = set()  # serials of asynchronous commands that have not ended
        self.waiting: list[tuple[int, Callable[[], None]]] = []

    def begin(self, serial: int) -> None:
        self.open.add(serial)

    def end(self, serial: int) -> None:
        self.open.discard(serial)
        oldest = min(self.open, default=float("inf"))
        ready = [call for before, call in self.waiting if before <= oldest]
        self.waiting = [(before, call) for before, call in self.waiting if before > oldest]
        for call in ready:
            call()

    def wait(self, before: int, call: Callable[[], None]) -> None:
        """`call` once no command with a serial below `before` is open; at once when none is."""
        if min(self.open, default=before) >= before:
            call()
        else:
            self.waiting.append((before, call))
