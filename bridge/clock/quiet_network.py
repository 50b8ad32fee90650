"""A network that nobody else is on, for measuring: Link finds its peers by multicast, and no packet of a
measurement or a test may leave the machine. Linux only."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import EngineError

HOLD = ("unshare", "-n", "sh", "-c", "ip link set lo up && echo up && cat")


@contextmanager
def quiet_network() -> Iterator[tuple[str, ...]]:
    """What a command has to begin with to run there; EngineError `not_available` where there is none."""
    for tool in ("unshare", "nsenter", "ip"):
        if shutil.which(tool) is None:
            raise EngineError("not_available", f"missing: {tool}; install util-linux and iproute2")
    with subprocess.Popen(
        HOLD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as holder:
        assert holder.stdin is not None and holder.stdout is not None
        try:
            if holder.stdout.readline() != b"up\n":
                raise EngineError("not_available", "no network namespaces here: they need root")
            yield ("nsenter", "-t", str(holder.pid), "-n")
        finally:
            holder.stdin.close()
