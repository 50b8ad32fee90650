"""A set on the disk: a folder with `set.db` and the samples of every take, named by content.

    set.db      SQLite, WAL: state, takes, scenes, contexts, and a journal of every command
    takes/      {digest}.npy: the samples of a stem, float32 [N, 2], mapped into memory when read
    stems/ exports/ imports/ previews/    what musicians and DAWs see

Every change is committed before it is answered, so that `kill -9` loses nothing. What the disk refuses
stays pending and is tried again at the next commit.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from engine.context.track_context import TrackContext
from engine.errors import EngineError
from engine.music.key import Key, Signature
from engine.music.score import Score
from engine.prompt.music_context import MusicContext
from engine.stem import Stem
from engine.track import Take

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS takes (track TEXT, number INTEGER, digest TEXT NOT NULL, file TEXT NOT NULL,
    stem TEXT NOT NULL, says TEXT NOT NULL, context TEXT, at REAL NOT NULL, PRIMARY KEY (track, number));
CREATE TABLE IF NOT EXISTS scenes (name TEXT PRIMARY KEY, value TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS contexts (name TEXT PRIMARY KEY, value TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY, at REAL NOT NULL, command TEXT NOT NULL);
"""
FOLDERS = ("takes", "stems", "exports", "imports", "previews")


