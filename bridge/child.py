"""An engine in a process of its own, for the demo and the benchmark: started, spoken to, ended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType

from bridge.client import Client, free_port
from engine.errors import EngineError


class ChildEngine:
    """`with ChildEngine(set_folder) as client:` … a connected client of a fresh engine."""

    def __init__(self, folder: Path, *options: str, log: Path | None = None) -> None:
        self.port = free_port()
        self.log = log or folder.parent / f"{folder.name}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.command = [
            sys.executable, "-m", "bridge", "serve", "--set", str(folder), "--port", str(self.port), *options,
        ]  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None
        self.client: Client | None = None

    def __enter__(self) -> Client:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        self.client = Client(self.port)
        try:
            self._connect()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self.client

    def _connect(self) -> None:
        """Wait for the port to open, as long as the engine lives (the first start compiles kernels)."""
        assert self.process is not None
        assert self.client is not None
        for _ in range(240):
            try:
                self.client.hello(timeout_s=0.5)
            except EngineError:
                if self.process.poll() is not None:
                    text = self.log.read_text(errors="replace")[-2000:]
                    raise EngineError("internal", f"the engine ended at its start:\n{text}") from None
            else:
                return
        raise EngineError("not_available", f"the engine did not come up; see {self.log}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.client is not None:
            self.client.send("/rg/quit")
            self.client.close()
        if self.process is not None:
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
