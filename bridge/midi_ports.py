"""Real MIDI ports: those of a device, and virtual ones called `resonantgen`.

Input is polled, not called back: with JACK, rtmidi calls back from the process thread, where waiting for
the interpreter would make every client late. So everything here happens on the control thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mido
import rtmidi

from bridge.clock.midi import STATUSES
from bridge.clock.stamps import Stamps
from bridge.jack_probe import JackWatch, probe
from engine.config import MidiConfig
from engine.errors import EngineError

log = logging.getLogger(__name__)

PORT_NAME = "resonantgen"
IN_CLIENT, OUT_CLIENT = f"{PORT_NAME}-midi-in", f"{PORT_NAME}-midi-out"
POLL_S = 0.002
QUEUE_MESSAGES = 1024
FIRST_REAL_TIME = 0xF8
APIS = {
    "alsa": rtmidi.API_LINUX_ALSA,
    "jack": rtmidi.API_UNIX_JACK,
    "coremidi": rtmidi.API_MACOSX_CORE,
    "windows": rtmidi.API_WINDOWS_MM,
}


class MidiPorts:
    """Ports of one controller. Everything on the control thread; `await run()` delivers what comes in."""

    def __init__(
        self, config: MidiConfig, device: str, receive: Callable[[mido.Message], None], jack_server: str = ""
    ) -> None:
        """`device` is the controller map's part of a port's name, for settings that give none."""
        self.config = config
        self.device = device
        self.receive = receive
        # Takes a message of MIDI clock: the port that it came by, its bytes, its time (time.perf_counter()).
        self.hear_clock: Callable[[object, bytes, float], None] = lambda port, data, at_s: None
        self.stamps: dict[object, Stamps] = {}  # of the inputs
        self.jack_server = jack_server
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.watch: JackWatch | None = None
        self.api = rtmidi.API_UNSPECIFIED

    def open(self) -> list[str]:
        """Open what the settings ask for, and name it. EngineError `not_available` with what to do."""
        if self.jack_server:
            os.environ["JACK_DEFAULT_SERVER"] = self.jack_server
        self.api = choose_api(self.config.api, self.jack_server)
        if self.api == rtmidi.API_UNIX_JACK:
            self.watch = JackWatch(self.jack_server)
        try:
            return [*self._open_side(rtmidi.MidiIn), *self._open_side(rtmidi.MidiOut)]
        except (rtmidi.RtMidiError, OSError, RuntimeError) as error:
            self.close()
            raise EngineError("not_available", f"MIDI cannot be opened: {error}; {advice()}") from None
        except EngineError:
            self.close()
            raise

    def _open_side(self, kind: type) -> list[str]:
        """The device's port and our virtual one, in one direction; returns their names."""
        is_input = kind is rtmidi.MidiIn
        asked = self.config.input if is_input else self.config.output
        names = []
        port = self._new(kind)
        found = find_port(port.get_ports(), asked or self.device)
        if asked and found is None:
            there = ", ".join(port.get_ports()) or "none"
            raise EngineError("not_available", f"no MIDI port is called {asked!r}; there are: {there}")
        if found is not None:
            port.open_port(found, PORT_NAME)
            names.append(port.get_ports()[found])
            self._keep(port)
            port = None
        if self.config.virtual and sys.platform != "win32":
            port = port or self._new(kind)
            port.open_virtual_port(PORT_NAME)
            names.append(f"{PORT_NAME} ({'in' if is_input else 'out'})")
            self._keep(port)
        elif port is not None:
            port.delete()
        if not names:
            raise EngineError("not_available", f"no MIDI port to open; {advice()}")
        return names

    def _new(self, kind: type) -> Any:
        if kind is rtmidi.MidiOut:
            return rtmidi.MidiOut(rtapi=self.api, name=OUT_CLIENT)
        port = rtmidi.MidiIn(rtapi=self.api, name=IN_CLIENT, queue_size_limit=QUEUE_MESSAGES)
        port.ignore_types(sysex=False, timing=False, active_sense=False)  # else their times would be lost
        return port

    def _keep(self, port: Any) -> None:
        if isinstance(port, rtmidi.MidiOut):
            self.outputs.append(port)
            return
        self.inputs.append(port)
        # JACK's come stamped with the block they lie in: with its begin, half a block before their own time.
        self.stamps[port] = Stamps(self.watch.block_s / 2 if self.watch is not None else 0.0)

    # --- in ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Deliver messages until cancelled."""
        while True:
            for message in self.waiting():
                self.receive(message)
            await asyncio.sleep(POLL_S)

    def waiting(self) -> Iterator[mido.Message]:
        """What has come in since the last time; bytes that are no message are left out."""
        if self.watch is not None and self.watch.gone:
            self._abandon()
        for port in list(self.inputs):
            while True:
                try:
                    received = port.get_message()
                except rtmidi.RtMidiError as error:
                    self._lose(self.inputs, port, error)
                    break
                if received is None:
                    break
                data, delta_s = received
                at_s = self.stamps[port].at(delta_s, time.perf_counter())
                if data[0] in STATUSES:
                    self.hear_clock(port, bytes(data), at_s)
                elif data[0] < FIRST_REAL_TIME:  # active sensing is nobody's business
                    with contextlib.suppress(ValueError):
                        yield mido.Message.from_bytes(data)

    # --- out --------------------------------------------------------------------------------------

    def send(self, message: mido.Message) -> None:
        """To every output. A port that is gone is logged once, and never waited for."""
        if self.watch is not None and self.watch.gone:
            self._abandon()
        for port in list(self.outputs):
            try:
                port.send_message(message.bytes())
            except rtmidi.RtMidiError as error:
                self._lose(self.outputs, port, error)

    # --- the end ----------------------------------------------------------------------------------

    def _lose(self, ports: list[Any], port: Any, reason: object) -> None:
        log.warning("a MIDI port has gone: %s", reason)
        ports.remove(port)
        self.stamps.pop(port, None)
        port.delete()

    def _abandon(self) -> None:
        """The JACK server has gone. rtmidi would wait for it: for ever with a message once 16 KiB were
        sent, for a second with closing, and both while it holds the interpreter. And once libjack connects
        anew it frees what these ports point to. So they are left as they are, and never touched again."""
        if self.inputs or self.outputs:
            log.warning("the MIDI ports have gone with the JACK server")
        for port in (*self.inputs, *self.outputs):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(port))
        self.inputs.clear()
        self.outputs.clear()

    def close(self) -> None:
        if self.watch is not None:
            if self.watch.gone:
                self._abandon()
            self.watch.close()
            self.watch = None
        for port in (*self.inputs, *self.outputs):
            port.delete()
        self.inputs.clear()
        self.outputs.clear()


def choose_api(wanted: str, jack_server: str = "") -> int:
    """The MIDI system to use, as rtmidi numbers them. On Linux JACK's where a server is named or ALSA is
    missing, ALSA's otherwise; EngineError `not_available` where there is none."""
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
    if (jack_named or not alsa) and APIS["jack"] in available and jack_runs(jack_server):
        return APIS["jack"]
    if alsa:
        return APIS["alsa"]
    raise EngineError("not_available", f"no MIDI system answers; {advice()}")


def jack_runs(server: str) -> bool:
    try:
        return probe(server) is not None
    except EngineError:
        return False


def find_port(names: list[str], part: str) -> int | None:
    """The first port whose name holds `part`, upper or lower case; none for an empty part, or for our own."""
    for i, name in enumerate(names):
        if part and part.casefold() in name.casefold() and PORT_NAME not in name.casefold():
            return i
    return None


def advice() -> str:
    if sys.platform == "win32":
        return "plug in a controller, or install a virtual cable such as loopMIDI"
    if sys.platform == "darwin":
        return "plug in a controller, or set [midi] virtual = true"
    return (
        "load the ALSA sequencer (modprobe snd-seq), or start JACK and pip install 'resonantgen[jack]', "
        "or set [midi] enabled = false"
    )
