"""OSC packets: bytes to messages and bundles, messages to bytes. Nothing here knows the contract."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pythonosc import osc_message
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.parsing import osc_types

from bridge.osc_spec import MAX_MESSAGE_BYTES
from engine.errors import EngineError

MAX_PACKET_BYTES = 65_536
MAX_ARGS = 64  # the widest row has six; a packet of 16,000 would hold the control thread for 0.2 s
MAX_DEPTH = 16  # bundles in bundles
READABLE_TAGS = frozenset(b"ifshdbrmtTFN[]")
BUNDLE_PREFIX = b"#bundle\x00"
NTP_EPOCH_S = 2_208_988_800  # from 1900 to 1970
ELLIPSIS = "…"
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class Message:
    address: str
    args: tuple[Any, ...]


@dataclass(frozen=True)
class Bundle:
    """`at_s`: wall clock, seconds since 1970; None: at once."""

    at_s: float | None
    elements: tuple[Message | Bundle, ...]


def malformed(why: str) -> EngineError:
    return EngineError("type", f"malformed OSC packet: {why}")


# --- in -------------------------------------------------------------------------------------------


def parse(data: bytes, depth: int = 0) -> Message | Bundle:
    """A packet as it came in; EngineError `type` for anything that OSC 1.0 does not allow.

    Bundles are taken apart here: python-osc's own walk never ends on an element of negative size.
    """
    if data.startswith(BUNDLE_PREFIX):
        return _parse_bundle(data, depth)
    if data.startswith(b"/"):
        return _parse_message(data)
    raise malformed("it begins neither with '/' nor with '#bundle'")


def _parse_bundle(data: bytes, depth: int) -> Bundle:
    if depth >= MAX_DEPTH:
        raise malformed(f"bundles are nested more than {MAX_DEPTH} deep")
    if len(data) < 16:
        raise malformed("a bundle without its time tag")
    (timetag,) = struct.unpack_from(">Q", data, 8)
    at_s = None if timetag == 1 else timetag / 2**32 - NTP_EPOCH_S
    elements = []
    index = 16
    while index < len(data):
        if len(data) < index + 4:
            raise malformed("a bundle ends within the size of an element")
        (size,) = struct.unpack_from(">i", data, index)
        index += 4
        if not 0 < size <= len(data) - index:
            raise malformed(f"an element of {size} bytes where {len(data) - index} are left")
        elements.append(parse(data[index : index + size], depth + 1))
        index += size
    return Bundle(at_s, tuple(elements))


def _parse_message(data: bytes) -> Message:
    _check_tags(data)
    try:
        message = osc_message.OscMessage(data)
    except (osc_message.ParseError, osc_types.ParseError, struct.error, ValueError, OverflowError) as error:
        raise malformed(str(error.args[0] if error.args else error)) from error
    return Message(message.address, tuple(message.params))


def _check_tags(data: bytes) -> None:
    """Refuse what python-osc would skip over (unknown types) or take long for (thousands of arguments)."""
    end = data.find(b"\x00")
    if end < 0:
        raise malformed("the address does not end")
    start = end + 4 - end % 4
    if data[start : start + 1] != b",":
        return
    tags = data[start + 1 : max(data.find(b"\x00", start), start + 1)]
    if len(tags) > MAX_ARGS:
        raise malformed(f"{len(tags)} arguments; at most {MAX_ARGS} are read")
    strange = set(tags) - READABLE_TAGS
    if strange:
        names = ", ".join(repr(chr(tag)) for tag in sorted(strange))
        raise malformed(f"argument type {names}; allowed are i, f, s and, where they fit, d, h, T, F, N")


def address_of(data: bytes) -> str:
    """What a packet begins with, even a broken one: its address, `#bundle`, or "" for neither."""
    is_packet = data.startswith((b"/", BUNDLE_PREFIX))
    return data.partition(b"\x00")[0].decode(errors="replace") if is_packet else ""


def describe(data: bytes, level: int) -> str:
    """A packet for the log: 1 parsed, 2 hex, 3 both."""
    try:
        parsed = str(parse(data))
    except EngineError as error:
        parsed = error.text
    return " ".join(text for bit, text in ((1, parsed), (2, data.hex(" ", 4))) if level & bit)


# --- out ------------------------------------------------------------------------------------------


def build(address: str, args: Sequence[int | float | str]) -> bytes:
    """A message of at most 1,024 bytes: int as `i`, float as `f` (never `d`), str as `s`.

    Control characters become spaces; while it is too long, its longest text is shortened.
    """
    builder = OscMessageBuilder(address=address)
    for arg in _fit(address, [_clean(arg) if isinstance(arg, str) else arg for arg in args]):
        if isinstance(arg, str):
            builder.add_arg(arg, "s")
        elif isinstance(arg, float):
            builder.add_arg(arg, "f")
        else:
            builder.add_arg(int(arg), "i")
    return builder.build().dgram


def _clean(text: str) -> str:
    return _CONTROL_CHARACTERS.sub(" ", text).encode(errors="replace").decode()


def _fit(address: str, args: list[int | float | str]) -> list[int | float | str]:
    while (excess := _size(address, args) - MAX_MESSAGE_BYTES) > 0:
        longest = max(range(len(args)), key=lambda i: _bytes(args[i]))
        whole = str(args[longest]).encode()
        kept = whole[: max(0, len(whole) - excess - len(ELLIPSIS.encode()))]
        args[longest] = kept.decode(errors="ignore") + ELLIPSIS
    return args


def _bytes(arg: int | float | str) -> int:
    return len(arg.encode()) if isinstance(arg, str) else 0


def _size(address: str, args: Sequence[int | float | str]) -> int:
    texts = [len(address.encode()), 1 + len(args), *(_bytes(arg) for arg in args if isinstance(arg, str))]
    numbers = sum(not isinstance(arg, str) for arg in args)
    return sum(length + 4 - length % 4 for length in texts) + 4 * numbers
