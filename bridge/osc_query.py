"""OSCQuery: the contract and its present values as JSON over HTTP, changes over a WebSocket.

    GET /rg/track/bass/lock          {"FULL_PATH": "/rg/track/bass/lock", "TYPE": "i", "VALUE": [1], ...}
    GET /rg/track/bass/lock?VALUE    {"VALUE": [1]}
    GET /?HOST_INFO                  where OSC and the WebSocket are
    {"COMMAND": "LISTEN", "DATA": "/rg/track/bass/lock"}    then OSC packets, whenever it changes

It only tells. Web pages of other hosts are refused: any page in a browser can reach 127.0.0.1, and the
prompts of a set are nobody's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from aiohttp import WSMessage, WSMsgType, web

from bridge.osc_transport import opened
from bridge.osc_tree import ATTRIBUTES, Node, build_tree, find_node
from engine import events as e

log = logging.getLogger(__name__)
EXTENSIONS = (
    "ACCESS", "VALUE", "RANGE", "DESCRIPTION", "UNIT", "CRITICAL", "LISTEN",
)  # fmt: skip
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
MAX_UNREAD_MESSAGES = 4096
STOP_S = 0.2


class Listener:
    """One WebSocket: the paths it listens to, and what waits to be sent."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_UNREAD_MESSAGES)
        self.is_slow = False

    def offer(self, address: str, data: bytes) -> None:
        if address in self.paths and not self.is_slow:
            try:
                self.queue.put_nowait(data)
            except asyncio.QueueFull:
                self.is_slow = True


class OscQuery:
    def __init__(
        self, snapshot: Callable[[], Sequence[e.Event]], tracks: Callable[[], Sequence[str]], name: str
    ) -> None:
        self.snapshot = snapshot
        self.tracks = tracks
        self.name = name
        self.listeners: set[Listener] = set()
        self.runner: web.AppRunner | None = None

    async def start(self, host: str, port: int, osc_port: int) -> int:
        """The HTTP port that it became; EngineError `busy` or `not_available`."""
        self.host, self.osc_port = host, osc_port
        app = web.Application()
        app.router.add_get("/{path:.*}", self._get)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_S)
        await self.runner.setup()
        site = web.TCPSite(self.runner, host, port)
        try:
            await opened(site.start(), "HTTP", host, port)
        except BaseException:
            await self.runner.cleanup()
            raise
        self.port = int(self.runner.addresses[0][1])
        return self.port

    async def stop(self) -> None:
        for listener in self.listeners:
            listener.is_slow = True
            with contextlib.suppress(asyncio.QueueFull):
                listener.queue.put_nowait(None)
        if self.runner is not None:
            await self.runner.cleanup()

    def broadcast(self, address: str, data: bytes) -> None:
        """A value changed: to every WebSocket that listens to it."""
        for listener in self.listeners:
            listener.offer(address, data)

    # --- HTTP -------------------------------------------------------------------------------------

    async def _get(self, request: web.Request) -> web.StreamResponse:
        if not self._is_welcome(request):
            raise web.HTTPForbidden(text="only this machine's own programs and pages are answered")
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._talk(request)
        if "HOST_INFO" in request.query:
            return web.json_response(self._host_info())
        node = find_node(build_tree(self.tracks(), self.snapshot(), self.name), request.path)
        if node is None:
            raise web.HTTPNotFound(text=f"{request.path} is no address of the contract")
        return _answer(node, list(request.query))

    def _is_welcome(self, request: web.Request) -> bool:
        """Programs send no Origin; a page must come from this machine, and have asked it by its own name
        (a name of the page's owner that resolves to 127.0.0.1 is how rebinding gets in)."""
        asked = urlsplit(f"//{request.host}").hostname
        if self.host in LOCAL_HOSTS and asked not in LOCAL_HOSTS:
            return False
        origin = request.headers.get("Origin")
        return origin is None or urlsplit(origin).hostname in (*LOCAL_HOSTS, asked)

    def _host_info(self) -> Node:
        return {
            "NAME": self.name,
            "OSC_IP": self.host, "OSC_PORT": self.osc_port, "OSC_TRANSPORT": "UDP",
            "WS_IP": self.host, "WS_PORT": self.port,
            "EXTENSIONS": dict.fromkeys(EXTENSIONS, True),
        }  # fmt: skip

    # --- WebSocket --------------------------------------------------------------------------------

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=65_536)
        await socket.prepare(request)
        listener = Listener()
        self.listeners.add(listener)
        sending = asyncio.create_task(self._send_changes(socket, listener))
        try:
            async for message in socket:
                self._obey(message, listener)
        finally:
            self.listeners.discard(listener)
            sending.cancel()
        return socket

    async def _send_changes(self, socket: web.WebSocketResponse, listener: Listener) -> None:
        with contextlib.suppress(ConnectionError):
            while (data := await listener.queue.get()) is not None and not listener.is_slow:
                await socket.send_bytes(data)
        await socket.close()

    def _obey(self, message: WSMessage, listener: Listener) -> None:
        """LISTEN and IGNORE; anything else is passed over, as the proposal asks."""
        if message.type is not WSMsgType.TEXT:
            return
        try:
            asked = json.loads(message.data)
            command, path = asked["COMMAND"], str(asked["DATA"])
        except (ValueError, TypeError, KeyError, RecursionError):
            log.debug("OSCQuery: %.80s is no command", message.data)
            return
        if command == "LISTEN" and find_node(build_tree(self.tracks(), (), self.name), path):
            listener.paths.add(path)
        elif command == "IGNORE":
            listener.paths.discard(path)


def _answer(node: Node, asked: Sequence[str]) -> web.Response:
    """A whole node, or the attributes asked for: 400 for one that does not exist, 204 for one that this
    node has not."""
    if not asked:
        return web.json_response(node)
    strange = [name for name in asked if name not in ATTRIBUTES]
    if strange:
        raise web.HTTPBadRequest(text=f"unknown attribute {strange[0]}; known: {', '.join(ATTRIBUTES)}")
    found = {name: node[name] for name in asked if name in node}
    return web.json_response(found) if found else web.Response(status=204)
