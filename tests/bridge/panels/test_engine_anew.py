"""A tablet in front of an engine that is started anew, or a network that loses packets.

An engine that knows nobody answers pings all the same: an answer does not tell that values still come.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.osc_wire import Message, build, parse
from bridge.panels import open_stage_control, touchosc
from bridge.panels.touchosc_xml import decode
from tests.bridge.panels.stage import LONGEST_WAIT_S, Puppet
from tests.bridge.panels.tablet import Tablet
from tests.companion_tools import require_tool

HERE = Path(__file__).parent


class Engine:
    """The engine's end of the wire, played by the test."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(LONGEST_WAIT_S)
        self.port = self.socket.getsockname()[1]

    def hear(self) -> Message:
        """The next hello or ping; its sender is answered from now on, or the port that its hello names."""
        while True:
            data, sender = self.socket.recvfrom(65_536)
            message = parse(data)
            assert isinstance(message, Message)
            if message.address == "/rg/hello":
                self.reply = (sender[0], message.args[1] or sender[1])
            if message.address in ("/rg/hello", "/rg/ping"):
                return message

    def answer(self, message: Message) -> None:
        is_hello = message.address == "/rg/hello"
        answer = ("/rg/hello", ["9.9", 30, "first"]) if is_hello else ("/rg/pong", [*message.args])
        self.socket.sendto(build(*answer), self.reply)


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    with made.socket:
        yield made


def touchosc_at(engine: Engine, folder: Path) -> Puppet:
    layout = decode(touchosc.build())
    return Tablet(require_tool("lua5.4"), layout, folder / "layout.lua", engine.port)


def open_stage_control_at(engine: Engine, folder: Path) -> Puppet:
    path = folder / "session.json"
    path.write_bytes(open_stage_control.build())
    return Puppet([require_tool("node"), str(HERE / "open_stage_control.cjs"), str(path), str(engine.port)])


@pytest.mark.parametrize("make", [touchosc_at, open_stage_control_at])
def test_a_ping_that_was_not_answered_is_followed_by_hellos_until_one_is(
    engine: Engine, tmp_path: Path, make: Callable[[Engine, Path], Puppet]
) -> None:
    with make(engine, tmp_path) as panel:
        engine.answer(engine.hear())
        panel.take_in("/rg/hello")
        numbers = []
        for _ in range(3):
            panel.do("tick", ms=1000)
            ping = engine.hear()
            numbers.append(ping.args[0])
            engine.answer(ping)
            panel.take_in("/rg/pong")
        assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]
        panel.do("tick", ms=1000)
        assert engine.hear().address == "/rg/ping"  # nobody is there
        for _ in range(2):
            panel.do("tick", ms=1000)
            hello = engine.hear()
            assert hello.address == "/rg/hello"
        engine.answer(hello)
        panel.take_in("/rg/hello")
        panel.do("tick", ms=1000)
        assert engine.hear().address == "/rg/ping"
