"""A running engine, and other people's programs driven through their own files, line by line."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from bridge.client import Client, free_port
from engine.errors import EngineError

ROOT = Path(__file__).parents[3]
LONGEST_START_S = 300.0
LONGEST_WAIT_S = 60.0
SETTINGS = '[midi]\nenabled = false\n[prompt]\nembeddings = "off"\n'
PROMPT = "techno at 140 bpm, 1 bar"


class Stage:
    """`resonantgen serve` in a process of its own, and a client that sees what it does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.sets = free_port(), 0
        command = [
            sys.executable, "-m", "bridge", "serve", "--set", str(folder / "first"), "--port", str(self.port),
            "--jack", "off", "--render", "instruments", "--config", str(folder / "settings.toml"),
        ]  # fmt: skip
        (folder / "settings.toml").write_text(SETTINGS)
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=self.log, stderr=self.log)
        self.client = Client(self.port)  # is told of everything
        self.asker = Client(self.port)  # is only answered

    def __enter__(self) -> Stage:
        deadline = time.monotonic() + LONGEST_START_S
        while True:
            try:
                self.client.connect(timeout_s=1.0)
                break
            except EngineError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError((self.folder / "log").read_text()[-3000:]) from None
        return self

    def fresh(self) -> Stage:
        """A set that nobody has touched, with a take on every track: whatever other tests left is not there,
        and what was told until now is read."""
        self.sets += 1
        self.client.send("/rg/stop")
        self.set_name = f"set{self.sets}"
        self.client.ask("/rg/set/new", self.set_name)
        self.client.ask("/rg/generate", PROMPT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.send("/rg/quit")
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.client.close()
        self.asker.close()
        self.log.close()

    def value(self, address: str) -> tuple[Any, ...]:
        """What the engine has at an address now."""
        self.asker.send(address)
        return self.asker.wait(lambda m: m.address == address, LONGEST_WAIT_S, address).args

    def until(self, address: str, *args: Any) -> None:
        """Until the engine has that value there, whether it told of it already or not."""
        deadline = time.monotonic() + LONGEST_WAIT_S
        while (found := self.value(address)) != args:
            assert time.monotonic() < deadline, f"{address} is {found}, not {args}"

    def hear(self, address: str, *args: Any) -> tuple[Any, ...]:
        """The next message at an address that begins with these arguments."""
        message = self.client.wait(
            lambda m: m.address == address and m.args[: len(args)] == args,
            LONGEST_WAIT_S,
            f"{address} {args}",
        )
        return message.args


class Puppet:
    """Another program's model that takes orders line by line, and answers each."""

    def __init__(self, command: Sequence[str]) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0)
        self.heard = b""
        assert self._answer() == "ready"

    def __enter__(self) -> Puppet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def do(self, order: str, **details: Any) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(self.written({"do": order, **details}).encode() + b"\n")
        return self._answer()

    def written(self, order: dict[str, Any]) -> str:
        """An order as the other side reads it."""
        return json.dumps(order)

    def wait(self, id: str, value: Any) -> None:
        """Until a control shows that value."""
        self.do("wait", id=id, value=value)

    def wait_for(self, id: str, pattern: str) -> None:
        """Until a control shows a text of that form."""
        self.do("wait", id=id, like=pattern)

    def take_in(self, address: str) -> None:
        """Until one more message of that address has arrived."""
        self.do("take", address=address)

    def _answer(self) -> Any:
        return json.loads(self._line())

    def _line(self) -> str:
        assert self.process.stdout is not None and self.process.stderr is not None
        while b"\n" not in self.heard:
            ready, _, _ = select.select([self.process.stdout], [], [], LONGEST_WAIT_S)
            data = os.read(self.process.stdout.fileno(), 65_536) if ready else b""
            if not data:
                self.process.kill()
                raise AssertionError(f"no answer: {self.process.stderr.read().decode()[-2000:]}")
            self.heard += data
        line, _, self.heard = self.heard.partition(b"\n")
        return line.decode()
