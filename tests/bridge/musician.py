"""A musician at another program: every message leaves by `oscsend`, answers arrive at a plain socket."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import pytest

from bridge.client import Client, Message, free_port
from engine.errors import EngineError

ROOT = Path(__file__).parents[2]
LONGEST_START_S = 300.0


def require_oscsend() -> None:
    if shutil.which("oscsend"):
        return
    text = "missing: oscsend; install liblo-tools"
    if os.environ.get("RESONANTGEN_REQUIRE_OSCSEND") == "1":
        pytest.fail(text)
    pytest.skip(text)


class Musician:
    """Starts `resonantgen serve` in a process of its own and plays it from outside."""

    def __init__(self, folder: Path, *options: str, jack_server: str | None = None) -> None:
        require_oscsend()
        if "--render" not in options:  # models are loaded only where a test is about them
            options = (*options, "--render", "instruments")
        self.folder = folder
        self.port = free_port()
        environment = {**os.environ, "JACK_NO_START_SERVER": "1"}
        if jack_server:
            environment["JACK_DEFAULT_SERVER"] = jack_server
        command = [
            sys.executable, "-m", "bridge", "serve", "--set", str(folder), "--port", str(self.port), *options,
        ]  # fmt: skip
        self.log = folder.parent / f"{folder.name}-{self.port}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        self.ear = Client(self.port)
        self.requests = 0

    def __enter__(self) -> Musician:
        try:
            self._connect()
        except Exception:
            print(self.log.read_text(errors="replace")[-3000:])
            self.kill()
            raise
        # From now on answers to oscsend, which has another port each time, come to our socket too.
        self.send("/rg/hello", "si", "musician", str(self.ear.socket.getsockname()[1]))
        self.hear("/rg/hello")
        return self

    def _connect(self) -> None:
        """As soon as the engine listens; as long as it is coming up, on however busy a machine."""
        deadline = time.monotonic() + LONGEST_START_S
        while True:
            try:
                self.ear.connect(timeout_s=1.0)
                return
            except EngineError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            print(self.log.read_text(errors="replace")[-3000:])
        if self.process.poll() is None:
            self.send("/rg/quit")
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()
        self.ear.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def send(self, address: str, types: str = "", *args: str) -> None:
        command = ["oscsend", "127.0.0.1", str(self.port), address, *([types] if types else []), *args]
        subprocess.run(command, check=True, capture_output=True)

    def hear(self, address: str, *args: object, timeout_s: float = 30.0) -> Message:
        """The next message at an address (that begins with these arguments)."""
        return self.ear.wait(
            lambda m: m.address == address and m.args[: len(args)] == args, timeout_s, f"{address} {args}"
        )

    def ask(self, address: str, types: str = "", *args: str) -> Message:
        """An asynchronous command, to its end: as long as it makes progress, on however busy a machine."""
        self.requests += 1
        self.send(address, f"{types}i", *args, str(self.requests))

        def ends(message: Message) -> bool:
            return message.address in ("/rg/done", "/rg/fail") and message.args[:2] == (
                address,
                self.requests,
            )

        def tells(message: Message) -> bool:
            return ends(message) or message.address.endswith(("/progress", "/preview", "/state"))

        while not ends(message := self.ear.wait(tells, 60.0, address)):
            pass
        return message

    def stem(self, track: str) -> Path:
        return self.folder / "stems" / self.ear.seen[f"/rg/track/{track}/stem"][0]
