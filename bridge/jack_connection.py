"""One stay at a JACK server: client, ports, native callbacks, transport. Ends when the server does."""

from __future__ import annotations

import ctypes
import logging
import math
import time
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from bridge import jack_callback, jack_timebase
from bridge.jack_latency import playback_latency
from bridge.jack_library import time_us
from bridge.jack_memory import Memory
from bridge.jack_probe import import_jack

log = logging.getLogger(__name__)

HUSH_S = 0.5  # two blocks of any size take less
ANSWERS_S = 0.3  # a server that is there has begun a block since


def load_jack() -> ModuleType:
    """The JACK-Client module, made quiet; EngineError `not_available` with what to install."""
    jack = import_jack()
    # libjack talks to stderr from any thread, also about a server that is simply not there.
    silent = jack._ffi.cast("void (*)(const char *)", jack_callback.ignore_message.address)
    jack._lib.jack_set_error_function(silent)
    jack._lib.jack_set_info_function(silent)
    return jack


class JackConnection:
    """An open client with a stereo pair of ports a track and one for the mix.

    Raises `jack.JackOpenError` where no server answers; never starts one.
    """

    def __init__(
        self, jack: ModuleType, tracks: Sequence[str], client_name: str, server_name: str | None, midi: bool
    ) -> None:
        self._jack = jack
        self._latency_s = 0.0
        self._is_active = False
        self._client = jack.Client(client_name, no_start_server=True, servername=server_name)
        self.name: str = self._client.name
        self.sample_rate: int = self._client.samplerate
        self.memory = Memory(len(tracks), self.sample_rate)
        names = [f"{track}_{side}" for track in (*tracks, "mix") for side in "LR"]
        self._ports = [self._client.outports.register(name) for name in names]
        names = [f"{track}_midi" for track in tracks] if midi else []
        self._midi_ports = [self._client.midi_outports.register(name) for name in names]
        self._set_up()
        self.assume(self.rolling, self._client.transport_frame)

    def _set_up(self) -> None:
        ffi, library, header = self._jack._ffi, self._jack._lib, self.memory.header

        def number(pointer: object) -> int:
            return int(ffi.cast("uintptr_t", pointer))

        header["client"] = number(self._client._ptr)
        header["get_buffer"] = number(ffi.addressof(library, "jack_port_get_buffer"))
        header["transport_query"] = number(ffi.addressof(library, "jack_transport_query"))
        header["clear_buffer"] = number(ffi.addressof(library, "jack_midi_clear_buffer"))
        self.memory.ports[:] = [number(port._ptr) for port in self._ports]
        self.memory.midi["write"] = number(ffi.addressof(library, "jack_midi_event_write"))
        self.memory.midi["port"] = [number(port._ptr) for port in self._midi_ports] or 0
        # Until the first block has passed, the report says where the server's transport is now.
        self.memory.report["frame"], self.memory.report["rolling"] = (
            self._client.transport_frame,
            self.rolling,
        )
        self._argument = ffi.cast("void *", self.memory.address)
        for setter, kind, callback in (
            (library.jack_set_process_callback, "JackProcessCallback", jack_callback.process),
            (library.jack_set_xrun_callback, "JackXRunCallback", jack_callback.xrun),
            (library.jack_on_info_shutdown, "JackInfoShutdownCallback", jack_callback.shutdown),
        ):
            setter(self._client._ptr, ffi.cast(kind, callback.address), self._argument)

    def assume(self, rolling: bool, frame: int) -> None:
        """What the report says until the first block has passed. Before `activate` only."""
        self.memory.report["rolling"], self.memory.report["frame"] = rolling, frame

    def activate(self, auto_connect: bool) -> None:
        """Start the callback; `auto_connect`: the mix to the first two physical outputs, if there are any and
        they take it. JackError where the server has gone meanwhile."""
        self._client.activate()
        self._is_active = True
        if auto_connect:
            outputs = self._client.get_ports(is_audio=True, is_input=True, is_physical=True)
            for port, output in zip(self._ports[-2:], outputs[:2], strict=False):
                self._join(port, output)

    def _join(self, port: Any, output: Any) -> None:
        try:
            self._client.connect(port, output)
        except self._jack.JackError as error:
            log.warning("%s is not joined to %s: %s", port.name, output.name, error)

    @property
    def alive(self) -> bool:
        return not self.memory.header["shut_down"][0]

    @property
    def xruns(self) -> int:
        return int(self.memory.header["xruns"][0])

    @property
    def block_size(self) -> int:
        return int(self._client.blocksize) if self.alive else 0

    @property
    def rolling(self) -> bool:
        """What the server says, before the first block as well."""
        return bool(self._client.transport_state != self._jack.STOPPED)

    def _since_block_s(self, report: Any) -> float:
        """How long ago the reported block began, by JACK's own clock (to some 20 µs); inf: nothing says."""
        now_us = time_us()
        return math.inf if now_us is None else (now_us - int(report["begun_us"])) / 1e6

    def frame_now(self, report: Any) -> int:
        """The transport frame of this very moment, while it rolls: the reported one lies up to a block ahead.

        Reckoned from the report as libjack does it from the server's memory, which is gone the moment the
        server is: who asks for it then does not come back.
        """
        reported, block = int(report["frame"]), int(report["block_size"])
        passed = self._since_block_s(report) * self.sample_rate
        return reported if passed > 3 * block else reported - block + round(passed)

    @property
    def latency_s(self) -> float:
        """From the mix to the speakers. As of the last look where no block has come for a while: the server
        may have gone, and libjack ends a process that asks for its ports then."""
        if self.alive and self._since_block_s(self.memory.snapshot().report) < ANSWERS_S:
            joined = [port for own in self._ports[-2:] for port in self._client.get_all_connections(own)]
            addresses = [int(self._jack._ffi.cast("uintptr_t", port._ptr)) for port in joined]
            self._latency_s = playback_latency(addresses) / self.sample_rate
        return self._latency_s

    @property
    def cpu_load(self) -> float:
        """Percent of a block's time that the whole graph takes."""
        return float(self._client.cpu_load()) if self.alive else 0.0

    def lead(self) -> bool:
        """Give the transport its bar and beat, unless another client does; whether it is us.

        Also makes JACK ask for bar and beat anew, while the transport stands still as well.
        """
        if not self.alive:
            return False
        callback = self._jack._ffi.cast("JackTimebaseCallback", jack_timebase.timebase.address)
        taken = self._jack._lib.jack_set_timebase_callback(self._client._ptr, 1, callback, self._argument)
        return bool(taken == 0)

    def start(self) -> None:
        if self.alive:
            self._client.transport_start()

    def stop(self) -> None:
        if self.alive:
            self._client.transport_stop()

    def locate(self, frame: int) -> None:
        """A server that is going, and has not said so yet, takes none."""
        if self.alive:
            try:
                self._client.transport_frame = frame
            except self._jack.JackError as error:
                log.warning("%s", error)

    def close(self) -> None:
        """Leave the server; afterwards no callback runs, and the memory may go.

        A client whose server has gone is left to libjack, which frees it as soon as anybody in this process
        connects anew (and MIDI may have been quicker): to close it then would free it twice. What it points
        to stays for good.
        """
        if not self.alive:
            for kept in (self._client, self.memory):
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
            return
        if self._midi_ports and self._is_active:
            self._hush()
        self._client.close()

    def _hush(self) -> None:
        """Let the callback end every note: a synth would hold it for ever once the port has gone."""
        self.memory.midi_wanted[:] = 0
        blocks = int(self.memory.snapshot().report["blocks"])
        end = time.monotonic() + HUSH_S
        while int(self.memory.snapshot().report["blocks"]) < blocks + 2 and time.monotonic() < end:
            time.sleep(0.001)
