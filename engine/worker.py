"""The thread that makes music: one job at a time, its tracks performed in parallel on a pool.

What a performer has asked for and only has to be made ready to play (undo, a scene, what comes back after
a cancel) has a thread of its own, and so has what another tempo wants rendered anew: models hold the pool for
seconds.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from engine.errors import EngineError

log = logging.getLogger(__name__)
# Below the control thread and the player, whatever theirs is: a lock must be answered while every core is
# busy. 19 is the lowest priority that there is.
WORKER_NICENESS, MOST_NICENESS = 10, 19


class Worker:
    """Runs calls in order on its own thread. `pool` is for their parts, `preparer` and
    `renderers` for what cannot wait."""

    def __init__(self, threads: int | None = None) -> None:
        self.niceness = _niceness_below()
        self.pool = self._executor(threads or os.cpu_count() or 1, "worker")
        self.preparer = self._executor(1, "preparer")
        self.renderers = self._executor(threads or os.cpu_count() or 1, "renderer")
        self.queue: queue.Queue[tuple[Callable[[], None], Callable[[EngineError | None], None]] | None]
        self.queue = queue.Queue()
        self.thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self.thread.start()

    def _executor(self, threads: int, name: str) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(
            threads, thread_name_prefix=name, initializer=_be_nice, initargs=(self.niceness,)
        )

    def submit(self, work: Callable[[], None], finished: Callable[[EngineError | None], None]) -> None:
        """`finished` is called on the worker thread with None, or with what went wrong."""
        self.queue.put((work, finished))

    def close(self) -> None:
        """Let the job end. `preparer` stays: what its end brings back is still made ready."""
        self.queue.put(None)
        self.thread.join(timeout=10.0)
        self.pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        _be_nice(self.niceness)
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


def _niceness_below() -> int:
    """Below the thread that asks: an engine that was started above others has its workers above them too."""
    own = os.getpriority(os.PRIO_PROCESS, 0) if hasattr(os, "getpriority") else 0
    return min(own + WORKER_NICENESS, MOST_NICENESS)


def _be_nice(niceness: int) -> None:
    """Lower this thread's priority, where the system has one for each thread (Linux)."""
    if hasattr(os, "setpriority") and hasattr(threading, "get_native_id"):
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
        except OSError:
            log.debug("thread priorities cannot be set here")
