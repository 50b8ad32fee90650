"""The bytes of an .amxd: written, and read back.

    off  bytes                                     all sizes of this level little-endian
    0    'ampf' 04 00 00 00  <type>                'aaaa' audio effect, 'mmmm' MIDI effect, 'iiii' instrument
    12   'meta' 04 00 00 00  <u32>                 1 as it is edited, 7 frozen
    24   'ptch' <size>       <size> bytes          to the end of the file

A device that is edited holds its patcher there, JSON that ends in a line feed and a zero byte. A frozen one
holds its patcher and every file that it needs, so that one file is all there is to install:

    'mx@c' 00000010 <u64 offset of the list>       all sizes of this level big-endian, those of
    file, file …                                   fields counting their own 8 bytes of head
    'dlst' <size>  then for each file
        'dire' <size>  type fnam sz32 of32 vers flag mdat

Read off devices that Max itself saved: Ableton's examples, plain and frozen.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import EngineError

AUDIO_EFFECT = "aaaa"
KINDS = (AUDIO_EFFECT, "mmmm", "iiii")
EDITED, FROZEN = 1, 7
FROZEN_TAG = b"mx@c"
FROZEN_HEAD_BYTES = 16
IS_DEVICE = 0x11  # flag of the device's own entry, the first one
# HFS+ counts from 1904. One fixed day: the same sources are the same bytes.
MODIFIED_S = 2_082_844_800 + 1_767_225_600


@dataclass(frozen=True)
class File:
    """A file inside a frozen device. `type` is Max's four letters: JSON, TEXT …"""

    name: str
    type: str
    data: bytes


@dataclass(frozen=True)
class Device:
    """What an .amxd holds."""

    kind: str
    meta: int
    patcher: dict[str, Any]
    files: tuple[File, ...] = ()


# --- out ------------------------------------------------------------------------------------------


def edited_device(patcher: dict[str, Any], kind: str = AUDIO_EFFECT) -> bytes:
    """A device whose files lie beside it."""
    return _container(kind, EDITED, _patcher_bytes(patcher))


def frozen_device(
    patcher: dict[str, Any], files: Sequence[File], name: str, kind: str = AUDIO_EFFECT
) -> bytes:
    """A device with everything it needs inside. `name`: its own file name."""
    whole = [File(name, "JSON", _patcher_bytes(patcher)), *files]
    offsets = [FROZEN_HEAD_BYTES]
    for file in whole:
        offsets.append(offsets[-1] + len(file.data))
    entries = b"".join(
        _entry(file, offset, 0 if index else IS_DEVICE)
        for index, (file, offset) in enumerate(zip(whole, offsets, strict=False))
    )
    head = FROZEN_TAG + struct.pack(">IQ", FROZEN_HEAD_BYTES, offsets[-1])
    listing = _sized(b"dlst", entries)
    return _container(kind, FROZEN, head + b"".join(file.data for file in whole) + listing)


def _container(kind: str, meta: int, data: bytes) -> bytes:
    assert kind in KINDS
    head = b"ampf" + struct.pack("<I", 4) + kind.encode() + b"meta" + struct.pack("<II", 4, meta)
    return head + b"ptch" + struct.pack("<I", len(data)) + data


def _patcher_bytes(patcher: dict[str, Any]) -> bytes:
    return json.dumps({"patcher": patcher}, indent="\t", sort_keys=True).encode("ascii") + b"\n\0"


def _entry(file: File, offset: int, flag: int) -> bytes:
    name = file.name.encode("ascii") + b"\0"
    padded = name + b"\0" * (-len(name) % 4)
    numbers = {b"sz32": len(file.data), b"of32": offset, b"vers": 0, b"flag": flag, b"mdat": MODIFIED_S}
    fields = _sized(b"type", file.type.ljust(4).encode("ascii")) + _sized(b"fnam", padded)
    fields += b"".join(_sized(tag, struct.pack(">I", number)) for tag, number in numbers.items())
    return _sized(b"dire", fields)


def _sized(tag: bytes, data: bytes) -> bytes:
    return tag + struct.pack(">I", len(data) + 8) + data


# --- in -------------------------------------------------------------------------------------------


def read_device(data: bytes) -> Device:
    """The inverse of both; EngineError `file` where the bytes are not of this layout."""
    chunks = dict(_chunks(data, "<", counts_head=False))
    if list(chunks) != [b"ampf", b"meta", b"ptch"]:
        raise _broken(f"its chunks are {[tag.decode('latin-1') for tag in chunks]}, not ampf, meta, ptch")
    kind = chunks[b"ampf"].decode("latin-1")
    (meta,) = struct.unpack("<I", chunks[b"meta"])
    patch = chunks[b"ptch"]
    if patch[:4] != FROZEN_TAG:
        return Device(kind, meta, _read_patcher(patch))
    files = tuple(_frozen_files(patch))
    if not files:
        raise _broken("nothing is frozen into it")
    return Device(kind, meta, _read_patcher(files[0].data), files[1:])


def _chunks(data: bytes, order: str, counts_head: bool) -> Iterator[tuple[bytes, bytes]]:
    """Tag and content of everything in a row of chunks, which must fill `data` exactly."""
    at = 0
    while at < len(data):
        if len(data) - at < 8:
            raise _broken(f"{len(data) - at} bytes are left over")
        tag, (size,) = data[at : at + 4], struct.unpack_from(f"{order}I", data, at + 4)
        end = at + size + (0 if counts_head else 8)
        if not at + 8 <= end <= len(data):
            raise _broken(f"{tag.decode('latin-1')} says {size} bytes where {len(data) - at - 8} follow")
        yield tag, data[at + 8 : end]
        at = end


def _frozen_files(patch: bytes) -> Iterator[File]:
    head_bytes, list_offset = struct.unpack_from(">IQ", patch, 4)
    if head_bytes != FROZEN_HEAD_BYTES or not FROZEN_HEAD_BYTES <= list_offset <= len(patch):
        raise _broken("its head points outside of it")
    for tag, entries in _chunks(patch[list_offset:], ">", counts_head=True):
        if tag != b"dlst":
            raise _broken(f"{tag.decode('latin-1')} stands where its list of files should")
        for _, fields in _chunks(entries, ">", counts_head=True):
            yield _read_entry(patch, dict(_chunks(fields, ">", counts_head=True)))


def _read_entry(patch: bytes, fields: dict[bytes, bytes]) -> File:
    try:
        (size,), (offset,) = struct.unpack(">I", fields[b"sz32"]), struct.unpack(">I", fields[b"of32"])
        name, kind = fields[b"fnam"].rstrip(b"\0").decode(), fields[b"type"].decode().strip()
    except (KeyError, struct.error, UnicodeDecodeError) as error:
        raise _broken(f"an entry of its list of files is not whole: {error}") from error
    if offset + size > len(patch):
        raise _broken(f"{name} lies outside of it")
    return File(name, kind, patch[offset : offset + size])


def _read_patcher(data: bytes) -> dict[str, Any]:
    try:
        patcher = json.loads(data.rstrip(b"\0"))["patcher"]
    except (ValueError, KeyError, TypeError) as error:
        raise _broken(f"its patcher cannot be read: {error}") from error
    assert isinstance(patcher, dict)
    return patcher


def _broken(why: str) -> EngineError:
    return EngineError("file", f"this is no Max for Live device that can be read: {why}")
