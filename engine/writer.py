"""A thread for the disk: what is slow to write waits here, and is tried again while the disk refuses."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.errors import EngineError

# Seconds between tries; the command is answered after the third, the tries go on.
RETRY_S = (0.5, 1.0, 2.0, 5.0)
TRIES_BEFORE_FAILURE = 3


@dataclass
class Task:
    """`work` runs on the writer thread; the callbacks do too (they post to the control thread)."""

    work: Callable[[], object]
    done: Callable[[object], None]
    failed: Callable[[EngineError, bool], None]  # (why, True when this is the answer)
    retry: bool = True
    tries: int = field(default=0)


class Writer:
    """Runs tasks in order. A task that the disk refuses waits aside, and the others go on."""

    def __init__(self, name: str) -> None:
        self.queue: queue.Queue[Task | None] = queue.Queue()
        self.waiting: list[tuple[float, Task]] = []  # (when to try again, task)
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def submit(self, task: Task) -> None:
        self.queue.put(task)

    def drain(self, timeout_s: float = 30.0) -> None:
        """Wait until what is queued now has been tried. Not on the control thread."""
        passed = threading.Event()
        self.submit(Task(passed.set, done=lambda _: None, failed=lambda *_: None, retry=False))
        passed.wait(timeout_s)

    def close(self) -> None:
        """Finish what is queued, give waiting tasks one last try, and end the thread."""
        self.closing.set()
        self.queue.put(None)
        self.thread.join(timeout=30.0)

    def _run(self) -> None:
        while (task := self._next()) is not None:
            self._try(task)
        for _, waiting in self.waiting:
            waiting.retry = False
            self._try(waiting)

    def _next(self) -> Task | None:
        """The next task, or one whose time to be tried again has come; None at the end."""
        while True:
            now = time.monotonic()
            due = min((at for at, _ in self.waiting), default=None)
            if due is not None and due <= now:
                index = next(i for i, (at, _) in enumerate(self.waiting) if at == due)
                return self.waiting.pop(index)[1]
            try:
                return self.queue.get(timeout=None if due is None else due - now)
            except queue.Empty:
                continue

    def _try(self, task: Task) -> None:
        try:
            result = task.work()
        except EngineError as error:
            task.tries += 1
            if task.retry and error.code == "disk" and not self.closing.is_set():
                task.failed(error, task.tries == TRIES_BEFORE_FAILURE)
                self.waiting.append((time.monotonic() + RETRY_S[min(task.tries, len(RETRY_S)) - 1], task))
            else:
                task.failed(error, True)
        except Exception as error:
            task.failed(EngineError("internal", f"{type(error).__name__}: {error}"), True)
        else:
            task.done(result)
