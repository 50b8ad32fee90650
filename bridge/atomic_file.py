"""Files that appear whole or not at all; `publish_new` never in the place of another.

.name.1234-5.part   written, flushed, fsynced      nobody looks at names with a dot in front
        | link (refuses where the name is taken), then unlink
name                                               then fsync of the folder
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from engine.errors import EngineError

PART = ".part"
STALE_S = 3600.0
# What file systems without hard links (FAT, exFAT, some network and user-space ones) answer to link().
NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL}
_number = itertools.count(1)

ADVICE = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EROFS: "the disk is read-only: mount it for writing, or {elsewhere}",
    errno.EACCES: "allow writing there, or {elsewhere}",
    errno.EPERM: "allow writing there, or {elsewhere}",
    errno.ENOENT: "the folder is gone: plug the disk in again, or make the folder again",
    errno.ENOTDIR: "the folder is gone: plug the disk in again, or make the folder again",
    errno.EEXIST: "a file stands where a folder should: move it away",
    errno.EIO: "the disk does not answer: check it, or {elsewhere}",
    errno.ENAMETOOLONG: "choose a shorter name",
}


Data = bytes | Iterable[bytes | memoryview] | Callable[[BinaryIO], None]


def publish_new(path: Path, data: Data, durable: bool = True) -> None:
    """Make `path` appear with all of `data`; FileExistsError where that name is taken, OSError otherwise.

    `data`: bytes, pieces of them, or what writes them to the file itself.
    `durable`: it survives a power cut once this returns. Whatever fails, the hidden part is gone.
    """
    with _hidden_part(path, data, durable) as part:
        _move_to_free_name(part, path)
    if durable:
        sync_folder(path.parent)


def publish_over(path: Path, data: Data) -> None:
    """The same where `path` may be there already: whoever opens it finds the old file or the new one."""
    with _hidden_part(path, data, durable=True) as part:
        part.replace(path)
    sync_folder(path.parent)


@contextlib.contextmanager
def _hidden_part(path: Path, data: Data, durable: bool) -> Iterator[Path]:
    """All of `data` under a hidden name beside `path`, which is gone again if anything fails."""
    part = path.with_name(f".{path.name}.{os.getpid()}-{next(_number)}{PART}")
    try:
        with part.open("xb") as file:
            if callable(data):
                data(file)
            else:
                file.writelines((data,) if isinstance(data, bytes) else data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        yield part
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def _move_to_free_name(part: Path, path: Path) -> None:
    try:
        os.link(part, path)
    except OSError as error:
        if isinstance(error, FileExistsError) or error.errno not in NO_LINKS:
            raise
        _claim_and_rename(part, path)
    else:
        part.unlink()


def _claim_and_rename(part: Path, path: Path) -> None:
    """Without links a rename would overwrite: whoever creates the hidden claim first may look and rename.

    (Creating `path` itself as the claim would show an empty file to DAWs, for ever after a kill.)
    """
    claim = path.with_name(f".{path.name}.claim{PART}")
    claim.touch(exist_ok=False)
    try:
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        part.rename(path)
    finally:
        claim.unlink()


def sync_folder(folder: Path) -> None:
    """The names in a folder on the disk itself. Windows cannot open folders, and needs no such thing."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems without fsync of folders
            raise
    finally:
        os.close(handle)


def sweep(folder: Path) -> None:
    """Remove the hidden parts that a killed engine left an hour or more ago."""
    for part in folder.glob(f".*{PART}"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > STALE_S:
                part.unlink()


@contextlib.contextmanager
def disk_errors(path: Path, elsewhere: str = "open a set elsewhere") -> Iterator[None]:
    """Whatever the disk refuses inside becomes EngineError `disk`: where, what, and what to do; `elsewhere`
    is how another place is chosen."""
    try:
        yield
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "OSError")
        advice = ADVICE.get(error.errno or 0, "check the disk").format(elsewhere=elsewhere)
        reason = error.strerror or str(error)
        raise EngineError("disk", f"{path} could not be written: {reason} ({name}); {advice}") from error
