"""`set.db`: SQLite in WAL mode, written by one thread of its own, so that nobody waits for the disk.

Statements that the disk refuses stay in their order and are tried again with the next ones.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from engine.errors import EngineError

Statement = tuple[str, tuple[Any, ...]]
SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS takes (track TEXT, number INTEGER, digest TEXT NOT NULL, file TEXT NOT NULL,
    stem TEXT NOT NULL, says TEXT NOT NULL, context TEXT, at REAL NOT NULL, PRIMARY KEY (track, number));
CREATE TABLE IF NOT EXISTS scenes (name TEXT PRIMARY KEY, value TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS contexts (name TEXT PRIMARY KEY, value TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY, at REAL NOT NULL, command TEXT NOT NULL);
"""


class Database:
    """Opened and read on the control thread before anything is written; after that the keeper's alone."""

    def __init__(self, path: Path) -> None:
        """EngineError `file` where `path` is no database of ours, or of a newer version."""
        self.path = path
        self.unwritten: list[Statement] = []
        try:
            self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute("PRAGMA synchronous=NORMAL")
            # `make_safe` checkpoints, before an answer goes out; commits in between need no fsync.
            self.db.execute("PRAGMA wal_autocheckpoint=0")
            self.db.executescript(SCHEMA)
            version = self.db.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA_VERSION:
                raise EngineError("file", f"{path} was made by a newer version (schema {version})")
            self.db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        except sqlite3.Error as error:
            raise EngineError("file", f"{path} is not a set of ours: {error}") from error

    def write(self, statements: list[Statement]) -> None:
        """One transaction of what was refused before and what is new; EngineError `disk` keeps both."""
        self.unwritten += statements
        if not self.unwritten:
            return
        try:
            self.db.execute("BEGIN IMMEDIATE")
            for statement, values in self.unwritten:
                self.db.execute(statement, values)
            self.db.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                self.db.execute("ROLLBACK")
            raise EngineError("disk", f"{self.path} cannot be written: {error}") from error
        self.unwritten = []

    def make_safe(self) -> None:
        """Bring everything to the disk, so that it survives a power cut, too; EngineError `disk`."""
        self.write([])
        try:
            self.db.execute("PRAGMA synchronous=FULL")
            self.db.execute("PRAGMA wal_checkpoint(PASSIVE)")
            self.db.execute("PRAGMA synchronous=NORMAL")
        except sqlite3.Error as error:
            raise EngineError("disk", f"{self.path} cannot be written: {error}") from error

    def rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self.db.execute(query, values).fetchall()

    def close(self) -> None:
        with contextlib.suppress(EngineError):
            self.write([])
        self.db.close()
