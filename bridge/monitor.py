"""`resonantgen monitor`: a live view of a running engine in the terminal."""

from __future__ import annotations

import time

from rich.console import Console
from rich.live import Live

from bridge.client import Client
from bridge.monitor_state import MonitorState
from bridge.monitor_view import render

FRAME_S = 1 / 15
ASK_S = 1.0  # between pings; any message renews the lease
SILENT_S = 3.0  # without any message for so long, the engine is taken to be gone
ONCE_S = 1.5
NO_ENGINE = 2


def monitor(host: str, port: int, once: bool = False) -> int:
    """Show the engine until Ctrl-C; with `once`, print one view and return 0, or 2 where none answers."""
    console = Console()
    client = Client(port, host)
    link = Link(client, MonitorState())
    where = f"{host}:{port}"
    try:
        if once:
            link.listen_until_known(ONCE_S)
            console.print(render(link.state, where))
            return 0 if link.state.connected else NO_ENGINE
        with Live(render(link.state, where), console=console, auto_refresh=False, screen=True) as live:
            while True:
                link.step(FRAME_S)
                live.update(render(link.state, where), refresh=True)
    except KeyboardInterrupt:
        return 0
    finally:
        client.close()


class Link:
    """Keeps a state true: says hello, renews the lease, notices when the engine goes and comes back."""

    def __init__(self, client: Client, state: MonitorState) -> None:
        self.client = client
        self.state = state
        self.asked_s = float("-inf")
        self.heard_s = float("-inf")
        self.pinged = self.ponged = 0

    def step(self, timeout_s: float) -> None:
        """Ask what is due, and take in what arrives within `timeout_s`."""
        now_s = time.monotonic()
        if now_s - self.asked_s >= ASK_S:
            self._ask()
            self.asked_s = now_s
        for message in self.client.messages(timeout_s):
            self.heard_s = time.monotonic()
            if message.address == "/rg/startup":
                self.state.connected = False  # a new engine: it does not know us yet
            elif message.address == "/rg/hello":
                self.state.connected, self.ponged = True, self.pinged - 1
            elif message.address == "/rg/pong":
                self._hear_pong(int(message.args[0]))
            self.state.apply(message.address, message.args)
        if time.monotonic() - self.heard_s > SILENT_S:
            self.state.connected = False

    def _hear_pong(self, number: int) -> None:
        """One that is missing was lost, or meant for an engine that has ended: it may be another that answers
        now, and does not know us."""
        if number > self.ponged + 1:
            self.state.connected = False
        self.ponged = number

    def _ask(self) -> None:
        """A hello while nobody is there, a ping while somebody is."""
        try:
            if not self.state.connected:
                self.client.send("/rg/hello", "monitor", 0)
            self.pinged += 1
            self.client.send("/rg/ping", self.pinged)
            self.client.send("/rg/status")
        except OSError:
            self.state.connected = False  # no such host, or no network: try again

    def listen_until_known(self, timeout_s: float) -> None:
        """Until the full dump and the status are there, and a round of levels, or time is up."""
        end_s = time.monotonic() + timeout_s
        while time.monotonic() < end_s and not (self.state.complete and self.state.status):
            self.step(FRAME_S)
        self.step(FRAME_S)
