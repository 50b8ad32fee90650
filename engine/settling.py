"""Waits until nobody asks any more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Settler:
    """Calls `call`, on a thread of its own, once `ask` has been left alone for `delay_s`."""

    def __init__(self, delay_s: float, call: Callable[[], None]) -> None:
        self._delay_s, self._call = delay_s, call
        self._due_s: float | None = None
        self._closed = False
        self._condition = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="settler", daemon=True)
        self._thread.start()

    def ask(self) -> None:
        with self._condition:
            self._due_s = time.monotonic() + self._delay_s
            self._condition.notify()

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._condition.notify()
        self._thread.join()

    def _run(self) -> None:
        while self._wait():
            self._call()

    def _wait(self) -> bool:
        """Until it is due; False at the end."""
        with self._condition:
            while not self._closed:
                left_s = None if self._due_s is None else self._due_s - time.monotonic()
                if left_s is not None and left_s <= 0.0:
                    self._due_s = None
                    return True
                self._condition.wait(left_s)
        return False
