"""The machine's MIDI: which system, which ports there are, and a pair of our own to be joined by hand.

ALSA, JACK, CoreMIDI and Windows by rtmidi. Everything on the control thread.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import rtmidi

from bridge.jack_probe import JackWatch, probe
from bridge.midi_clients import OUT_CLIENT, Clients, JackClients, jack_clients
from bridge.midi_devices import PORT_NAME, numbered
from bridge.midi_ports import MidiPorts
from engine.config import MidiConfig
from engine.errors import EngineError

log = logging.getLogger(__name__)

APIS = {
    "alsa": rtmidi.API_LINUX_ALSA,
    "jack": rtmidi.API_UNIX_JACK,
    "coremidi": rtmidi.API_MACOSX_CORE,
    "windows": rtmidi.API_WINDOWS_MM,
}
SOUND_DEVICES = Path("/dev/snd")


class MidiSystem:
    """Open it, look at the names of its ports now and then, and join them.

    A JACK server that has gone takes everything with it: `gone` then, until it is opened again.
    """

    def __init__(self, config: MidiConfig, jack_server: str = "") -> None:
        self.config = config
        self.jack_server = jack_server
        self.clients: Clients | None = None
        self._lookouts: tuple[Any, Any] | None = None  # what asks for the names of the ports
        self.virtual: MidiPorts | None = None

    @property
    def is_open(self) -> bool:
        return self._lookouts is not None

    @property
    def gone(self) -> bool:
        return self.clients is not None and self.clients.gone

    @property
    def watch(self) -> JackWatch | None:
        return self.clients.watch if isinstance(self.clients, JackClients) else None

    @property
    def _offers_ports(self) -> bool:
        return self.config.virtual and sys.platform != "win32"

    def open(self) -> None:
        """EngineError `not_available` with what to do."""
        try:
            self.clients = self._choose()
            self._lookouts = self.clients.lookouts(self._offers_ports)
        except (rtmidi.RtMidiError, OSError, RuntimeError) as error:
            raise EngineError("not_available", f"MIDI cannot be opened: {error}; {advice()}") from None
        if self._offers_ports:
            self.virtual = MidiPorts(self, *self._lookouts)

    def _choose(self) -> Clients:
        found: list[JackClients] = []

        def jack_runs() -> bool:
            with contextlib.suppress(EngineError):
                found.append(jack_clients(self.jack_server))
            return bool(found)

        api = choose_api(self.config.api, self.jack_server, jack_runs)
        if api != APIS["jack"]:
            return Clients(api)
        return found[0] if found else jack_clients(self.jack_server)

    def names(self) -> tuple[list[str], list[str]]:
        """Of every input and output of the machine, ours among them."""
        if self._lookouts is None or self.gone:
            return [], []
        inputs, outputs = (numbered(port.get_ports()) for port in self._lookouts)
        return inputs, outputs

    @property
    def renumbers(self) -> bool:
        """Whether a port may get the name of another one that has gone: two of a kind differ by a number."""
        return self._api in (APIS["coremidi"], APIS["windows"])

    def plugged_at(self) -> float:
        """Changes when a sound device comes or goes, also one that is back under its old name (ALSA)."""
        try:
            return SOUND_DEVICES.stat().st_mtime if self._api == APIS["alsa"] else 0.0
        except OSError:
            return 0.0

    @property
    def _api(self) -> int:
        return self.clients.api if self.clients is not None else rtmidi.API_UNSPECIFIED

    def joined(self) -> frozenset[str]:
        """Who listens to our own output, where the system can tell (JACK)."""
        if self.watch is None or self.gone or self.virtual is None:
            return frozenset()
        return self.watch.links(f"{OUT_CLIENT}:{PORT_NAME}")

    def teachers(self, inputs: Sequence[str]) -> list[str]:
        """The inputs that may teach us something: of JACK's only devices, where there are some, for a program
        that plays would be the first to be heard."""
        if self.watch is None or self.gone:
            return [*inputs]
        hardware = self.watch.midi_hardware()
        return [name for name in inputs if name in hardware] or [*inputs]

    def is_linked(self, name: str) -> bool:
        """Whether a port is joined to one of ours still: one that was pulled out and plugged in again between
        two looks is not, under the same name. Where the system cannot tell (all but JACK) it is."""
        if self.watch is None or self.gone or not name:
            return True
        return any(PORT_NAME in other for other in self.watch.links(name))

    # --- ports ------------------------------------------------------------------------------------

    def join_input(self, name: str) -> Any:
        """A port of ours joined to the one of that name; None where that has gone or is another program's."""
        assert self.clients is not None
        return self._join(self.clients.new_input, name)

    def join_output(self, name: str) -> Any:
        assert self.clients is not None
        return self._join(self.clients.new_output, name)

    def _join(self, new: Callable[[], Any], name: str) -> Any:
        port = None
        try:
            port = new()
            port.open_port(numbered(port.get_ports()).index(name), PORT_NAME)
        except (ValueError, rtmidi.RtMidiError, OSError, RuntimeError) as error:
            log.debug("%s: %s", name, error)
            self.release(port)
            return None
        return port

    def release(self, port: Any) -> None:
        if port is not None and self.clients is not None:
            self.clients.release(port)

    def let_out(self) -> None:
        """Wait until what was sent is on its way: a port that is closed at once may take it along."""
        if self.watch is not None and not self.gone:
            time.sleep(0.01 + 3 * self.watch.block_s)

    def close(self) -> None:
        """The ports of controllers are let go of before."""
        if self._lookouts is not None and self.clients is not None:
            self.clients.release_lookouts(self._lookouts, self._offers_ports)
        self._lookouts = self.clients = self.virtual = None


def choose_api(wanted: str, jack_server: str = "", jack_runs: Callable[[], bool] | None = None) -> int:
    """The MIDI system to use, as rtmidi numbers them. On Linux JACK's where a server is named or ALSA is
    missing, ALSA's otherwise; EngineError `not_available` where there is none."""
    runs = jack_runs or (lambda: answers(jack_server))
    available = rtmidi.get_compiled_api()
    alsa = APIS["alsa"] in available and Path("/dev/snd/seq").exists()
    if wanted != "auto":
        if APIS[wanted] not in available:
            names = ", ".join(name for name, api in APIS.items() if api in available) or "none"
            raise EngineError("not_available", f"this rtmidi has no {wanted} MIDI; it has: {names}")
        return APIS[wanted]
    if sys.platform in ("darwin", "win32"):
        return APIS["coremidi" if sys.platform == "darwin" else "windows"]
    jack_named = bool(jack_server or os.environ.get("JACK_DEFAULT_SERVER"))
    if (jack_named or not alsa) and APIS["jack"] in available and runs():
        return APIS["jack"]
    if alsa:
        return APIS["alsa"]
    raise EngineError("not_available", f"no MIDI system answers; {advice()}")


def answers(server: str) -> bool:
    """Whether a JACK server of that name runs."""
    try:
        return probe(server) is not None
    except EngineError:
        return False


def advice() -> str:
    if sys.platform == "win32":
        return "plug in a controller, or install a virtual cable such as loopMIDI"
    if sys.platform == "darwin":
        return "plug in a controller, or set [midi] virtual = true"
    return (
        "load the ALSA sequencer (modprobe snd-seq), or start JACK and pip install 'resonantgen[jack]', "
        "or set [midi] enabled = false"
    )
