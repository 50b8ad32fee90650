"""OSC packets in a TCP stream: SLIP with an END on both sides (OSC 1.1), or an int32 size before (1.0).

A decoder takes the stream as it comes, in pieces of any length, and gives back whole packets; a packet
that is broken or too long is dropped, and an EngineError stands in its place.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from bridge.osc_wire import MAX_PACKET_BYTES, malformed
from engine.errors import EngineError

END, ESC, ESC_END, ESC_ESC = b"\xc0", b"\xdb", b"\xdc", b"\xdd"
_ESCAPED = {ESC + ESC_END: END, ESC + ESC_ESC: ESC}
_ESCAPES = re.compile(rb"\xdb(.?)", re.DOTALL)
MAX_ESCAPED_BYTES = 2 * MAX_PACKET_BYTES


def slip_encode(packet: bytes) -> bytes:
    return END + packet.replace(ESC, ESC + ESC_ESC).replace(END, ESC + ESC_END) + END


def slip_unescape(frame: bytes) -> bytes:
    """EngineError `type` for an escape that is none (RFC 1055 knows two)."""

    def unescape(match: re.Match[bytes]) -> bytes:
        if match[0] not in _ESCAPED:
            raise malformed(f"SLIP escape {match[0].hex(' ')}; allowed are db dc and db dd")
        return _ESCAPED[match[0]]

    return _ESCAPES.sub(unescape, frame)


class SlipDecoder:
    """`feed` the stream, get its packets."""

    def __init__(self) -> None:
        self.pending = bytearray()
        self.is_dropping = False  # the rest of a frame that grew too long

    def feed(self, data: bytes) -> Iterator[bytes | EngineError]:
        *ended, rest = data.split(END)
        for piece in ended:
            self.pending += piece
            frame, self.pending = bytes(self.pending), bytearray()
            if self.is_dropping:
                self.is_dropping = False
            elif frame:
                yield _checked_frame(frame)
        if self.is_dropping:
            return
        self.pending += rest
        if len(self.pending) > MAX_ESCAPED_BYTES:
            self.pending.clear()
            self.is_dropping = True
            yield too_long(MAX_ESCAPED_BYTES)


def _checked_frame(frame: bytes) -> bytes | EngineError:
    try:
        packet = slip_unescape(frame)
    except EngineError as error:
        return error
    return packet if len(packet) <= MAX_PACKET_BYTES else too_long(len(packet))


def too_long(size: int) -> EngineError:
    return EngineError("range", f"a packet of {size} bytes or more; {MAX_PACKET_BYTES} are taken")


def size_encode(packet: bytes) -> bytes:
    return struct.pack(">i", len(packet)) + packet


class SizeDecoder:
    """`feed` the stream, get its packets."""

    def __init__(self) -> None:
        self.pending = bytearray()
        self.skipped = 0  # bytes still to come of a packet that is too long

    def feed(self, data: bytes) -> Iterator[bytes | EngineError]:
        dropped = min(self.skipped, len(data))
        self.skipped -= dropped
        self.pending += data[dropped:]
        while len(self.pending) >= 4:
            (size,) = struct.unpack_from(">i", self.pending)
            if size > MAX_PACKET_BYTES:
                yield self._drop(size)
            elif size < 0:
                del self.pending[:4]
                yield malformed(f"a size of {size} before a packet")
            elif len(self.pending) >= 4 + size:
                packet = bytes(self.pending[4 : 4 + size])
                del self.pending[: 4 + size]
                if packet:
                    yield packet
            else:
                return

    def _drop(self, size: int) -> EngineError:
        here = min(4 + size, len(self.pending))
        self.skipped = 4 + size - here
        del self.pending[:here]
        return too_long(size)
