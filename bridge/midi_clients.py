"""rtmidi's ports, each with a client of its own; with JACK they are used again and never closed.

Closing a JACK client in a process that has others ends badly now and then: libjack stops the thread that
takes note of clients come and gone, and where that is in the midst of one, the lock it holds stays locked
(once in about a hundred closings here) or what it looks at is freed (a segmentation fault in rtmidi's own
libjack). So a client whose port is not needed any more waits for the next one, and what is left at the end
is the system's to clean up.
"""

from __future__ import annotations

import ctypes
import os
import time
from typing import Any, TypeVar

import rtmidi

from bridge.jack_probe import JackWatch
from bridge.midi_devices import PORT_NAME

IN_CLIENT, OUT_CLIENT = f"{PORT_NAME}-midi-in", f"{PORT_NAME}-midi-out"
QUEUE_MESSAGES = 1024
CLOSING_S = 0.03
Kept = TypeVar("Kept")


class Clients:
    """Makes inputs and outputs of one MIDI system, and takes them back."""

    def __init__(self, api: int) -> None:
        self.api = api

    @property
    def gone(self) -> bool:
        return False

    def new_input(self) -> Any:
        port = rtmidi.MidiIn(rtapi=self.api, name=IN_CLIENT, queue_size_limit=QUEUE_MESSAGES)
        port.ignore_types(sysex=False, timing=False, active_sense=False)  # else their times would be lost
        return port

    def new_output(self) -> Any:
        return rtmidi.MidiOut(rtapi=self.api, name=OUT_CLIENT)

    def release(self, port: Any) -> None:
        """A port that is not needed any more."""
        port.delete()

    def lookouts(self, virtual: bool) -> tuple[Any, Any]:
        """An input and an output that see the others; with `virtual` they are our own ports as well."""
        pair = self.new_input(), self.new_output()
        if virtual:
            for port in pair:
                port.open_virtual_port(PORT_NAME)
        return pair

    def release_lookouts(self, pair: tuple[Any, Any], virtual: bool) -> None:
        for port in pair:
            port.delete()


class JackClients(Clients):
    """Those of one JACK server, as long as it runs. EngineError `not_available` where none does."""

    def __init__(self, server: str) -> None:
        super().__init__(rtmidi.API_UNIX_JACK)
        if server:
            os.environ["JACK_DEFAULT_SERVER"] = server
        self.server = server
        self.watch = keep_for_ever(JackWatch(server))
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._lookouts: dict[bool, list[tuple[Any, Any]]] = {False: [], True: []}

    @property
    def gone(self) -> bool:
        return self.watch.gone

    def new_input(self) -> Any:
        return _emptied(self._inputs.pop()) if self._inputs else keep_for_ever(super().new_input())

    def new_output(self) -> Any:
        return self._outputs.pop() if self._outputs else keep_for_ever(super().new_output())

    def release(self, port: Any) -> None:
        """Of a server that has gone: rtmidi would wait for it, for ever with a message once 16 KiB were
        sent, for a second with closing, and both while it holds the interpreter. And once libjack connects
        anew it frees what these ports point to. So they are left as they are, and never touched again."""
        if not self.gone:
            port.close_port()
            (self._outputs if isinstance(port, rtmidi.MidiOut) else self._inputs).append(port)

    def lookouts(self, virtual: bool) -> tuple[Any, Any]:
        if not self._lookouts[virtual]:
            return super().lookouts(virtual)
        pair = self._lookouts[virtual].pop()
        return _emptied(pair[0]), pair[1]

    def release_lookouts(self, pair: tuple[Any, Any], virtual: bool) -> None:
        self._lookouts[virtual].append(pair)

    def close(self) -> None:
        """For a process that goes on, and wants another server: what was released is closed after all, with
        a pause after each for libjack to take note of it."""
        _jack.pop(self.server, None)
        pairs = [*self._lookouts[True], *self._lookouts[False]]
        for port in (*self._inputs, *self._outputs, *(port for pair in pairs for port in pair)):
            port.delete()
            time.sleep(CLOSING_S)
        self.watch.close()
        time.sleep(CLOSING_S)


def _emptied(port: Any) -> Any:
    """An input without what was said while nobody listened, perhaps by another controller."""
    while port.get_message() is not None:
        pass
    return port


_jack: dict[str, JackClients] = {}


def jack_clients(server: str) -> JackClients:
    """Those of a running server; EngineError `not_available` where none answers."""
    known = _jack.get(server)
    if known is None or known.gone:
        _jack[server] = known = JackClients(server)
    return known


def keep_for_ever(thing: Kept) -> Kept:
    """Not even at the end of the process is it closed."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
    return thing
