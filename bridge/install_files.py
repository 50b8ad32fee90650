"""A companion's files into a folder, and out of it again, without losing what the user made of them.

in the folder          as it was installed    in the package     what happens
nothing                                       b                  new
b                                             b                  same
a                      a                      b                  updated
changed                b                      b                  yours: left as it is
changed                a, or nobody knows     b                  updated, theirs is kept as NAME.bak
a                      a                      no longer          removed
"""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass
from pathlib import Path

from bridge.atomic_file import disk_errors, publish_new, publish_over
from bridge.companions import Companion
from bridge.install_receipt import Receipt, digest, read_receipt, receipt_path, write_receipt
from engine import __version__
from engine.errors import EngineError

NEW, SAME, UPDATED, YOURS, KEPT, REMOVED = "new", "same", "updated", "yours", "kept", "removed"
ELSEWHERE = "name another folder: --dir"


@dataclass(frozen=True)
class Change:
    """What becomes of one file. `aside`: the name that the user's own version is kept under."""

    name: str  # in the folder, with / between parts
    action: str  # of those above; after removing, `yours` is what was left
    data: bytes = b""
    aside: str = ""


# --- in -------------------------------------------------------------------------------------------


def plan(companion: Companion, folder: Path) -> list[Change]:
    """What `carry_out` would do; nothing is written. EngineError `file` or `disk`."""
    receipt = read_receipt(folder, companion.host) or Receipt()
    changes = [
        _change(folder, str(file.target), file.read(), receipt.files.get(str(file.target)))
        for file in companion.files
    ]
    shipped = {change.name for change in changes}
    gone = [name for name in receipt.files if name not in shipped]
    return changes + [_removal(folder, name, receipt.files[name]) for name in gone]


def _change(folder: Path, name: str, data: bytes, installed: str | None) -> Change:
    present = _read(folder / name)
    if present is None:
        return Change(name, NEW, data)
    if present == data:
        return Change(name, SAME, data)
    if digest(present) == installed:
        return Change(name, UPDATED, data)
    if digest(data) == installed:
        return Change(name, YOURS)
    return Change(name, KEPT, data, _free_name(folder, name))


def _removal(folder: Path, name: str, installed: str) -> Change:
    present = _read(folder / name)
    if present is None or digest(present) == installed:
        return Change(name, REMOVED)
    return Change(name, YOURS)


def _read(path: Path) -> bytes | None:
    """A file's bytes, None where there is none; EngineError `file`."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:  # Windows says of a folder that it may not be read
        why = "it is a folder" if path.is_dir() else error.strerror
        raise EngineError("file", f"{path} cannot be read: {why}; move it away, or {ELSEWHERE}") from error


def _free_name(folder: Path, name: str) -> str:
    names = (f"{name}.bak{number}" if number > 1 else f"{name}.bak" for number in itertools.count(1))
    return next(free for free in names if not (folder / free).exists())


def carry_out(companion: Companion, folder: Path, changes: list[Change]) -> None:
    """Do what `plan` said. EngineError `disk`: what was done until then is done, and noted."""
    receipt = read_receipt(folder, companion.host) or Receipt()
    receipt.version = __version__
    try:
        for change in changes:
            _carry_out(folder, change, receipt)
    finally:
        if folder.is_dir():
            with disk_errors(receipt_path(folder, companion.host), ELSEWHERE):
                write_receipt(folder, companion.host, receipt)


def _carry_out(folder: Path, change: Change, receipt: Receipt) -> None:
    path = folder / change.name
    if change.action == REMOVED:
        _unlink(path)
        receipt.files.pop(change.name, None)
    elif change.action != YOURS:
        with disk_errors(path, ELSEWHERE):
            receipt.made += _make_folders(folder, path.parent)
            if change.action == KEPT:
                publish_new(folder / change.aside, path.read_bytes())
            if change.action != SAME:
                publish_over(path, change.data)
        receipt.files[change.name] = digest(change.data)


def _make_folders(root: Path, folder: Path) -> list[str]:
    """Make `folder`; the names of those in `root` that were not there, outermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return [
        path.relative_to(root).as_posix()
        for path in reversed(missing)
        if path.is_relative_to(root) and path != root
    ]


# --- out ------------------------------------------------------------------------------------------


def remove(companion: Companion, folder: Path, dry_run: bool = False) -> list[Change]:
    """Take away what was installed and has not been changed since; empty folders that we made go too.

    EngineError `not_found` where nothing was installed.
    """
    receipt = read_receipt(folder, companion.host)
    if receipt is None:
        raise EngineError("not_found", f"nothing of ours for {companion.title} is installed in {folder}")
    changes = [_removal(folder, name, hashed) for name, hashed in sorted(receipt.files.items())]
    if dry_run:
        return changes
    for change in changes:
        if change.action == REMOVED:
            _unlink(folder / change.name)
    _unlink(receipt_path(folder, companion.host))
    own = [folder] if companion.make else []
    for path in [*(folder / name for name in reversed(receipt.made)), *own]:
        with contextlib.suppress(OSError):  # it is not empty, or gone already
            path.rmdir()
    return changes


def _unlink(path: Path) -> None:
    with disk_errors(path, ELSEWHERE):
        path.unlink(missing_ok=True)
