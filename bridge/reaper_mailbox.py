"""OSC packets as files, for a host whose scripts have no sockets: REAPER.

A ReaScript (Lua) can read, write and rename files, and nothing else that leaves REAPER by itself. So a
connection is a folder, made by the script; each file in it is one OSC packet, as UDP would carry it:

    PORT/reaper-1a2b3c/in/0001718.25-3.osc    script -> engine: renamed into place, read in the order of the
                                              names, removed
    PORT/reaper-1a2b3c/out/1.osc, 2.osc …     engine -> script, a bundle each: renamed into place, removed by
                                              the script. Numbered without a gap, so that the script need
                                              not list the folder: it tries to open the next.

The contract is the same as on every other wire; no path goes in, and nothing happens until a script has made
its folder. A script that takes its folder away, or only `in`, has left. A thread of its own does all that
touches the disk, and holds nobody up: `receive` is called by `post` on the control thread, `send` on the
control thread only puts packets in a queue.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bridge.osc_clients import Peer
from bridge.osc_wire import BUNDLE_PREFIX, MAX_PACKET_BYTES

log = logging.getLogger(__name__)
TRANSPORT = "file"
PACKET = ".osc"
POLL_S = 0.01  # while somebody is connected
IDLE_S = 0.5  # while nobody is: the first message waits so long at most
MAX_BUNDLE_BYTES = 32_768
AT_ONCE = struct.pack(">Q", 1)  # the time tag of a bundle


@dataclass
class Connection:
    """One script. `waiting` holds packets for the next bundles, `bundles` those that are still to be written;
    `written` counts the others."""

    folder: Path
    heard_at_s: float
    written: int = 0
    waiting: list[bytes] = field(default_factory=list)
    bundles: deque[bytes] = field(default_factory=deque)


class Mailbox:
    """`receive(packet, peer)` gets each packet, on whatever thread `post` brings it to."""

    def __init__(
        self,
        root: Path,
        receive: Callable[[bytes, Peer], None],
        post: Callable[[Callable[[], None]], None],
        gone: Callable[[Peer], None],
        lease_s: float,
    ) -> None:
        self.root = root
        self._receive, self._post, self._gone = receive, post, gone
        self._lease_s = lease_s
        self._connections: dict[str, Connection] = {}
        self._lock = threading.Lock()  # the connections' queues
        self._trouble = ""  # that was told last
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reaper mailbox", daemon=True)

    def start(self) -> None:
        """What lies here was meant for an engine that has ended: it is taken away, never carried out."""
        try:
            for folder in _folders(self.root):
                _remove(folder)
        except OSError as error:
            self._complain(error)
        self._thread.start()

    def close(self) -> None:
        """Write what waits, and end."""
        self._ending.set()
        self._thread.join(timeout=5.0)

    def send(self, peer: Peer, packet: bytes) -> None:
        """From the control thread; for a script that is gone it is dropped."""
        with self._lock:
            connection = self._connections.get(peer.host)
            if connection is not None:
                connection.waiting.append(packet)

    # --- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ending.wait(POLL_S if self._connections else IDLE_S):
            try:
                self.step(time.monotonic())
            except OSError as error:  # a home on a network disk that went: it may come back
                self._complain(error)
                self._ending.wait(IDLE_S)
        with contextlib.suppress(OSError):
            self._deliver()

    def _complain(self, error: OSError) -> None:
        """Once for each trouble: this comes by several times a second."""
        if str(error) != self._trouble:
            self._trouble = str(error)
            log.warning("the mailbox of REAPER at %s: %s", self.root, error)

    def step(self, now_s: float) -> None:
        """Take what came in, write what waits, forget who fell silent."""
        for folder in _folders(self.root):
            self._collect(folder, now_s)
        try:
            self._deliver()
        finally:
            self._forget(now_s)
        self._trouble = ""

    def _collect(self, folder: Path, now_s: float) -> None:
        for path in _packets(folder / "in"):
            packet = _take(path)
            if packet is None:
                continue
            self._admit(folder, now_s)
            peer = Peer(TRANSPORT, folder.name, 0)
            self._post(lambda packet=packet, peer=peer: self._receive(packet, peer))  # type: ignore[misc]

    def _admit(self, folder: Path, now_s: float) -> None:
        known = self._connections.get(folder.name)
        if known is not None:
            known.heard_at_s = now_s
            return
        for path in _packets(folder / "out"):
            with contextlib.suppress(OSError):
                path.unlink()
        with self._lock:
            self._connections[folder.name] = Connection(folder, now_s)

    def _deliver(self) -> None:
        """What cannot be written now (a full disk) is written later; OSError once the others have theirs."""
        trouble: OSError | None = None
        for connection in list(self._connections.values()):
            with self._lock:
                packets, connection.waiting = connection.waiting, []
            connection.bundles += _bundles(packets)
            try:
                _write(connection)
            except OSError as error:
                trouble = error
        if trouble is not None:
            raise trouble

    def _forget(self, now_s: float) -> None:
        """Those that have left, and those whose lease has ended."""
        gone = [
            name
            for name, one in self._connections.items()
            if now_s - one.heard_at_s > self._lease_s or not _is_there(one.folder / "in")
        ]
        for name in gone:
            with self._lock:
                connection = self._connections.pop(name)
            self._post(lambda name=name: self._gone(Peer(TRANSPORT, name, 0)))  # type: ignore[misc]
            _remove(connection.folder)


def _write(connection: Connection) -> None:
    """OSError where the disk does not take it: then it is still there, under the number that comes next."""
    while connection.bundles:
        path = connection.folder / "out" / f"{connection.written + 1}{PACKET}"
        _publish(path, connection.bundles[0])
        connection.bundles.popleft()
        connection.written += 1


def _folders(root: Path) -> list[Path]:
    """The connections that scripts have made; none where REAPER has never been here."""
    try:
        with os.scandir(root) as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def _is_there(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:  # nobody may look any more
        return False


def _packets(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(PACKET))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [folder / name for name in names]


def _take(path: Path) -> bytes | None:
    """A packet, removed; None for what is no regular file of a fitting size."""
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):  # where the system has them
        flags |= getattr(os, name, 0)
    packet = None
    with contextlib.suppress(OSError):
        handle = os.open(path, flags)
        try:
            found = os.fstat(handle)
            if stat.S_ISREG(found.st_mode) and found.st_size <= MAX_PACKET_BYTES:
                packet = os.read(handle, MAX_PACKET_BYTES)
        finally:
            os.close(handle)
    with contextlib.suppress(OSError):
        path.unlink()
    return packet


def _bundles(packets: list[bytes]) -> Iterator[bytes]:
    """As few bundles as hold the packets in their order."""
    part: list[bytes] = []
    size = 0
    for packet in packets:
        if part and size + len(packet) > MAX_BUNDLE_BYTES:
            yield bundle_of(part)
            part, size = [], 0
        part.append(packet)
        size += len(packet)
    if part:
        yield bundle_of(part)


def bundle_of(packets: Iterable[bytes]) -> bytes:
    """Several packets as one, to be carried out at once."""
    sized = (struct.pack(">i", len(packet)) + packet for packet in packets)
    return b"".join([BUNDLE_PREFIX, AT_ONCE, *sized])


def _publish(path: Path, data: bytes) -> None:
    """Whole or not at all; a script that has taken its folder away misses it."""
    part = path.with_suffix(".part")
    with contextlib.suppress(FileNotFoundError):
        part.write_bytes(data)
        part.replace(path)


def _remove(folder: Path) -> None:
    """With all that lies in it; `left` is what `in` is called by a script that has left."""
    for name in ("in", "left", "out"):
        with contextlib.suppress(OSError):
            for path in (folder / name).iterdir():
                path.unlink()
            (folder / name).rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()
