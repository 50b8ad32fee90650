"""Whether a JACK server runs, and stays; asked quietly, without a place in its graph."""

from __future__ import annotations

import ctypes
import importlib
import sys
import threading
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from engine.errors import EngineError

INSTALL = (
    "install the JACK library (Debian: libjack-jackd2-0, macOS: brew install jack, Windows: jackaudio.org) "
    "and the Python package (pip install 'resonantgen[jack]')"
)


@dataclass(frozen=True)
class JackServer:
    sample_rate: int
    block_size: int
    realtime: bool


def probe(server: str = "") -> JackServer | None:
    """The running server of that name ("": the default one), or None.

    EngineError `not_available` where JACK is not installed.
    """
    jack = _load()
    try:
        client = _open(jack, "resonantgen-probe", server)
    except jack.JackError:
        return None
    try:
        return JackServer(client.samplerate, client.blocksize, client.realtime)
    finally:
        client.close()


class JackWatch:
    """Tells when a server has gone, some 5 ms after it has; one that is started anew is another server.

    EngineError `not_available` where none runs.
    """

    def __init__(self, server: str = "") -> None:
        jack = _load()
        self._gone = threading.Event()
        try:
            self._client = _open(jack, "resonantgen-watch", server)
        except jack.JackError as error:
            raise EngineError("not_available", f"no JACK server answers ({error}); start jackd") from None
        self._client.set_shutdown_callback(lambda status, reason: self._gone.set())
        self.block_s = self._client.blocksize / self._client.samplerate

    @property
    def gone(self) -> bool:
        return self._gone.is_set()

    def links(self, port: str) -> frozenset[str]:
        """The names of the ports that one is joined to; none where there is no such port."""
        jack = _load()
        try:
            found = self._client.get_port_by_name(port)
            return frozenset(other.name for other in self._client.get_all_connections(found))
        except jack.JackError:
            return frozenset()

    def midi_hardware(self) -> frozenset[str]:
        """The names of the ports by which devices, and not other programs, send MIDI."""
        ports = self._client.get_ports(is_midi=True, is_output=True, is_physical=True)
        return frozenset(port.name for port in ports)

    def close(self) -> None:
        """A client whose server has gone is left to libjack, which may be busy with it in another thread,
        and frees it when it connects anew."""
        if self.gone:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._client))
        else:
            self._client.close()


def import_jack() -> ModuleType:
    """The JACK-Client module; EngineError `not_available` with what to install."""
    try:
        return importlib.import_module("jack")
    except (ImportError, OSError) as error:
        raise EngineError("not_available", f"JACK cannot be used ({error}); {INSTALL}") from None


def _load() -> Any:
    jack = import_jack()
    _silence(jack)
    return jack


def _open(jack: Any, name: str, server: str) -> Any:
    """A client that is never activated: it takes no part in the graph."""
    return jack.Client(name, no_start_server=True, servername=server or None)


def _silence(jack: Any) -> None:
    """libjack talks to stderr about a server that is not there. Its messages go to strlen instead: native
    code of the right shape, that holds no Python object."""
    library = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
    address = ctypes.cast(library.strlen, ctypes.c_void_p).value
    silent = jack._ffi.cast("void (*)(const char *)", address)
    jack._lib.jack_set_error_function(silent)
    jack._lib.jack_set_info_function(silent)
