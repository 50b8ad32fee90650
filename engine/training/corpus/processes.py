"""Songs in several processes: tasks go out in order, and their results come back in that order.

No more than a few results wait at a time: a song is some 30 MB. A worker ends with the process that
started it, however that one ended.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import TypeVar

from engine.errors import EngineError

T = TypeVar("T")
R = TypeVar("R")
AHEAD = 2  # tasks a process that are out at a time: one at work, one that waits for it
MOST_PROCESSES = 256


def default_processes() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(function: Callable[[T], R], tasks: Iterable[T], processes: int) -> Iterator[R]:
    """function(task) of each; in this process where there is but one. Leaving the iterator stops the work.

    EngineError: whatever `function` raises, and `internal` where a process was killed.
    """
    if processes <= 1:
        yield from map(function, tasks)
        return
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=begin)
    try:
        yield from _windowed(pool, function, iter(tasks), AHEAD * processes)
    except BrokenProcessPool as error:
        raise EngineError(
            "internal", "a process that made songs was killed (is there enough memory?); fewer --processes?"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _windowed(
    pool: ProcessPoolExecutor, function: Callable[[T], R], tasks: Iterator[T], ahead: int
) -> Iterator[R]:
    out: deque[Future[R]] = deque()
    for task in tasks:
        out.append(pool.submit(function, task))
        if len(out) >= ahead:
            yield out.popleft().result()
    while out:
        yield out.popleft().result()


def begin() -> None:
    """In a new process: one thread of the libraries' own, and an end with the parent.

    A parent that is killed closes no queue that its workers hold open themselves: they would wait for ever.
    """
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
