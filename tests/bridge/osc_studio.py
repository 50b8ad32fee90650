"""An OSC server with a real session behind it, and clients with real sockets. No engine, no sound."""

from __future__ import annotations

import asyncio
import functools
import socket
from collections.abc import Awaitable, Callable
from typing import Any, cast

from bridge.osc_framing import SizeDecoder, SlipDecoder, size_encode, slip_encode
from bridge.osc_server import OscServer
from bridge.osc_wire import Message, build, parse
from engine import commands as c
from engine import events as e
from engine.session import Session

TRACKS = ("drums", "bass", "harmony", "melody")
LONGEST_WAIT_S = 10.0
SETTLE = 1_000_000  # ping numbers from here on are the tests' own


def in_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """A test that is a coroutine, on an event loop of its own."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def limited() -> None:
            await asyncio.wait_for(test(*args, **kwargs), 3 * LONGEST_WAIT_S)

        asyncio.run(limited())

    return run


class Studio:
    """Values change at once; asynchronous commands end when `finish` is called."""

    def __init__(self, **options: Any) -> None:
        self.session = Session.empty(TRACKS)
        self.commands: list[tuple[c.Command, e.Origin]] = []
        self.has_quit = asyncio.Event()
        self.server = OscServer(
            submit=self.submit,
            snapshot=self.snapshot,
            status=lambda: ("idle", 0, 0.25, 3, 1.5, "none"),
            tracks=lambda: TRACKS,
            set_name=lambda: "first",
            version="9.9",
            quit=self.has_quit.set,
            **options,
        )

    def snapshot(self) -> list[e.Event]:
        return [e.SetOpened("first"), *self.session.snapshot()]

    def submit(self, command: c.Command, origin: e.Origin) -> None:
        self.commands.append((command, origin))
        if command.is_async:
            self.server.publish(e.Accepted(origin))
        else:
            for event in self.session.apply(command):
                self.server.publish(event)

    def finish(self, index: int = -1) -> None:
        self.server.publish(e.Done(self.commands[index][1]))

    async def __aenter__(self) -> Studio:
        await self.server.start(port=0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.stop()

    async def udp(self) -> UdpClient:
        client = UdpClient(("127.0.0.1", self.server.udp_port))
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: client, local_addr=("127.0.0.1", 0))
        return client

    async def guest(self, mask: int = -1) -> UdpClient:
        """A client that has said hello, and heard all that came of it."""
        client = await self.udp()
        client.send("/rg/hello", "guest", 0, mask)
        await client.settle()
        return client

    async def tcp(self, framing: str) -> TcpClient:
        port = self.server.slip_port if framing == "slip" else self.server.size_port
        return TcpClient(framing, *await asyncio.open_connection("127.0.0.1", port))


class Ear:
    """Whatever can be listened to."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[Message] = asyncio.Queue()
        self.sizes: list[int] = []
        self.pings = SETTLE

    def take(self, data: bytes) -> None:
        self.sizes.append(len(data))
        message = parse(data)
        assert isinstance(message, Message)
        self.arrived.put_nowait(message)

    async def next(self) -> Message:
        return await asyncio.wait_for(self.arrived.get(), LONGEST_WAIT_S)

    async def hear(self, address: str) -> Message:
        """The next message at an address."""
        while True:
            message = await self.next()
            if message.address == address:
                return message

    async def settle(self) -> list[Message]:
        """Everything that came until now: a ping is sent, and its pong comes after all that was before."""
        self.pings += 1
        self.send("/rg/ping", self.pings)
        heard = []
        while (message := await self.next()) != Message("/rg/pong", (self.pings,)):
            heard.append(message)
        return heard

    def send(self, address: str, *args: Any) -> None:
        self.send_bytes(build(address, args))

    def send_bytes(self, data: bytes) -> None:
        raise NotImplementedError


class UdpClient(Ear, asyncio.DatagramProtocol):
    def __init__(self, target: tuple[str, int]) -> None:
        super().__init__()
        self.target = target

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.port = sock.getsockname()[1]

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self.take(data)

    def send_bytes(self, data: bytes) -> None:
        self.transport.sendto(data, self.target)


class TcpClient(Ear):
    def __init__(self, framing: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__()
        self.frame = slip_encode if framing == "slip" else size_encode
        self.decoder = SlipDecoder() if framing == "slip" else SizeDecoder()
        self.reader, self.writer = reader, writer
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while data := await self.reader.read(65_536):
            for packet in self.decoder.feed(data):
                assert isinstance(packet, bytes)
                self.take(packet)

    def send_bytes(self, data: bytes) -> None:
        self.writer.write(self.frame(data))

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()
        await self.reading
