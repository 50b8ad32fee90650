"""Names that come over the wire: never a path, always something inside one known folder."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from pathlib import Path

from engine.errors import EngineError

MAX_NAME_LENGTH = 64
FEW_FILES = 12
MAX_TOLD_BYTES = 960  # the longest message has 1,024, its address and tags included
DRIVE = re.compile(r"[A-Za-z]:")
# Letters and digits of any script, so that a set may be called "Übung".
SAFE_NAME = re.compile(rf"(?!\.)[\w .-]{{1,{MAX_NAME_LENGTH}}}")
# Devices to Windows, whatever comes after the first dot; a set must open there too.
RESERVED_NAME = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE)


def safe_name(text: str) -> str:
    """`text` where it can name a scene or a set (a folder on any system); EngineError `range` otherwise."""
    if not isinstance(text, str) or not SAFE_NAME.fullmatch(text) or text != text.strip().rstrip("."):
        raise EngineError(
            "range",
            f"name {text!r:.80} is not allowed: 1 to {MAX_NAME_LENGTH} letters, digits, spaces, - _ or . "
            "(no dot or space at either end)",
        )
    if RESERVED_NAME.fullmatch(text):
        raise EngineError("range", f"name {text!r} is not allowed: Windows keeps it for a device")
    if len(os.fsencode(text)) > 240:  # file systems count bytes, 255 of them
        raise EngineError("range", f"name {text!r:.80} is too long for a folder")
    return text


def resolve_inside(root: Path, name: str) -> Path:
    """The regular file `name` inside `root`, links followed on both sides.

    EngineError `file` for what is no such name (absolute, `..`, a link that leads outside …),
    `not_found` naming what is there. Nothing is opened.
    """
    if not isinstance(name, str) or not name or "\0" in name:
        raise EngineError("file", f"{name!r:.80} is not a file name")
    if "\\" in name or name.startswith("/") or DRIVE.match(name) or ".." in name.split("/"):
        raise EngineError("file", f"{name!r:.80} is not allowed: write a name inside {root.name}/")
    try:
        real_root = os.path.realpath(root)
        path = os.path.realpath(os.path.join(real_root, name))  # noqa: PTH118 (pathlib drops a final dot)
        if os.path.commonpath((real_root, path)) != real_root or path == real_root:
            raise EngineError("file", f"{name!r:.80} leads outside {root.name}/")
        mode = os.stat(path).st_mode  # noqa: PTH116
    except FileNotFoundError as error:
        raise EngineError("not_found", f"{name!r:.80} is not in {root.name}/{_listing(root)}") from error
    except OSError as error:  # its own text would tell the client where on this machine we are
        raise EngineError("file", f"{name!r:.80} cannot be reached: {error.strerror}") from error
    except ValueError as error:
        raise EngineError("file", f"{name!r:.80} is no name that this system can have") from error
    if not stat.S_ISREG(mode):
        raise EngineError("file", f"{name!r:.80} is not a regular file")
    return Path(path)


def told_folder(folder: Path) -> str:
    """A folder as other programs on this machine find it: absolute, links followed. "" where its path cannot
    travel whole: too long for a message, not text, or with control characters."""
    path = str(folder.resolve())
    try:
        fits = len(path.encode()) <= MAX_TOLD_BYTES
    except UnicodeEncodeError:  # bytes that are no UTF-8
        return ""
    return path if fits and not any(unicodedata.category(sign) == "Cc" for sign in path) else ""


def _listing(root: Path) -> str:
    """What is there, for the user who mistyped: a few names, then how many more."""
    if not root.is_dir():
        return "; that folder is not there"
    names = file_names(root)
    if not names:
        return "; it is empty"
    more = f" and {len(names) - FEW_FILES} more" if len(names) > FEW_FILES else ""
    return f"; there is {', '.join(names[:FEW_FILES])}{more}"


def file_names(folder: Path) -> list[str]:
    """The files that a folder has, without hidden ones; none where it cannot be read."""
    try:
        return sorted(path.name for path in folder.iterdir() if path.is_file() and path.name[0] != ".")
    except OSError:
        return []
