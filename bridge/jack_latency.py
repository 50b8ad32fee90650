"""How long sound takes from a port to the speakers. JACK-Client leaves this call out."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable

from bridge.jack_library import library

PLAYBACK = 1  # jack_latency_callback_mode_t


class LatencyRange(ctypes.Structure):
    """jack_latency_range_t"""

    _fields_ = (("min", ctypes.c_uint32), ("max", ctypes.c_uint32))


def playback_latency(ports: Iterable[int]) -> int:
    """Frames from these inputs of other clients to the speakers, by the longest way; 0 where nothing says.

    `ports`: addresses of jack_port_t. (Of our own outputs JACK knows it only some time after they were
    connected.)
    """
    jack, found = library(), LatencyRange()
    longest = 0
    if jack is None:
        return longest
    for port in ports:
        jack.jack_port_get_latency_range(ctypes.c_void_p(port), PLAYBACK, ctypes.byref(found))
        longest = max(longest, int(found.max))
    return longest
