"""How long sound takes from a port to the speakers. JACK-Client leaves this call out."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from collections.abc import Iterable
from functools import cache

PLAYBACK = 1  # jack_latency_callback_mode_t
WINDOWS_NAME = "libjack64" if sys.maxsize > 2**32 else "libjack"


class LatencyRange(ctypes.Structure):
    """jack_latency_range_t"""

    _fields_ = (("min", ctypes.c_uint32), ("max", ctypes.c_uint32))


@cache
def _library() -> ctypes.CDLL | None:
    """The library that JACK-Client has loaded already."""
    name = ctypes.util.find_library(WINDOWS_NAME if sys.platform == "win32" else "jack")
    try:
        return None if name is None else ctypes.CDLL(name)
    except OSError:
        return None


def playback_latency(ports: Iterable[int]) -> int:
    """Frames from these inputs of other clients to the speakers, by the longest way; 0 where nothing says.

    `ports`: addresses of jack_port_t. (Of our own outputs JACK knows it only some time after they were
    connected.)
    """
    library, found = _library(), LatencyRange()
    longest = 0
    if library is None:
        return longest
    for port in ports:
        library.jack_port_get_latency_range(ctypes.c_void_p(port), PLAYBACK, ctypes.byref(found))
        longest = max(longest, int(found.max))
    return longest
