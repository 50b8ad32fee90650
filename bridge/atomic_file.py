"""Files that appear whole or not at all, and never in the place of another.

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
from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.errors import EngineError

PART = ".part"
STALE_S = 3600.0
# What file systems without hard links (FAT, exFAT, some network and user-space ones) answer to link().
NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL}
_number = itertools.count(1)

ADVICE = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EROFS: "the disk is read-only: mount it for writing, or open a set elsewhere",
    errno.EACCES: "allow writing there, or open a set elsewhere",
    errno.EPERM: "allow writing there, or open a set elsewhere",
    errno.ENOENT: "the folder is gone: plug the disk in again, or make the folder again",
    errno.ENOTDIR: "the folder is gone: plug the disk in again, or make the folder again",
    errno.EEXIST: "a file stands where a folder should: move it away",
    errno.EIO: "the disk does not answer: check it, or open a set elsewhere",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def publish_new(path: Path, data: bytes | Iterable[bytes | memoryview], durable: bool = True) -> None:
    """Make `path` appear with all of `data`; FileExistsError where that name is taken, OSError otherwise.

    `durable`: it survives a power cut once this returns. Whatever fails, the hidden part is gone.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}-{next(_number)}{PART}")
    try:
        with part.open("xb") as file:
            file.writelines((data,) if isinstance(data, bytes) else data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        _move_to_free_name(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    if durable:
        sync_folder(path.parent)


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
def disk_errors(path: Path) -> Iterator[None]:
    """Whatever the disk refuses inside becomes EngineError `disk`: where, what, and what to do."""
    try:
        yield
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "OSError")
        advice = ADVICE.get(error.errno or 0, "check the disk")
        reason = error.strerror or str(error)
        raise EngineError("disk", f"{path} could not be written: {reason} ({name}); {advice}") from error
