"""The rows that end in the OSC server itself: hello, ping, refresh, sync, status, version, quit, dump_osc."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from bridge.osc_clients import Peer
from bridge.osc_codec import encode, typed
from bridge.osc_spec import SERVER_REPLIES
from bridge.osc_wire import build
from engine.errors import EngineError

if TYPE_CHECKING:
    from bridge.osc_server import OscServer

log = logging.getLogger(__name__)
NAME = "resonantgen"


class Questions:
    """`handlers`: by address, called with the client and the row's arguments."""

    def __init__(self, server: OscServer) -> None:
        self.server = server
        self.handlers: dict[str, Callable[..., None]] = {
            "/rg/hello": self._hello,
            "/rg/ping": self._ping,
            "/rg/refresh": self._refresh,
            "/rg/sync": self._sync,
            "/rg/status": self._status,
            "/rg/version": self._version,
            "/rg/quit": lambda client: server.quit(),
            "/rg/dump_osc": self._dump_osc,
        }

    def _hello(self, client: str, name: str, reply_port: int, mask: int) -> None:
        server, source = self.server, Peer.parse(client)
        if source is None:
            raise EngineError("type", "only a client on the wire can say hello")
        if reply_port == server.udp_port and source.host == server.host:
            raise EngineError("range", f"reply_port {reply_port} is the engine's own; give yours, or 0")
        known = server.clients.hello(source, name, reply_port, mask, server.loop.time())
        log.info("hello from %s at %s", name, known.reply)
        answer: list[str | int] = [server.version, int(server.clients.lease_s), server.set_name()]
        server.answer(client, build("/rg/hello", answer))
        self._refresh(client)

    def _refresh(self, client: str) -> None:
        self.server.answer(client, build("/rg/update", [1]))
        for event in self.server.snapshot():
            self.server.answer(client, build(*encode(event)))
        self.server.answer(client, build("/rg/update", [0]))

    def _ping(self, client: str, number: int | None) -> None:
        self.server.answer(client, build("/rg/pong", [] if number is None else [number]))

    def _sync(self, client: str, number: int) -> None:
        server = self.server
        server.barrier.wait(server.serial + 1, lambda: server.answer(client, build("/rg/synced", [number])))

    def _status(self, client: str) -> None:
        args = typed(SERVER_REPLIES["/rg/status"], self.server.status())
        self.server.answer(client, build("/rg/status", args))

    def _version(self, client: str) -> None:
        self.server.answer(client, build("/rg/version", [NAME, self.server.version]))

    def _dump_osc(self, client: str, level: int) -> None:
        self.server.dump_level = level
        log.info("%s sets dump_osc to %d", client, level)
