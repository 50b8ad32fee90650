"""OSCQuery: the contract and its present values as JSON over HTTP, changes over a WebSocket.

    GET /rg/track/bass/lock          {"FULL_PATH": "/rg/track/bass/lock", "TYPE": "i", "VALUE": [1], ...}
    GET /rg/track/bass/lock?VALUE    {"VALUE": [1]}
    GET /?HOST_INFO                  where OSC and the WebSocket are
    {"COMMAND": "LISTEN", "DATA": "/rg/track/bass/lock"}    then OSC packets, whenever it changes
    {"COMMAND": "PATH_CHANGED", "DATA": "/rg/scene"}        from us: what can be chosen there is another now

OSC packets that come over the WebSocket are taken like any others: a page in a browser has no other way.
Web pages of other hosts are refused: any page can reach 127.0.0.1, and a set is nobody else's business. Those
of this machine may read the answers (Access-Control-Allow-Origin), whatever port they come from.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import logging
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from aiohttp import WSMessage, WSMsgType, web

from bridge.osc_clients import Peer
from bridge.osc_node import READ, Names
from bridge.osc_places import unfolded
from bridge.osc_transport import Wires, opened
from bridge.osc_tree import ATTRIBUTES, Node, build_tree, find_node
from bridge.osc_wire import Message, build, parse
from engine import events as e

log = logging.getLogger(__name__)
EXTENSIONS = (
    "ACCESS", "VALUE", "RANGE", "DESCRIPTION", "TAGS", "EXTENDED_TYPE", "UNIT", "CRITICAL", "CLIPMODE",
    "OVERLOADS", "LISTEN", "PATH_CHANGED",
)  # fmt: skip
EVERYWHERE = ("0.0.0.0", "::", "")  # what a server that listens on every address is bound to
# What has other choices after an event; where there are more takes, see `note`.
CHANGED: dict[type[e.Event], str] = {
    e.SceneSaved: "/rg/scene", e.SceneDeleted: "/rg/scene", e.SetOpened: "/rg",
}  # fmt: skip
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
MAX_UNREAD_MESSAGES = 4096
STOP_S = 0.2


class Listener:
    """One WebSocket: the paths it listens to, and what waits to be sent. To the OSC server it is a client
    like any other."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.queue: asyncio.Queue[bytes | str | None] = asyncio.Queue(MAX_UNREAD_MESSAGES)
        self.is_slow = False

    def offer(self, address: str, data: bytes) -> None:
        if address in self.paths:
            self.send(data)

    def send(self, data: bytes | str) -> None:
        if not self.is_slow:
            try:
                self.queue.put_nowait(data)
            except asyncio.QueueFull:
                self.is_slow = True

    def close(self) -> None:
        self.is_slow = True
        with contextlib.suppress(asyncio.QueueFull):
            self.queue.put_nowait(None)


