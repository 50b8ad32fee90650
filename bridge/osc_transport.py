"""The sockets: UDP, and TCP with either framing. They know peers and packets, and nothing of OSC."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from bridge.osc_clients import Peer
from bridge.osc_framing import SizeDecoder, SlipDecoder, size_encode, slip_encode
from engine.errors import EngineError

log = logging.getLogger(__name__)
# A client that does not read for so long is dropped rather than kept in memory.
MAX_UNREAD_BYTES = 1 << 20
MAX_CONNECTIONS = 256
SOCKET_BUFFER_BYTES = 1 << 20  # a burst of some 1,000 messages
FRAMINGS: dict[str, tuple[type[SlipDecoder] | type[SizeDecoder], Callable[[bytes], bytes]]] = {
    "slip": (SlipDecoder, slip_encode),
    "size": (SizeDecoder, size_encode),
}

Receive = Callable[[bytes | EngineError, Peer], None]


class Line(Protocol):
    """The way to one client that stays connected: over TCP, or over a WebSocket."""

    def send(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class Wires:
    """Every open socket. `receive` gets each packet, or the EngineError that stands for a broken one;
    `gone` the peer of a connection that ended."""

    def __init__(self, receive: Receive, gone: Callable[[Peer], None]) -> None:
        self.receive = receive
        self.gone = gone
        self.udp: asyncio.DatagramTransport | None = None
        self.servers: list[asyncio.Server] = []
        self.connections: dict[Peer, Line] = {}
        self.attached: dict[str, Callable[[Peer, bytes], None]] = {}  # by transport: no socket of ours

    async def open_udp(self, host: str, port: int) -> int:
        """The port that it became; EngineError `busy` or `not_available`."""
        loop = asyncio.get_running_loop()
        making = loop.create_datagram_endpoint(lambda: Datagrams(self.receive), local_addr=(host, port))
        self.udp, _ = await opened(making, "UDP", host, port)
        sock = self.udp.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
        return int(sock.getsockname()[1])

    async def open_tcp(self, host: str, port: int, framing: str) -> int:
        loop = asyncio.get_running_loop()
        making = loop.create_server(lambda: Connection(self, framing), host, port)
        server = await opened(making, "TCP", host, port)
        self.servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def send(self, peer: Peer, data: bytes) -> None:
        if peer.transport == "udp":
            if self.udp is not None:
                self.udp.sendto(data, (peer.host, peer.port))
        elif peer in self.connections:
            self.connections[peer].send(data)
        elif peer.transport in self.attached:
            self.attached[peer.transport](peer, data)

    def join(self, peer: Peer, line: Line) -> None:
        """A client that came by another way; EngineError `busy` when there are too many."""
        if len(self.connections) >= MAX_CONNECTIONS:
            raise EngineError("busy", f"there are {MAX_CONNECTIONS} connections already")
        self.connections[peer] = line

    def leave(self, peer: Peer) -> None:
        if self.connections.pop(peer, None) is not None:
            self.gone(peer)

    def close(self) -> None:
        if self.udp is not None:
            self.udp.close()
            self.udp = None
        for server in self.servers:
            server.close()
        for connection in list(self.connections.values()):
            connection.close()
        self.servers.clear()


async def opened(making: Coroutine[Any, Any, Any], kind: str, host: str, port: int) -> Any:
    """What `making` makes; EngineError `busy` for a port in use, `not_available` for what else is wrong."""
    try:
        return await making
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            text = f"{kind} port {port} on {host} is in use; is another engine running? Choose another port"
            raise EngineError("busy", text) from error
        raise EngineError(
            "not_available", f"{kind} port {port} on {host}: {error.strerror or error}"
        ) from error
    except (OverflowError, UnicodeError) as error:
        raise EngineError("range", f"{kind} port {port} on {host}: {error}") from error


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, receive: Receive) -> None:
        self.receive = receive

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self.receive(data, Peer("udp", addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        log.debug("UDP: %s", exc)


class Connection(asyncio.Protocol):
    """One TCP client."""

    transport: asyncio.Transport

    def __init__(self, wires: Wires, framing: str) -> None:
        self.wires = wires
        self.framing = framing
        decoder, self.frame = FRAMINGS[framing]
        self.decoder = decoder()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        # None for a client that was gone again before it was let in.
        host, port = (transport.get_extra_info("peername") or ("", 0))[:2]
        self.peer = Peer(self.framing, host, port)
        if len(self.wires.connections) >= MAX_CONNECTIONS:
            transport.abort()
            return
        transport.set_write_buffer_limits(high=MAX_UNREAD_BYTES)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wires.connections[self.peer] = self

    def data_received(self, data: bytes) -> None:
        for packet in self.decoder.feed(data):
            self.wires.receive(packet, self.peer)

    def send(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self.transport.write(self.frame(data))
        if self.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            log.warning("%s does not read what it is sent; dropped", self.peer)
            self.transport.abort()

    def close(self) -> None:
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.wires.connections.get(self.peer) is self:
            self.wires.leave(self.peer)
