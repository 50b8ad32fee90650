"""A small OSC client over UDP, blocking: what the demo and the benchmark drive the engine with."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.parsing import osc_types

from engine.errors import EngineError

HELLO_NAME = "resonantgen-cli"
# Below what systems give to whoever asks for any port (Linux 32768 and up, others 49152): such a one may be
# taken again before an engine that was told it has come up.
CHOSEN_PORTS = (20_000, 32_000)


@dataclass(frozen=True)
class Message:
    address: str
    args: tuple[Any, ...]
    at: float  # time.perf_counter() when it arrived

    def __str__(self) -> str:
        return " ".join([self.address, *map(str, self.args)])


class Client:
    """One socket that asks and listens."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(("127.0.0.1" if host == "127.0.0.1" else "", 0))
        self.target = (host, port)
        self.seen: dict[str, tuple[Any, ...]] = {}  # the newest value of every address
        self.requests = 0

    def send(self, address: str, *args: float | int | str) -> None:
        builder = OscMessageBuilder(address=address)
        for arg in args:
            builder.add_arg(arg)
        self.socket.sendto(builder.build().dgram, self.target)

    def messages(self, timeout_s: float) -> Iterator[Message]:
        """What arrives, until `timeout_s` is over."""
        deadline = time.perf_counter() + timeout_s
        while (left := deadline - time.perf_counter()) > 0:
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except (TimeoutError, ConnectionRefusedError):
                continue
            try:
                message = OscMessage(data)
            except osc_types.ParseError:
                continue
            self.seen[message.address] = tuple(message.params)
            yield Message(message.address, tuple(message.params), time.perf_counter())

    def wait(self, wanted: Callable[[Message], bool], timeout_s: float, what: str) -> Message:
        """The first message that is wanted; EngineError `not_available` when none comes in time."""
        for message in self.messages(timeout_s):
            if wanted(message):
                return message
        raise EngineError("not_available", f"the engine did not answer in {timeout_s:g} s: {what}")

    def hello(self, timeout_s: float = 5.0) -> Message:
        """Subscribe, and take in the full dump."""
        self.send("/rg/hello", HELLO_NAME, 0)
        answer = self.wait(lambda m: m.address == "/rg/hello", timeout_s, "/rg/hello")
        self.wait(lambda m: m.address == "/rg/update" and m.args == (0,), timeout_s, "the full dump")
        return answer

    def connect(self, timeout_s: float = 60.0) -> Message:
        """`hello`, again and again while the engine is still coming up."""
        deadline = time.perf_counter() + timeout_s
        while True:
            try:
                return self.hello(timeout_s=0.25)
            except EngineError:
                if time.perf_counter() > deadline:
                    raise

    def ask(
        self, address: str, *args: float | int | str, timeout_s: float = 60.0,
        on_message: Callable[[Message], None] | None = None,
    ) -> list[Message]:  # fmt: skip
        """Send an asynchronous command and wait for its end; EngineError with the engine's own words.

        Returns everything that arrived until then, `/rg/done` included.
        """
        self.requests += 1
        self.send(address, *args, self.requests)
        arrived: list[Message] = []
        for message in self.messages(timeout_s):
            arrived.append(message)
            if on_message is not None:
                on_message(message)
            if message.args[:2] == (address, self.requests):
                if message.address == "/rg/done":
                    return arrived
                if message.address == "/rg/fail":
                    raise EngineError(str(message.args[2]), str(message.args[3]))
        raise EngineError("not_available", f"the engine did not answer in {timeout_s:g} s: {address}")

    def close(self) -> None:
        self.socket.close()


def free_port() -> int:
    """A UDP port that is free, with the three TCP ports that go with it (port, +1, +2)."""
    for _ in range(64):
        port = random.SystemRandom().randrange(*CHOSEN_PORTS)  # however a test has seeded the other
        if _is_free(port, socket.SOCK_DGRAM) and all(
            _is_free(port + i, socket.SOCK_STREAM) for i in range(3)
        ):
            return port
    raise EngineError("not_available", "no free ports on 127.0.0.1")


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