class Store:
    """One open set. Used on the control thread, but for `write_audio` and `checkpoint` (writer)."""

    def __init__(self, folder: Path) -> None:
        """Open or make a set; EngineError `disk`, `file` or `busy` (another engine has it)."""
        self.folder = folder
        self.pending: list[tuple[str, tuple[Any, ...]]] = []
        try:
            for name in FOLDERS:
                (folder / name).mkdir(parents=True, exist_ok=True)
            self.lock = _lock_folder(folder)
            self.db = sqlite3.connect(folder / "set.db", isolation_level=None)
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute("PRAGMA synchronous=NORMAL")
            # The writer thread checkpoints: the control thread never waits for an fsync.
            self.db.execute("PRAGMA wal_autocheckpoint=0")
            self.db.executescript(SCHEMA)
            self._check_version()
        except OSError as error:
            raise EngineError("disk", f"the set {folder} cannot be opened: {error}") from error
        except sqlite3.Error as error:
            raise EngineError("file", f"{folder / 'set.db'} is not a set of ours: {error}") from error

    def _check_version(self) -> None:
        version = self.db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise EngineError("file", f"{self.folder} was made by a newer version (schema {version})")
        self.db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def close(self) -> None:
        with contextlib.suppress(EngineError):
            self.commit()
        self.db.close()
        self.lock.close()

    # --- writing ----------------------------------------------------------------------------------

    def put_state(self, name: str, value: Any) -> None:
        self.pending.append(
            ("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, json.dumps(value, separators=(",", ":"))))
        )

    def put_take(self, row: tuple[Any, ...]) -> None:
        """A row of `take_row`."""
        self.pending.append(("INSERT OR REPLACE INTO takes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row))

    def put_named(self, table: str, name: str, value: str) -> None:
        assert table in ("scenes", "contexts")
        self.pending.append((f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)", (name, value, time.time())))

    def delete_named(self, table: str, name: str) -> None:
        assert table in ("scenes", "contexts")
        self.pending.append((f"DELETE FROM {table} WHERE name = ?", (name,)))

    def journal(self, command: str) -> None:
        self.pending.append(("INSERT INTO journal (at, command) VALUES (?, ?)", (time.time(), command)))

    def commit(self) -> None:
        """Write what is pending as one transaction; EngineError `disk`, and it stays pending."""
        if not self.pending:
            return
        try:
            self.db.execute("BEGIN IMMEDIATE")
            for statement, values in self.pending:
                self.db.execute(statement, values)
            self.db.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                self.db.execute("ROLLBACK")
            raise EngineError("disk", f"{self.folder / 'set.db'} cannot be written: {error}") from error
        self.pending.clear()

    def write_audio(self, stem: Stem) -> None:
        """The samples under their digest, on the disk when this returns; EngineError `disk`."""
        path = self.folder / "takes" / f"{stem.digest}.npy"
        if path.exists():
            return
        partial = path.with_name(f".{path.name}.part")
        try:
            with partial.open("wb") as file:
                np.save(file, stem.audio, allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise EngineError("disk", f"{path.name} cannot be written to {path.parent}: {error}") from error

    def checkpoint(self) -> None:
        """Bring committed changes safely to the disk (survives a power cut, too)."""
        with contextlib.closing(sqlite3.connect(self.folder / "set.db", timeout=5.0)) as db:
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA wal_checkpoint(PASSIVE)")

    # --- reading ----------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {name: json.loads(value) for name, value in self.db.execute("SELECT name, value FROM state")}

    def takes(self, track: str) -> Iterator[Take]:
        """Every take of a track in order, samples mapped from the disk; EngineError `file`."""
        rows = self.db.execute(
            "SELECT number, digest, file, stem, says, context FROM takes WHERE track = ? ORDER BY number",
            (track,),
        )
        for number, digest, file, facts, says, context in rows:
            yield _take_from_row(number, digest, file, json.loads(facts), says, context, track, self)

    def read_audio(self, digest: str) -> NDArray[np.float32]:
        path = self.folder / "takes" / f"{digest}.npy"
        try:
            audio: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise EngineError(
                "file", f"the samples of a take are gone or broken: {path} ({error})"
            ) from error
        return audio

    def named(self, table: str, name: str) -> str:
        """The value kept under a name; EngineError `not_found` listing what there is."""
        names = self.names(table)
        if name not in names:
            listing = ", ".join(names) or "none yet"
            raise EngineError("not_found", f"no {table[:-1]} {name!r} in this set; there are: {listing}")
        value: str = self.db.execute(f"SELECT value FROM {table} WHERE name = ?", (name,)).fetchone()[0]
        return value

    def names(self, table: str) -> list[str]:
        assert table in ("scenes", "contexts")
        return [name for (name,) in self.db.execute(f"SELECT name FROM {table} ORDER BY at")]


def take_row(take: Take) -> tuple[Any, ...]:
    """A take as the database holds it. Slow for long scores: not on the control thread."""
    stem = take.stem
    facts = {
        "tempo_bpm": stem.tempo_bpm, "key": [stem.key.tonic, stem.key.mode],
        "signature": [stem.signature.beats, stem.signature.unit], "bars": stem.bars, "seed": stem.seed,
        "prompt": stem.prompt, "render": stem.render, "heard": stem.heard,
        "score": stem.score.to_json() if stem.score else None,
    }  # fmt: skip
    # What a score says is read from the score again.
    says = "" if stem.score else take.says.to_json()
    return (
        stem.track, take.number, stem.digest, take.file, json.dumps(facts), says,
        take.context.to_json() if take.context else None, time.time(),
    )  # fmt: skip


def _take_from_row(
    number: int, digest: str, file: str, facts: dict[str, Any], says: str, context: str | None,
    track: str, store: Store,
) -> Take:  # fmt: skip
    score = Score.from_json(facts["score"]) if facts["score"] else None
    stem = Stem(
        track=track, audio=store.read_audio(digest), tempo_bpm=facts["tempo_bpm"], key=Key(*facts["key"]),
        signature=Signature(*facts["signature"]), bars=facts["bars"], seed=facts["seed"],
        prompt=facts["prompt"], score=score, render=facts["render"], digest=digest,
        heard=tuple(facts["heard"]),
    )  # fmt: skip
    heard_as = replace(TrackContext.from_score(score), track=track) if score else TrackContext.from_json(says)
    return Take(number, stem, heard_as, MusicContext.from_json(context) if context else None, file)


def _sync_folder(folder: Path) -> None:
    """fsync of a directory, where the system has such a thing (Windows has not)."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _lock_folder(folder: Path) -> TextIO:
    """An open file that holds the set for this process; the system frees it however we end."""
    file = (folder / "set.lock").open("a+")
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except OSError as error:
        file.close()
        raise EngineError("busy", f"another engine has the set {folder} open") from error
    return file
