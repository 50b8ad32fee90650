"""Ports of our own for live MIDI, one a track, where JACK does not carry it: `resonantgen drums` …

ALSA, CoreMIDI and JACK have virtual ports, to be joined by hand. Windows has none: there a port of that name
is used where a virtual cable offers one (loopMIDI: make one called `resonantgen drums`).
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Sequence
from typing import Any

import rtmidi

from bridge.midi_clients import jack_clients, keep_for_ever
from bridge.midi_devices import PORT_NAME
from bridge.midi_speaker import Message
from bridge.midi_system import APIS, choose_api
from engine.config import MidiConfig
from engine.errors import EngineError

log = logging.getLogger(__name__)


class MidiOutPorts:
    """Open at once; EngineError `not_available` where there is no MIDI. `send` from one thread."""

    def __init__(self, tracks: Sequence[str], config: MidiConfig, jack_server: str = "") -> None:
        self.api = choose_api(config.api, jack_server)
        # A JACK server that has gone takes the ports along: rtmidi would wait for it, and hold everybody up.
        self._clients = jack_clients(jack_server) if self.api == APIS["jack"] else None
        self._ports: dict[str, Any] = {}
        try:
            for track in tracks:
                port = self._opened(port_name(track))
                if port is not None:
                    self._ports[track] = port
        except (rtmidi.RtMidiError, OSError, RuntimeError) as error:
            self.close()
            raise EngineError("not_available", f"MIDI out cannot be opened: {error}") from None

    @property
    def names(self) -> list[str]:
        return [port_name(track) for track in self._ports]

    def _opened(self, name: str) -> Any:
        """None where Windows has no port of that name."""
        port = rtmidi.MidiOut(rtapi=self.api, name=name)
        if self._clients is not None:
            keep_for_ever(port)
        if sys.platform != "win32":
            port.open_virtual_port(name)
            return port
        found = next((i for i, there in enumerate(port.get_ports()) if there.startswith(name)), None)
        if found is None:
            port.delete()
            return None
        port.open_port(found)
        return port

    def send(self, track: str, message: Message) -> None:
        """A port that is gone is never waited for."""
        port = self._ports.get(track)
        if port is None or (self._clients is not None and self._clients.gone):
            return
        try:
            port.send_message(message)
        except rtmidi.RtMidiError as error:
            log.warning("a MIDI output has gone: %s", error)
            del self._ports[track]

    def close(self) -> None:
        """With JACK they are let go of (see bridge.midi_clients), else closed."""
        for port in self._ports.values():
            with contextlib.suppress(rtmidi.RtMidiError):
                if self._clients is None:
                    port.delete()
                elif not self._clients.gone:
                    port.close_port()
        self._ports.clear()


def port_name(track: str) -> str:
    return f"{PORT_NAME} {track}"
