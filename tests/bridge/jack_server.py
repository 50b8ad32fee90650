"""A real JACK server without a sound card, under a name of its own.

    with JackServer(sample_rate=44100, block_size=256) as server: ...

Skips the test where JACK is missing; with RESONANTGEN_REQUIRE_JACK=1 it fails instead.
"""

from __future__ import annotations

import importlib
import itertools
import os
import shutil
import subprocess
import time
from types import TracebackType

import pytest

from bridge.jack_connection import load_jack

_NUMBERS = itertools.count()


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


class JackServer:
    """jackd with the dummy driver; `start` returns when it takes clients.

    Synchronous mode (-S): the server waits for every client in each block, so that on a busy machine a
    late client delays the block and does not leave the block before it in the port.
    """

    def __init__(self, sample_rate: int = 44_100, block_size: int = 1024, synchronous: bool = True) -> None:
        require_jack()
        self.name = f"rg{os.getpid()}_{next(_NUMBERS)}"
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
        )
        self._wait()
        return self

    def _wait(self) -> None:
        """Until a client can be opened (jack_wait looks only once a second)."""
        jack = load_jack()
        end = time.monotonic() + 10.0
        while True:
            try:
                jack.Client("probe", no_start_server=True, servername=self.name).close()
                return
            except jack.JackError:
                assert time.monotonic() < end, f"jackd {self.name} does not answer"
                time.sleep(0.02)

    def kill(self) -> None:
        """kill -9: the server goes without a word."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait()

    def __enter__(self) -> JackServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
