"""What a WAV file says of itself besides its samples: tempo, beats and root of `acid`, the loop of `smpl`.

For files from anywhere: chunks in any order, lying sizes, missing ends and nonsense values are met with
"nothing said"; only what is no WAV file at all is an error.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from engine.errors import EngineError

MAX_CHUNKS = 256  # a file of empty chunks must not keep us for hours
MAX_CONTENT = 64  # bytes read of a chunk; the longest of interest holds 60
WANTED = (b"fmt ", b"acid", b"smpl", b"data")
ACID_ONE_SHOT, ACID_ROOT_SET = 1, 2


@dataclass(frozen=True)
class WavInfo:
    """None where the file says nothing (sensible). `beats` counts in the unit of the meter."""

    sample_rate: int
    channels: int
    length_samples: int
    tempo_bpm: float | None = None
    beats: int | None = None
    meter: tuple[int, int] | None = None  # (7, 8) is seven eighths
    root_note: int | None = None  # MIDI note number
    one_shot: bool = False
    loop: tuple[int, int] | None = None  # first and last sample, inclusive


def read_wav_info(path: Path) -> WavInfo:
    """EngineError `file` where the file cannot be read or is not RIFF WAVE with a format and samples."""
    try:
        with path.open("rb") as file:
            chunks = list(_chunks(file))
    except OSError as error:
        raise EngineError("file", f"{path.name} cannot be read: {error.strerror}") from error
    info, block = None, 0
    for name, _, content in chunks:
        if name == b"fmt " and len(content) >= 16:
            info, block = _format(content)
    data = next((size for name, size, _ in chunks if name == b"data"), None)
    if info is None or data is None or block == 0:
        raise EngineError("file", f"{path.name} is not a whole WAV file (no format, or no samples)")
    info = replace(info, length_samples=data // block)
    for name, _, content in chunks:
        if name == b"acid" and len(content) >= 24:
            info = _with_acid(info, content)
        elif name == b"smpl" and len(content) >= 60:
            info = _with_loop(info, content)
    return info


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, bytes]]:
    """(name, size within the file, first bytes) of each chunk; nothing where it is no RIFF WAVE."""
    end = file.seek(0, 2)
    file.seek(0)
    head = file.read(12)
    if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        return
    for _ in range(MAX_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            return
        name, size = struct.unpack("<4sI", header)
        start = file.tell()
        inside = min(size, end - start)
        yield name, inside, file.read(min(inside, MAX_CONTENT)) if name in WANTED else b""
        if start + size > end:
            return
        file.seek(start + size + size % 2)


def _format(content: bytes) -> tuple[WavInfo, int]:
    _, channels, sample_rate, _, block, _ = struct.unpack("<HHIIHH", content[:16])
    return WavInfo(sample_rate, channels, 0), block


def _with_acid(info: WavInfo, content: bytes) -> WavInfo:
    flags, root, _, _, beats, unit, count, tempo_bpm = struct.unpack("<IHHfIHHf", content[:24])
    return replace(
        info,
        tempo_bpm=tempo_bpm if math.isfinite(tempo_bpm) and 20.0 <= tempo_bpm <= 999.0 else None,
        beats=beats if 0 < beats < 100_000 else None,
        meter=(count, unit) if 1 <= count <= 32 and unit in (1, 2, 4, 8, 16) else None,
        root_note=root if flags & ACID_ROOT_SET and root < 128 else None,
        one_shot=bool(flags & ACID_ONE_SHOT),
    )


def _with_loop(info: WavInfo, content: bytes) -> WavInfo:
    loops, _, _, kind, first, last = struct.unpack("<6I", content[28:52])
    sensible = loops > 0 and kind == 0 and first < last < info.length_samples
    return replace(info, loop=(first, last)) if sensible else info
