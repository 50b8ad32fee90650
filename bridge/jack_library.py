"""Calls into the JACK library that JACK-Client leaves out."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from functools import cache

WINDOWS_NAME = "libjack64" if sys.maxsize > 2**32 else "libjack"


@cache
def library() -> ctypes.CDLL | None:
    """The library that JACK-Client has loaded already; None where it is not found by its name."""
    name = ctypes.util.find_library(WINDOWS_NAME if sys.platform == "win32" else "jack")
    try:
        found = None if name is None else ctypes.CDLL(name)
    except OSError:
        return None
    if found is not None:
        found.jack_get_time.restype = ctypes.c_uint64
    return found


def time_us() -> int | None:
    """JACK's clock, which needs no server. None without the library."""
    found = library()
    return None if found is None else int(found.jack_get_time())
