"""Who asks again is waited for."""

import queue
import time

from engine.settling import Settler


def test_it_is_called_once_after_the_last_of_many() -> None:
    calls: queue.Queue[float] = queue.Queue()
    settler = Settler(0.05, lambda: calls.put(time.monotonic()))
    for _ in range(20):
        settler.ask()
        last = time.monotonic()
    assert calls.get(timeout=10.0) - last >= 0.045
    settler.ask()
    calls.get(timeout=10.0)
    settler.close()
    assert calls.empty()


def test_what_was_asked_is_dropped_at_the_end() -> None:
    calls: queue.Queue[None] = queue.Queue()
    settler = Settler(60.0, lambda: calls.put(None))
    settler.ask()
    settler.close()
    assert calls.empty()
