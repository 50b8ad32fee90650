"""One stay in a session of Link: the process that takes part, from when it is started until it has ended.

A stay that is ended and the next one that is begun do not know of each other: a musician may change the clock
there and back faster than a process ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

log = logging.getLogger(__name__)

LEAVE_S = 1.0


class LinkStay:
    """`begin` on an event loop. `hear` takes each line of the process, `broke_off` its exit code where it has
    ended by itself (None: it could not be started)."""

    def __init__(
        self,
        command: tuple[str, ...],
        hear: Callable[[LinkStay, bytes], None],
        broke_off: Callable[[LinkStay, int | None], None],
    ) -> None:
        self._command, self._hear, self._broke_off = command, hear, broke_off
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._orders: list[bytes] = []  # from before the process was there

    def begin(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._take_part())

    def tell(self, order: bytes) -> None:
        if self._process is None:
            self._orders.append(order)
        elif self._process.stdin is not None:
            self._process.stdin.write(order)

    async def end(self) -> None:
        """Its input ends, and so does the process; one that does not is killed."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), LEAVE_S)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _take_part(self) -> None:
        pipe, code = asyncio.subprocess.PIPE, None
        try:
            self._process = await asyncio.create_subprocess_exec(*self._command, stdin=pipe, stdout=pipe)
            code = await self._listen(self._process)
        except (OSError, ValueError) as error:
            log.warning("Ableton Link: %s", error)
        finally:
            if self._process is not None and self._process.returncode is None:
                self._process.kill()
                await self._process.wait()
        self._broke_off(self, code)

    async def _listen(self, process: asyncio.subprocess.Process) -> int:
        assert process.stdout is not None
        for order in self._orders:
            self.tell(order)
        async for line in process.stdout:
            self._hear(self, line)
        return await process.wait()
