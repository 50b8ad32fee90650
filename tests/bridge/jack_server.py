"""A real JACK server without a sound card, under a name of its own.

    with JackServer(sample_rate=44100, block_size=256) as server: ...

Skips the test where JACK is missing; with RESONANTGEN_REQUIRE_JACK=1 it fails instead.

JACK keeps a machine-wide table of eight server names, and one that was killed never gives its place
back. So names are drawn from a small pool and used again: each is held by a lock on a file, which the
server inherits, so that it is free exactly when no test and no left-over server has it.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import time
from types import TracebackType
from typing import IO

import pytest

from bridge.clock.bench_server import take_name
from bridge.jack_connection import load_jack

POOL = 6


def require_jack() -> None:
    missing = [] if shutil.which("jackd") else ["jackd"]
    try:
        importlib.import_module("jack")
    except (ImportError, OSError) as error:
        missing.append(f"JACK-Client ({error})")
    if not missing:
        return
    text = f"missing: {', '.join(missing)}; install jackd2 and pip install JACK-Client"
    if os.environ.get("RESONANTGEN_REQUIRE_JACK") == "1":
        pytest.fail(text)
    pytest.skip(text, allow_module_level=True)


def _take_name() -> tuple[str, IO[str]]:
    """A server name that nobody on this machine uses, and the lock that keeps it so."""
    end = time.monotonic() + 300.0  # tests that run beside this one end first
    while time.monotonic() < end:
        if (taken := take_name("resonantgen_test", POOL)) is not None:
            return taken
        time.sleep(0.2)
    raise AssertionError(f"{POOL} JACK servers of other tests are running")


class JackServer:
    """jackd with the dummy driver; `start` returns when it takes clients.

    Synchronous mode (-S): the server waits for every client in each block, so that on a busy machine a
    late client delays the block and does not leave the block before it in the port.
    """

    def __init__(self, sample_rate: int = 44_100, block_size: int = 1024, synchronous: bool = True) -> None:
        require_jack()
        self.name, self._lock = _take_name()
        self.sample_rate, self.block_size, self.synchronous = sample_rate, block_size, synchronous
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> JackServer:
        environment = {**os.environ, "JACK_NO_AUDIO_RESERVATION": "1", "JACK_NO_START_SERVER": "1"}
        mode = ["-S"] if self.synchronous else []
        driver = ["-d", "dummy", "-r", str(self.sample_rate), "-p", str(self.block_size)]
        self._process = subprocess.Popen(
            ["jackd", "-R", "-n", self.name, *mode, *driver],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._lock.fileno(),),
        )
        self._wait(self._process)
        return self

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        """Until a client can be opened (jack_wait looks only once a second)."""
        jack = load_jack()
        end = time.monotonic() + 60.0
        while True:
            try:
                jack.Client("probe", no_start_server=True, servername=self.name).close()
                return
            except jack.JackError:
                assert process.poll() is None, f"jackd {self.name} ended with {process.returncode}"
                assert time.monotonic() < end, f"jackd {self.name} does not answer"
                time.sleep(0.02)

    def kill(self) -> None:
        """kill -9: the server goes without a word. `start` again brings it back under its name."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """For good: the name goes back to the pool."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait()
        self._lock.close()

    def __enter__(self) -> JackServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
