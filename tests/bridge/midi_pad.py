"""A controller as another JACK client: it plays, and what it hears is kept.

Plugging in and out is ports that come and go. A client is used again and closed at the very end, one after
the other: why is told in `bridge/midi_clients.py`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import mido
import pytest
import rtmidi

from bridge import midi_device, midi_input, midi_setup
from bridge.midi_clients import CLOSING_S, IN_CLIENT, OUT_CLIENT, jack_clients
from bridge.midi_devices import PORT_NAME
from tests.bridge.jack_server import JackServer
from tests.bridge.midi_desk import load_once

PATIENCE_S = 20.0
QUEUE_MESSAGES = 100_000  # a test may look away for a minute, while MIDI clock comes in
WALL = "wall"  # what a pad's ports are joined to at their begin: rtmidi can close only those that are


class MidiServer(JackServer):
    """A JACK server for controllers: the default one while it runs, and quick to see what is plugged in."""

    def __init__(self) -> None:
        super().__init__(sample_rate=48_000, block_size=256)
        self.clients: dict[str, Any] = {}

    def __enter__(self) -> MidiServer:
        import jack

        self.start()
        self.patch = pytest.MonkeyPatch()
        self.patch.setenv("JACK_DEFAULT_SERVER", self.name)
        self.patch.setattr(midi_input, "LOOK_S", 0.02)
        self.patch.setattr(midi_device, "SETTLE_S", 0.02)
        self.patch.setattr(midi_setup, "load_map", load_once)
        self.patchbay = jack.Client("patchbay", no_start_server=True, servername=self.name)
        for kind in (rtmidi.MidiIn, rtmidi.MidiOut):
            self.client(kind, f"{WALL} {kind.__name__}").open_virtual_port(WALL)
        return self

    def client(self, kind: type, name: str) -> Any:
        if name not in self.clients:
            room = {"queue_size_limit": QUEUE_MESSAGES} if kind is rtmidi.MidiIn else {}
            self.clients[name] = kind(rtapi=rtmidi.API_UNIX_JACK, name=name, **room)
        return self.clients[name]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.patch.undo()
        for client in self.clients.values():
            client.delete()
            time.sleep(CLOSING_S)
        jack_clients(self.name).close()
        self.patchbay.close()
        self.stop()


class Pad:
    """`client` and `port` make the names of its ports: `CLIENT:PORT` plays, `CLIENT lights:PORT` hears."""

    def __init__(self, server: MidiServer, client: str = "pad", port: str = "pad") -> None:
        self.server, self.name, self.port = server, client, port
        self.heard: list[mido.Message] = []
        self.output = server.client(rtmidi.MidiOut, client)
        self.input = server.client(rtmidi.MidiIn, f"{client} lights")
        self.input.ignore_types(sysex=False, timing=False)
        self.plug_output()
        self.plug_input()
        self.forget()

    # --- plugging in and out ----------------------------------------------------------------------

    def plug_output(self) -> None:
        self._plug(self.output)

    def plug_input(self) -> None:
        self._plug(self.input)

    def _plug(self, client: Any) -> None:
        client.open_port(next(i for i, name in enumerate(client.get_ports()) if WALL in name), self.port)

    def pull_output(self) -> None:
        self.output.close_port()

    def pull_input(self) -> None:
        self.input.close_port()

    def join(self) -> Pad:
        """By hand to the engine's own ports, as a patchbay does."""
        self.server.patchbay.connect(f"{self.name}:{self.port}", f"{IN_CLIENT}:{PORT_NAME}")
        self.server.patchbay.connect(f"{OUT_CLIENT}:{PORT_NAME}", f"{self.name} lights:{self.port}")
        return self

    def __enter__(self) -> Pad:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pull_output()
        self.pull_input()

    # --- playing ----------------------------------------------------------------------------------

    def send(self, *messages: mido.Message) -> None:
        for message in messages:
            self.output.send_message(message.bytes())

    def press(self, note: int) -> None:
        self.send(mido.Message("note_on", note=note, velocity=100), mido.Message("note_off", note=note))

    def push(self, control: int) -> None:
        self.send(*(mido.Message("control_change", control=control, value=value) for value in (127, 0)))

    # --- hearing ----------------------------------------------------------------------------------

    def hear(self) -> list[mido.Message]:
        """Everything until now."""
        while (event := self.input.get_message()) is not None:
            self.heard.append(mido.Message.from_bytes(event[0]))
        return self.heard

    def forget(self) -> None:
        self.hear()
        self.heard.clear()

    async def wait(self, wanted: Callable[[list[mido.Message]], object]) -> list[mido.Message]:
        """Until what it has heard is as wanted."""
        await until(lambda: wanted(self.hear()), lambda: f"{self.name} heard only {self.heard}; more")
        return list(self.heard)

    async def see(self, note: int, velocity: int, channel: int = 0) -> None:
        """Until a lamp has been lit like this."""
        lamp = mido.Message("note_on", note=note, velocity=velocity, channel=channel)
        await self.wait(lambda heard: lamp in heard)


async def until(happened: Callable[[], object], what: str | Callable[[], str] = "it") -> None:
    end = time.monotonic() + PATIENCE_S
    while not happened():
        told = what() if callable(what) and time.monotonic() > end else what
        assert time.monotonic() < end, f"{told} did not happen"
        await asyncio.sleep(0.002)
