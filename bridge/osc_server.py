"""The OSC server: messages in, commands to the engine; events out, to whom they concern.

    datagram -> parse -> decode -> submit(command, origin)          all of it in one call, on the event
    event -> publish -> feedback (everybody) or answer (one client)  loop, which is the control thread

Nothing a client sends stops it: what is wrong is answered with `/rg/fail` and what is allowed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bridge.osc_barrier import Barrier
from bridge.osc_clients import LEASE_S, Clients, Peer
from bridge.osc_codec import Decoded, decode_all, encode, request_id_of, values_at
from bridge.osc_feedback import Fate, Feedback, FeedbackLimiter
from bridge.osc_node import Names
from bridge.osc_query import OscQuery
from bridge.osc_questions import NAME, Questions
from bridge.osc_scheduler import Scheduler
from bridge.osc_transport import Wires
from bridge.osc_wire import Bundle, Message, address_of, build, describe, parse
from engine import commands as c
from engine import events as e
from engine.errors import EngineError

log = logging.getLogger(__name__)


class OscServer:
    """Everything it needs of the engine is handed in as a call, so it runs without one."""

    def __init__(
        self,
        *,
        submit: Callable[[c.Command, e.Origin], None],
        snapshot: Callable[[], Sequence[e.Event]],
        status: Callable[[], tuple[str, int, float, int, float, str]],
        tracks: Callable[[], Sequence[str]],
        set_name: Callable[[], str],
        version: str,
        quit: Callable[[], None],
        lease_s: float = LEASE_S,
        startup_targets: Sequence[tuple[str, int]] = (),
        dump_level: int = 0,
        names: Callable[[], Names] = dict,
    ) -> None:
        """`submit` raises EngineError for what it refuses; `startup_targets` are told when the port opens;
        `names`: what texts of the contract can be one of now (`Arg.names`)."""
        self.submit = submit
        self.snapshot = snapshot
        self.status = status
        self.tracks = tracks
        self.set_name = set_name
        self.version = version
        self.quit = quit
        self.startup_targets = startup_targets
        self.dump_level = dump_level
        self.names = names
        self.clients = Clients(lease_s)
        self.barrier = Barrier()
        self.wires = Wires(self.receive, self.clients.gone)
        self.serial = 0
        self.expected: dict[int, list[Peer]] = {}  # by serial: who waits for an asynchronous command's end
        self.is_open = False
        self.asking: tuple[str, str, Sequence[Any]] | None = None  # client, address and args of a command
        self.handlers = Questions(self).handlers

    # --- opening, closing -------------------------------------------------------------------------

    async def start(self, host: str = "127.0.0.1", port: int = 9130) -> None:
        """Open UDP and TCP (SLIP) on `port`, TCP (size first) on the next, OSCQuery on the one after.

        With port 0 each takes one that is free: `udp_port`, `slip_port`, `size_port`, `http_port`.
        EngineError `busy` says which port is taken; then none is open.
        """
        self.loop = asyncio.get_running_loop()
        self.host = host
        self.scheduler = Scheduler(self.loop)
        self.limiter = FeedbackLimiter(self.loop, self._broadcast)
        for event in self.snapshot():
            self.limiter.know(Feedback.of(event))
        self.query = OscQuery(self.snapshot, self.tracks, NAME, self.names, self.wires)
        try:
            self.udp_port = await self.wires.open_udp(host, port)
            self.slip_port = await self.wires.open_tcp(host, port, "slip")
            self.size_port = await self.wires.open_tcp(host, port and port + 1, "size")
            self.http_port = await self.query.start(host, port and port + 2, self.udp_port)
        except EngineError:
            self.wires.close()
            raise
        self.is_open = True
        await self._announce()

    async def _announce(self) -> None:
        data = build("/rg/startup", [self.version])
        log.info("OSC on %s, UDP and TCP %d; OSCQuery on HTTP %d", self.host, self.udp_port, self.http_port)
        for host, port in self.startup_targets:
            try:
                found = await self.loop.getaddrinfo(host, port)
            except OSError as error:
                log.warning("/rg/startup to %s:%d: %s", host, port, error)
                continue
            self._send(Peer("udp", str(found[0][4][0]), port), data)

    async def stop(self) -> None:
        """Send what waits, then close every port."""
        self.is_open = False
        self.limiter.flush()
        self.scheduler.cancel()
        self.wires.close()
        await self.query.stop()

    # --- in ---------------------------------------------------------------------------------------

    def receive(self, packet: bytes | EngineError, source: Peer) -> None:
        """A packet of the wire, whole, or the error that stands for a broken one."""
        client = str(source)
        self.clients.heard(source, self.loop.time())
        address = address_of(packet) if isinstance(packet, bytes) else ""
        with self._refusals(address, (), client):
            if isinstance(packet, EngineError):
                raise packet
            if self.dump_level:
                log.info("<- %s %s", client, describe(packet, self.dump_level))
            parsed = parse(packet)
            if isinstance(parsed, Bundle):
                self.scheduler.add(parsed, lambda messages: self._handle_all(messages, client))
            else:
                self._handle(parsed, client)

    def submit_osc(self, address: str, args: Sequence[Any], client: str = "midi") -> None:
        """A message from inside the house; a refusal is logged, to everybody who wants the log."""
        self._handle(Message(address, tuple(args)), client)

    def _handle_all(self, messages: Sequence[Message], client: str) -> None:
        for message in messages:
            self._handle(message, client)

    def _handle(self, message: Message, client: str) -> None:
        # The other engine's refusal, where two are set to talk to each other: answering it would not end.
        if message.address == "/rg/fail":
            return
        with self._refusals(message.address, message.args, client):
            for decoded in decode_all(message.address, message.args, self.tracks()):
                if decoded.command is not None:
                    self._submit(decoded, decoded.command, message, client)
                elif decoded.is_query:
                    self._tell_values(message.address, client)
                else:
                    self.handlers[decoded.row.address](client, *decoded.args)

    def _submit(self, decoded: Decoded, command: c.Command, message: Message, client: str) -> None:
        self.serial += 1
        origin = e.Origin(client, message.address, decoded.request_id, self.serial)
        if command.is_async:
            self._begin(origin)
        self.asking = (client, message.address, message.args)
        with self._refusals(message.address, message.args, client):
            try:
                self.submit(command, origin)
            finally:
                self.asking = None
            return
        self._end(origin)  # it was refused

    def _begin(self, origin: e.Origin) -> None:
        """A client that only listens while it waits for a long take must not be forgotten meanwhile."""
        self.barrier.begin(origin.serial)
        source = Peer.parse(origin.client)
        if source is not None:
            self.expected[origin.serial] = self.clients.expect(source, self.loop.time())

    def _end(self, origin: e.Origin) -> None:
        self.clients.answered(self.expected.pop(origin.serial, ()), self.loop.time())
        self.barrier.end(origin.serial)

    @contextlib.contextmanager
    def _refusals(self, address: str, args: Sequence[Any], client: str) -> Iterator[None]:
        """Whatever goes wrong inside is answered; the server goes on."""
        try:
            yield
        except EngineError as error:
            self._refuse(address, args, client, error)
        except Exception as error:
            log.exception("%s from %s", address, client)
            self._refuse(address, args, client, EngineError("internal", f"{type(error).__name__}: {error}"))

    def _refuse(self, address: str, args: Sequence[Any], client: str, error: EngineError) -> None:
        """The true value, where there is one, and why not."""
        request_id = request_id_of(address, args)
        log.debug("%s %s refused: %s", client, address, error)
        if Peer.parse(client) is None:
            self.publish(e.Log("warning", f"{address}: {error.text}"))
            return
        with contextlib.suppress(EngineError):  # the address itself may be what is wrong
            for event in values_at(address, args, self.snapshot):
                self.answer(client, build(*encode(event)))
        self.answer(client, build("/rg/fail", [address, request_id, error.code, error.text]))

    # --- out --------------------------------------------------------------------------------------

    def publish(self, event: e.Event) -> None:
        """An event of the engine: an answer to who asked, anything else to everybody whom it concerns."""
        if not self.is_open:
            return
        if isinstance(event, e.Done | e.Failed):
            self.limiter.after_values(lambda: self._finish(event))
        elif isinstance(event, e.Answer):
            self.answer(event.origin.client, build(*encode(event)))
        else:
            feedback = Feedback.of(event)
            fate = self.limiter.publish(feedback)
            self._acknowledge(event, feedback, fate)
            self.query.note(event)

    def _acknowledge(self, event: e.Event, feedback: Feedback, fate: Fate) -> None:
        """Who sets a value hears of it, whether subscribed or not, and also when it is no news.

        A subscriber that moves a knob hears it with everybody else, 30 times a second; one that throws a
        switch hears it at once.
        """
        if self.asking is None:
            return
        client, address, args = self.asking
        source = Peer.parse(client)
        if source is None or not values_at(address, args, lambda: [event]):
            return
        now_s = self.loop.time()
        subscribers = self.clients.subscribers(feedback.bit, now_s)
        for peer in self.clients.recipients(source, now_s):
            if peer not in subscribers:
                self._send(peer, feedback.data)
            elif fate is Fate.KNOWN or (fate is Fate.WAITING and feedback.is_switch):
                self._send(peer, feedback.data)
                self.limiter.note_told(feedback, peer)

    def _finish(self, event: e.Done | e.Failed) -> None:
        self.answer(event.origin.client, build(*encode(event)))
        self._end(event.origin)

    def answer(self, client: str, data: bytes) -> None:
        source = Peer.parse(client)
        if source is not None:
            for peer in self.clients.recipients(source, self.loop.time()):
                self._send(peer, data)

    def _broadcast(self, feedback: Feedback, is_news_to: Callable[[Peer], bool]) -> None:
        for peer in self.clients.subscribers(feedback.bit, self.loop.time()):
            if is_news_to(peer):
                self._send(peer, feedback.data)
        self.query.broadcast(feedback.address, feedback.data)

    def _send(self, peer: Peer, data: bytes) -> None:
        if self.dump_level:
            log.info("-> %s %s", peer, describe(data, self.dump_level))
        self.wires.send(peer, data)

    def _tell_values(self, address: str, client: str) -> None:
        events = values_at(address, (), self.snapshot)
        if not events:
            raise EngineError("empty", f"{address} has no value yet")
        for event in events:
            self.answer(client, build(*encode(event)))
