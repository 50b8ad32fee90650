"""A network of our own: Link finds peers by multicast, and no packet may leave the machine."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def loopback_only() -> Iterator[tuple[str, ...]]:
    """What a command has to begin with to run there. Skips the test where the machine does not permit it."""
    if not (shutil.which("unshare") and shutil.which("nsenter")):
        pytest.skip("missing: unshare, nsenter; install util-linux")
    holder = subprocess.Popen(
        ["unshare", "-n", "sh", "-c", "ip link set lo up && echo up && cat"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        if holder.stdout.readline() != b"up\n":
            pytest.skip("no network namespaces here")
        yield ("nsenter", "-t", str(holder.pid), "-n")
    finally:
        holder.stdin.close()
        holder.wait()
