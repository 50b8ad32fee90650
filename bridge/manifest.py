"""The list of published stems: one JSON object a line, appended last and never rewritten.

A crash can leave half a line at the end. Readers pass over it; the next append takes it away first.
"""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any, BinaryIO

from bridge.atomic_file import sync_folder

BLOCK_BYTES = 4096


def append_line(path: Path, entry: dict[str, Any]) -> None:
    """Add one entry and wait for the disk; on OSError the file is as long as it was."""
    line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
    is_new = not path.exists()
    with path.open("ab+", buffering=0) as file:
        _repair(file)
        before = file.seek(0, os.SEEK_END)
        try:
            if file.write(line) != len(line):  # how a disk says that it is nearly full
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            os.fsync(file.fileno())
        except OSError:
            file.truncate(before)
            raise
    if is_new:
        sync_folder(path.parent)


def read_entries(path: Path) -> list[dict[str, Any]]:
    """Every whole entry, in order; none where there is no manifest. Damaged lines are passed over."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    entries = (_parsed(line) for line in lines)
    return [entry for entry in entries if entry is not None]


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _repair(file: BinaryIO) -> None:
    """End the file with a line's end: complete the last line where only that is missing, else drop it."""
    size = start = file.seek(0, os.SEEK_END)
    tail = b""
    while start > 0 and b"\n" not in tail:
        start = max(0, start - BLOCK_BYTES)
        file.seek(start)
        tail = file.read(size - start)
    rest = tail[tail.rfind(b"\n") + 1 :]
    if not rest:
        return
    if _parsed(rest) is not None:
        file.write(b"\n")
    else:
        file.truncate(size - len(rest))
