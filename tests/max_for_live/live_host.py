"""Live with our device in it, in a Node process of its own, as an object."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.companion_tools import require_tool

HERE = Path(__file__).parent
LONGEST_WAIT_S = 90.0
GREEN = "[0.36,0.78,0.38,1].join() === light({0}).join()"


class LiveHost:
    """`js` evaluates an expression of live_host.js's words, `until` waits for one to be true."""

    def __init__(self, device_folder: Path, port: int) -> None:
        environment = os.environ | {"DEVICE_FOLDER": str(device_folder)}
        self.saved = json.dumps({"Engine Port": port})
        self.process = subprocess.Popen(
            [require_tool("node"), "live_host.js"], cwd=HERE, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def js(self, code: str) -> Any:
        return self._ask({"js": code})

    def until(self, code: str, limit_s: float = LONGEST_WAIT_S) -> Any:
        return self._ask({"until": code, "limit_ms": 1000 * limit_s})

    def new_set(self) -> None:
        """Live with nothing in it."""
        self.js("close()")

    def open(self, device: int = 0) -> None:
        """One more device, connected."""
        self.js(f"open({self.saved})")
        self.until(GREEN.format(device))

    def _ask(self, line: dict[str, Any]) -> Any:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"error": "Node has ended"}')
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def __enter__(self) -> LiveHost:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        try:
            self.process.wait(timeout=60)
        finally:
            self.process.kill()
            self.process.stdout.close()
