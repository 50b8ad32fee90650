"""A real Ardour without a window: its Lua interpreter on a JACK server, asked line by line."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType

from tests.companion_tools import require_tool

LUA = "ardour7-lua"
DRIVER = Path(__file__).with_name("driver.lua")
# What a musician chooses once in Ardour's window: JACK is the transport master.
CONFIG = """<?xml version="1.0" encoding="UTF-8"?>
<Ardour>
  <Config/>
  <TransportMasters current="JACK Transport">
    <TransportMaster type="Engine" name="JACK Transport" collect="1" sclock_synced="1" removeable="0"/>
  </TransportMasters>
</Ardour>
"""


class Ardour:
    """`ask` runs Lua inside Ardour and returns what it returned, as text."""

    def __init__(self, home: Path, jack_server: str = "") -> None:
        self.program = require_tool(LUA)
        self.home, self.jack_server = home, jack_server
        self.config = home / "ardour7"
        self.config.mkdir(parents=True, exist_ok=True)
        (self.config / "config").write_text(CONFIG)

    def __enter__(self) -> Ardour:
        pipes = {name: self.home / name for name in ("orders", "answers")}
        for pipe in pipes.values():
            os.mkfifo(pipe)
        environment = {
            **os.environ, "XDG_CONFIG_HOME": str(self.home), "JACK_NO_START_SERVER": "1",
            "RG_ORDERS": str(pipes["orders"]), "RG_ANSWERS": str(pipes["answers"]),
        }  # fmt: skip
        if self.jack_server:
            environment["JACK_DEFAULT_SERVER"] = self.jack_server
        self.log = self.home / "ardour.log"
        with DRIVER.open() as driver, self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [self.program], stdin=driver, stdout=log, stderr=log, env=environment
            )
        self.orders = pipes["orders"].open("w")
        self.answers = pipes["answers"].open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is not None:
            print(self.log.read_text(errors="replace")[-3000:])

    def close(self) -> None:
        """Close the session, which writes what was recorded, and end."""
        self.orders.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.answers.close()

    def ask(self, chunk: str) -> str:
        self.orders.write(chunk.replace("\n", "\\n") + "\n")
        self.orders.flush()
        done, _, result = self.answers.readline().rstrip("\n").partition("\t")
        assert done == "true", f"{chunk}: {result}\n{self.log.read_text(errors='replace')[-2000:]}"
        return result

    def connect(self) -> None:
        """Onto the JACK server."""
        assert self.ask('return AudioEngine:set_backend("JACK", "ardour", "") ~= nil') == "true"
        assert self.ask("return AudioEngine:start(false)") == "0"

    def open_from(self, template: Path, folder: Path) -> None:
        """A session from a template, as Ardour makes it: the template's state under the session's name."""
        folder.mkdir()
        shutil.copy(template, folder / f"{folder.name}.ardour")
        chunk = f'Session = load_session("{folder}", "{folder.name}") return Session ~= nil'
        assert self.ask(chunk) == "true", self.log.read_text(errors="replace")[-2000:]
