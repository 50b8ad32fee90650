"""TouchOSC on a tablet: the layout's own messages and scripts, in Lua, on a real socket."""

from __future__ import annotations

import json
import re
import select
import socket
import time
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bridge.osc_framing import SlipDecoder, slip_encode
from bridge.osc_wire import Message, build, parse
from bridge.panels.touchosc import ANSWER_PORT
from bridge.panels.touchosc_xml import Node
from tests.bridge.panels.stage import LONGEST_WAIT_S, Puppet

HERE = Path(__file__).parent
TYPES = {"i": int, "f": float, "s": str}


def as_lua(value: Any) -> str:
    """Plain data as a Lua expression."""
    if isinstance(value, dict):
        return "{" + ",".join(f"[{as_lua(key)}]={as_lua(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "{" + ",".join(map(as_lua, value)) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(c if c.isascii() and c.isalnum() else rf"\u{{{ord(c):x}}}" for c in value) + '"'
    return repr(value)


class Tablet(Puppet):
    """The layout in front of an engine. Over UDP it sends from one port and hears at another, as tablets
    do."""

    def __init__(self, lua: str, layout: Node, path: Path, engine_port: int, transport: str = "udp") -> None:
        self.sent: list[tuple[str, list[Any]]] = []
        self.arrived: Counter[str] = Counter()  # and not taken in yet, by address
        self.target = ("127.0.0.1", engine_port)
        self.answer_port = ANSWER_PORT
        if transport == "udp":
            self.ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.ear.bind(("127.0.0.1", 0))
            self.mouth = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.answer_port = self.ear.getsockname()[1]
            layout = _answered_at(self.answer_port, layout)
        else:
            self.ear = self.mouth = socket.create_connection(self.target)
        self.decoder = SlipDecoder() if transport == "slip" else None
        path.write_text("return " + as_lua(asdict(layout)))
        super().__init__([lua, str(HERE / "touchosc.lua"), str(path)])

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self.ear.close()
        self.mouth.close()

    def written(self, order: dict[str, Any]) -> str:
        return as_lua(order)

    def _answer(self) -> Any:
        """Sends what the layout sent on the way to its answer."""
        while True:
            answer = self._line()
            if not answer.startswith("!"):
                return json.loads(answer)
            address, arguments = json.loads(answer[1:])
            values = [TYPES[tag](value) for tag, value in arguments]
            self.sent.append((address, values))
            self._send(build(address, values))

    def _send(self, data: bytes) -> None:
        if self.decoder is None:
            self.mouth.sendto(data, self.target)
        else:
            self.mouth.sendall(slip_encode(data))

    def wait(self, id: str, value: Any) -> None:
        """Until a control shows that value; a number that a screen cannot tell from it will do."""
        deadline = time.monotonic() + LONGEST_WAIT_S
        while not self._shows(id, value):
            assert time.monotonic() < deadline, f"{id} shows {self.do('read', id=id)!r}, not {value!r}"
            self.hear(0.05)

    def wait_for(self, id: str, pattern: str) -> None:
        """Until a control shows a text of that form."""
        deadline = time.monotonic() + LONGEST_WAIT_S
        while not re.match(pattern, shown := self.do("read", id=id)):
            assert time.monotonic() < deadline, f"{id} shows {shown!r}, not {pattern}"
            self.hear(0.05)

    def take_in(self, address: str) -> None:
        deadline = time.monotonic() + LONGEST_WAIT_S
        while not self.arrived[address]:
            assert time.monotonic() < deadline, f"{address} did not arrive"
            self.hear(0.05)
        self.arrived[address] -= 1

    def _shows(self, id: str, value: Any) -> bool:
        shown = self.do("read", id=id)
        return shown == value or (isinstance(value, float) and abs(shown - value) < 1e-4)

    def hear(self, wait_s: float) -> None:
        """Take in what has arrived."""
        while select.select([self.ear], [], [], wait_s)[0]:
            data = self.ear.recv(65_536)
            for packet in [data] if self.decoder is None else self.decoder.feed(data):
                message = parse(packet)
                assert isinstance(message, Message)
                arguments = [{"tag": _tag(value), "value": value} for value in message.args]
                self.do("receive", address=message.address, arguments=arguments)
                self.arrived[message.address] += 1
            wait_s = 0.0


def _tag(value: Any) -> str:
    return next(tag for tag, kind in TYPES.items() if isinstance(value, kind))


def _answered_at(port: int, layout: Node) -> Node:
    """The layout with another port to be answered at."""
    said, script = f"local PORT = {ANSWER_PORT}", str(layout.properties["script"])
    assert said in script
    return replace(
        layout, properties={**layout.properties, "script": script.replace(said, f"local PORT = {port}")}
    )
