"""Who listens, and where answers go.

A client subscribes with `/rg/hello` and keeps its lease by sending anything at all, and while it waits for
the answer to an asynchronous command; one that falls silent is forgotten, without a word. Programs like
`oscsend` send every message from a new port: such a message is answered there, and counts as one of the
clients of the same host that gave a reply port of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from engine.errors import EngineError

LEASE_S = 30.0
MAX_CLIENTS = 256


@dataclass(frozen=True)
class Peer:
    """One end of a conversation. Its text is the `client` of an Origin."""

    transport: str  # udp, or the name of a TCP connection's framing
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.transport}://{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Peer | None:
        """The inverse of `str`; None for origins that are no OSC client (`resume`, `midi`)."""
        transport, found, address = text.partition("://")
        host, _, port = address.rpartition(":")
        return cls(transport, host, int(port)) if found and port.isdecimal() else None


@dataclass
class Client:
    name: str
    source: Peer  # where its newest hello came from
    reply: Peer  # where it listens
    has_reply_port: bool  # of its own choice: then its messages may come from anywhere on its host
    mask: int
    deadline_s: float  # loop time at which the lease ends


class Clients:
    """Every method takes the loop's time: leases end by being looked at, without a timer."""

    def __init__(self, lease_s: float = LEASE_S) -> None:
        self.lease_s = lease_s
        self.by_reply: dict[Peer, Client] = {}
        self.waiting: Counter[Peer] = Counter()  # by reply: how many answers each waits for

    def hello(self, source: Peer, name: str, reply_port: int, mask: int, now_s: float) -> Client:
        """Subscribe, or subscribe anew; EngineError `busy` when there are too many.

        Who says hello with another reply port has moved: its answers go there, and nowhere else.
        """
        self._forget_lapsed(now_s)
        is_udp = source.transport == "udp"
        reply = Peer("udp", source.host, reply_port) if is_udp and reply_port else source
        for left in [p for p, client in self.by_reply.items() if client.source == source and p != reply]:
            del self.by_reply[left]
        known = self.by_reply.get(reply)
        if known is None and len(self.by_reply) >= MAX_CLIENTS:
            raise EngineError("busy", f"there are {MAX_CLIENTS} clients already")
        chosen = is_udp and (reply_port != 0 or (known is not None and known.has_reply_port))
        client = Client(name, source, reply, chosen, mask, now_s + self.lease_s)
        self.by_reply[reply] = client
        return client

    def heard(self, source: Peer, now_s: float) -> None:
        """A message came in: the lease of whoever it counts for begins anew."""
        for client in self._meant(source, now_s):
            client.deadline_s = now_s + self.lease_s

    def expect(self, source: Peer, now_s: float) -> list[Peer]:
        """Who waits for the answer to a message from `source`: no lease of theirs ends before `answered`."""
        peers = [client.reply for client in self._meant(source, now_s)]
        self.waiting.update(peers)
        return peers

    def answered(self, peers: Iterable[Peer], now_s: float) -> None:
        """Those of an `expect` wait no more; their leases begin anew."""
        for peer in peers:
            self.waiting -= Counter([peer])
            if (client := self.by_reply.get(peer)) is not None:
                client.deadline_s = now_s + self.lease_s

    def recipients(self, source: Peer, now_s: float) -> list[Peer]:
        """Where the answers to a message from `source` go."""
        own = self._own(source, now_s)
        if own is not None:
            return [own.reply]
        return [source, *(client.reply for client in self._meant(source, now_s))]

    def subscribers(self, bit: int, now_s: float) -> list[Peer]:
        """Who wants to be told of something that this bit of the mask stands for."""
        self._forget_lapsed(now_s)
        return [client.reply for client in self.by_reply.values() if client.mask & bit]

    def gone(self, peer: Peer) -> None:
        """A connection ended, and the lease with it."""
        self.by_reply.pop(peer, None)

    def _own(self, source: Peer, now_s: float) -> Client | None:
        self._forget_lapsed(now_s)
        if source in self.by_reply:
            return self.by_reply[source]
        return next((client for client in self.by_reply.values() if client.source == source), None)

    def _meant(self, source: Peer, now_s: float) -> list[Client]:
        own = self._own(source, now_s)
        if own is not None:
            return [own]
        if source.transport != "udp":
            return []
        return [c for c in self.by_reply.values() if c.has_reply_port and c.reply.host == source.host]

    def _forget_lapsed(self, now_s: float) -> None:
        lapsed = [peer for peer, client in self.by_reply.items() if client.deadline_s < now_s]
        for peer in lapsed:
            if peer not in self.waiting:
                del self.by_reply[peer]
