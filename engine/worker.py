"""The thread that makes music: one job at a time, its tracks performed in parallel on a pool."""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from engine.errors import EngineError

log = logging.getLogger(__name__)
# Below the control thread and the player: a lock must be answered while every core is busy.
WORKER_NICENESS = 10


class Worker:
    """Runs calls in order on its own thread. `pool` is for their parts."""

    def __init__(self, threads: int | None = None) -> None:
        self.pool = ThreadPoolExecutor(
            threads or os.cpu_count() or 1, thread_name_prefix="worker", initializer=_be_nice
        )
        self.queue: queue.Queue[tuple[Callable[[], None], Callable[[EngineError | None], None]] | None]
        self.queue = queue.Queue()
        self.thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self.thread.start()

    def submit(self, work: Callable[[], None], finished: Callable[[EngineError | None], None]) -> None:
        """`finished` is called on the worker thread with None, or with what went wrong."""
        self.queue.put((work, finished))

    def close(self) -> None:
        self.queue.put(None)
        self.thread.join(timeout=10.0)
        self.pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        _be_nice()
        while (entry := self.queue.get()) is not None:
            work, finished = entry
            try:
                work()
            except EngineError as error:
                finished(error)
            except Exception as error:  # the one broad except: a defect must not end the engine
                log.exception("a job failed")
                finished(EngineError("internal", f"{type(error).__name__}: {error}"))
            else:
                finished(None)


def _be_nice() -> None:
    """Lower this thread's priority, where the system has one for each thread (Linux)."""
    if hasattr(os, "setpriority") and hasattr(threading, "get_native_id"):
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), WORKER_NICENESS)
        except OSError:
            log.debug("thread priorities cannot be set here")
