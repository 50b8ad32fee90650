"""A JACK server without a sound card, for measuring; it ends with whoever started it, however that ends.

JACK keeps a machine-wide table of eight server names, and one that was killed keeps its place: so there are
`NAMES` of ours, each held by a lock on a file, and used again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bridge.jack_probe import probe
from engine.errors import EngineError

SAMPLE_RATE, BLOCK_FRAMES = 48_000, 256
NAMES = 4
START_S = 10.0
# The server goes when our end of its input does.
HELD = ("sh", "-c", '"$@" & server=$!; cat; kill $server; wait $server', "sh")


@contextmanager
def jack_server(block_frames: int = BLOCK_FRAMES) -> Iterator[str]:
    """Its name. EngineError `not_available`."""
    if shutil.which("jackd") is None:
        raise EngineError("not_available", "missing: jackd; install jackd2")
    taken = take_name("resonantgen_bench", NAMES)
    if taken is None:
        raise EngineError("busy", f"{NAMES} measurements with JACK are running; wait for one")
    name, lock = taken
    driver = ["-d", "dummy", "-r", str(SAMPLE_RATE), "-p", str(block_frames)]
    quiet = subprocess.DEVNULL
    with (
        lock,
        subprocess.Popen(
            [*HELD, "jackd", "-R", "-n", name, *driver], stdin=subprocess.PIPE, stdout=quiet, stderr=quiet
        ) as process,
    ):
        assert process.stdin is not None
        try:
            _wait_for(name)
            yield name
        finally:
            process.stdin.close()


def take_name(prefix: str, count: int) -> tuple[str, IO[str]] | None:
    """One of `count` names of servers that nobody on this machine uses, and the lock that keeps it so; None
    where all are taken."""
    import fcntl  # not on Windows, where jackd has no dummy driver either

    for number in range(count):
        name = f"{prefix}_{os.getuid()}_{number}"
        lock = (Path(tempfile.gettempdir()) / f"{name}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        return name, lock
    return None


def _wait_for(name: str) -> None:
    end_s = time.monotonic() + START_S
    while probe(name) is None:
        if time.monotonic() > end_s:
            raise EngineError("not_available", f"jackd {name} does not answer")
        time.sleep(0.05)