class OscQuery:
    def __init__(
        self, snapshot: Callable[[], Sequence[e.Event]], tracks: Callable[[], Sequence[str]], name: str,
        names: Callable[[], Names], wires: Wires,
    ) -> None:  # fmt: skip
        self.snapshot = snapshot
        self.tracks = tracks
        self.name = name
        self.names = names
        self.wires = wires
        self.listeners: set[Listener] = set()
        self.counts: dict[str, int] = {}  # of takes, by track, as they were told
        self.runner: web.AppRunner | None = None

    async def start(self, host: str, port: int, osc_port: int) -> int:
        """The HTTP port that it became; EngineError `busy` or `not_available`."""
        self.host, self.osc_port = host, osc_port
        app = web.Application()
        app.router.add_get("/{path:.*}", self._get)
        app.on_response_prepare.append(self._let_read)
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
        for listener in list(self.listeners):
            listener.close()
        if self.runner is not None:
            await self.runner.cleanup()

    def broadcast(self, address: str, data: bytes) -> None:
        """A value changed: to every WebSocket that listens to it, or to it spelled out."""
        for listener in self.listeners:
            listener.offer(address, data)
        if any(path.startswith(f"{address}/") for one in self.listeners for path in one.paths):
            self._broadcast_unfolded(data)

    def _broadcast_unfolded(self, data: bytes) -> None:
        message = parse(data)
        assert isinstance(message, Message)
        spelled = unfolded(message.address, message.args)
        if spelled is not None:
            for listener in self.listeners:
                listener.offer(spelled[0], build(*spelled))

    def note(self, event: e.Event) -> None:
        """Tell who is connected where other things can be chosen from now on."""
        if not self.listeners:
            return
        path = CHANGED.get(type(event))
        if isinstance(event, e.TrackTake) and self.counts.get(event.track) != event.count:
            self.counts[event.track] = event.count
            path = f"/rg/track/{event.track}/take"
        if path is not None:
            for listener in self.listeners:
                listener.send(json.dumps({"COMMAND": "PATH_CHANGED", "DATA": path}))

    # --- HTTP -------------------------------------------------------------------------------------

    async def _get(self, request: web.Request) -> web.StreamResponse:
        if not self._is_welcome(request):
            raise web.HTTPForbidden(text="only this machine's own programs and pages are answered")
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._talk(request)
        if "HOST_INFO" in request.query:
            return web.json_response(self._host_info(request))
        node = find_node(self._tree(), request.path)
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

    async def _let_read(self, request: web.Request, response: web.StreamResponse) -> None:
        """A browser hands an answer to its page only where the answer allows it."""
        origin = request.headers.get("Origin")
        if origin is not None and self._is_welcome(request):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Vary"] = "Origin"

    def _tree(self) -> Node:
        return build_tree(self.tracks(), self.snapshot(), self.name, self.names())

    def _host_info(self, request: web.Request) -> Node:
        """Where to send OSC: the address at which this client has found us."""
        sock = request.transport.get_extra_info("sockname") if request.transport else None
        host = sock[0] if self.host in EVERYWHERE and sock else self.host
        return {
            "NAME": self.name, "OSC_IP": host, "OSC_PORT": self.osc_port, "OSC_TRANSPORT": "UDP",
            "WS_IP": host, "WS_PORT": self.port,
            "EXTENSIONS": dict.fromkeys(EXTENSIONS, True) | {"HTML": False},
        }  # fmt: skip

    # --- WebSocket --------------------------------------------------------------------------------

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=65_536)
        await socket.prepare(request)
        listener, peer = Listener(), Peer("ws", *(request.get_extra_info("peername") or ("", 0))[:2])
        self.wires.join(peer, listener)
        self.listeners.add(listener)
        sending = asyncio.create_task(self._send_changes(socket, listener))
        try:
            async for message in socket:
                if message.type is WSMsgType.BINARY:
                    self.wires.receive(message.data, peer)
                else:
                    self._obey(message, listener)
        finally:
            self.listeners.discard(listener)
            self.wires.leave(peer)
            sending.cancel()
        return socket

    async def _send_changes(self, socket: web.WebSocketResponse, listener: Listener) -> None:
        with contextlib.suppress(ConnectionError):
            while (data := await listener.queue.get()) is not None and not listener.is_slow:
                await (socket.send_str(data) if isinstance(data, str) else socket.send_bytes(data))
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
        if command == "LISTEN" and find_node(_shape(tuple(self.tracks())), path):
            listener.paths.add(path)
        elif command == "IGNORE":
            listener.paths.discard(path)


@functools.lru_cache(maxsize=4)
def _shape(tracks: tuple[str, ...]) -> Node:
    """The tree without values: a panel that listens to all of it asks some hundred times in a row."""
    return build_tree(tracks, (), "")


def _answer(node: Node, asked: Sequence[str]) -> web.Response:
    """A whole node, or the attributes asked for, as far as it has them: 400 for one that does not exist, 204
    for the value of a node that cannot be read."""
    if not asked:
        return web.json_response(node)
    strange = [name for name in asked if name not in ATTRIBUTES]
    if strange:
        raise web.HTTPBadRequest(text=f"unknown attribute {strange[0]}; known: {', '.join(ATTRIBUTES)}")
    if list(asked) == ["VALUE"] and not node["ACCESS"] & READ:
        return web.Response(status=204)
    return web.json_response({name: node[name] for name in asked if name in node})
