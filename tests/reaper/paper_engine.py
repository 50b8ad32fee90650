"""An engine of paper: it says what a test wants, through the real mailbox, in time that the test gives."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

from bridge.osc_clients import Peer
from bridge.osc_wire import Message, build, parse
from bridge.reaper_mailbox import Mailbox
from tests.reaper.reaper_host import ReaperHost

BAND = ("drums", "bass", "harmony", "melody")
LEASE_S = 30.0
TURN_S = 1 / 30
RATE = 44_100
Value = int | float | str


class PaperEngine:
    """Answers hello with a dump of `values`, and pings. `heard` is what REAPER sent besides."""

    def __init__(self, host: ReaperHost) -> None:
        self.host = host
        self.folder = host.resources.parent / "set"
        (self.folder / "stems").mkdir(parents=True)
        self.values: dict[str, tuple[Value, ...]] = {
            "/rg/set/open": ("set",), "/rg/set/folder": (str(self.folder),), "/rg/tempo": (120.0,),
            "/rg/signature": (4, 4),
        }  # fmt: skip
        for name in BAND:
            self.values |= {f"/rg/track/{name}/lock": (0,), f"/rg/track/{name}/take": (0, 0)}
        self.heard: list[Message] = []
        self.peers: list[Peer] = []
        self.now_s = 2000.0
        self.is_there = True
        self.is_deaf = False  # True: a hello is taken, and not answered
        self.dumps = True  # False: a hello is answered, and the dump is still to come
        self.greeted_by: list[Peer] = []
        self.start()

    def start(self) -> None:
        """A fresh process: it knows nobody."""
        self.peers.clear()
        root = self.host.mailbox / "9130"
        self.box = Mailbox(root, self._receive, lambda call: call(), self.peers.remove, LEASE_S)

    def _receive(self, packet: bytes, peer: Peer) -> None:
        message = parse(packet)
        assert isinstance(message, Message)
        if message.address in ("/rg/hello", "/rg/refresh"):
            if peer not in self.peers:
                self.peers.append(peer)
            self._answer(peer, message.address == "/rg/hello")
        elif message.address == "/rg/ping":
            self.box.send(peer, build("/rg/pong", message.args))
        else:
            self.heard.append(message)

    def _answer(self, peer: Peer, is_hello: bool) -> None:
        if is_hello:
            self.greeted_by.append(peer)
            if self.is_deaf:
                return
            self.box.send(peer, build("/rg/hello", ["0.1", 30, "set"]))
        if self.dumps:
            self.dump(peer)

    def dump(self, peer: Peer) -> None:
        self.box.send(peer, build("/rg/update", [1]))
        for address, values in self.values.items():
            self.box.send(peer, build(address, values))
        self.box.send(peer, build("/rg/update", [0]))

    # --- what it says -----------------------------------------------------------------------------

    def say(self, address: str, *args: Value) -> None:
        """To REAPER, which has read it when this returns."""
        self.values[address] = args
        for peer in self.peers:
            self.box.send(peer, build(address, args))
        self.turns()

    def stem(self, name: str, take: int, seconds: float = 8.0, bpm: float = 120.0, bars: int = 4) -> str:
        """A new take; its path."""
        path = self.folder / "stems" / f"{name}_{bpm:g}bpm_Am_{bars}bars_t{take}.wav"
        write_wav(path, seconds)
        self.tell_stem(name, take, path.name, bpm, bars)
        return str(path)

    def tell_stem(self, name: str, take: int, file: str, bpm: float = 120.0, bars: int = 4) -> None:
        takes = max(take, int(self.values[f"/rg/track/{name}/take"][1]))
        self.say(f"/rg/track/{name}/take", take, takes)
        self.say(f"/rg/track/{name}/stem", file, bpm, "Am", bars, 7)

    # --- time -------------------------------------------------------------------------------------

    def turns(self, count: int = 2) -> None:
        for _ in range(count):
            if self.is_there:
                self.box.step(self.now_s)
            self.now_s += TURN_S
            self.host.turn(self.now_s)

    def wait(self, seconds: float) -> None:
        self.turns(max(1, round(seconds / TURN_S)))

    def until(self, holds: Callable[[], bool], longest_s: float = 10.0) -> None:
        end_s = self.now_s + longest_s
        while not holds():
            assert self.now_s < end_s, (self.heard, self.host.console())
            self.turns(1)

    def heard_at(self, address: str) -> list[tuple[Value, ...]]:
        return [message.args for message in self.heard if message.address == address]


def write_wav(path: Path, seconds: float) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(3)
        file.setframerate(RATE)
        file.writeframes(bytes(6 * round(seconds * RATE)))
