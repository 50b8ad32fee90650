"""A set on the disk: a folder with `set.db` and the samples of every take, named by content.

    set.db      SQLite, WAL: state, takes, scenes, contexts, and a journal of every command
    takes/      {digest}.npy: the samples of a stem, float32 [N, 2], mapped into memory when read
    stems/ exports/ imports/ previews/    what musicians and DAWs see

Every change is committed before its command is answered with Done, so that `kill -9` loses nothing.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from engine.context.track_context import TrackContext
from engine.database import Database, Statement
from engine.errors import EngineError
from engine.music.key import Key, Signature
from engine.music.score import Score
from engine.names import told_folder
from engine.prompt.music_context import MusicContext
from engine.stem import Stem
from engine.track import Take

PART_SAMPLES = 1 << 16
TABLES = ("scenes", "contexts")
FOLDERS = ("takes", "stems", "exports", "imports", "previews")


class Store:
    """One open set. Control thread, but for `write_audio` (writer) and `database` (keeper).

    What is put here waits in `pending` until the control thread hands it to the keeper.
    """

    def __init__(self, folder: Path) -> None:
        """Open or make a set; EngineError `disk`, `file` or `busy` (another engine has it)."""
        self.folder = folder
        self.pending: list[Statement] = []
        try:
            for name in FOLDERS:
                (folder / name).mkdir(parents=True, exist_ok=True)
            self.lock = _lock_folder(folder)
        except OSError as error:
            raise EngineError("disk", f"the set {folder} cannot be opened: {error}") from error
        self.told_folder = told_folder(folder)
        try:
            self.database = Database(folder / "set.db")
        except EngineError:
            self.lock.close()
            raise
        rows = self.database.rows("SELECT name, value FROM state")
        self.opened_with: dict[str, Any] = {name: json.loads(value) for name, value in rows}
        self.tables: dict[str, dict[str, str]] = {
            table: dict(self.database.rows(f"SELECT name, value FROM {table} ORDER BY at"))
            for table in TABLES
        }

    def close(self) -> None:
        """On the keeper's thread, after everything else."""
        self.database.close()
        self.lock.close()

    # --- writing ----------------------------------------------------------------------------------

    def put_state(self, name: str, value: Any) -> None:
        text = json.dumps(value, separators=(",", ":"))
        self.pending.append(("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, text)))

    def put_take(self, row: tuple[Any, ...]) -> None:
        """A row of `take_row`."""
        self.pending.append(("INSERT OR REPLACE INTO takes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row))

    def put_named(self, table: str, name: str, value: str) -> None:
        """Keep a scene or a context; one of that name is replaced."""
        self.tables[table].pop(name, None)
        self.tables[table][name] = value
        self.pending.append((f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)", (name, value, time.time())))

    def delete_named(self, table: str, name: str) -> None:
        del self.tables[table][name]
        self.pending.append((f"DELETE FROM {table} WHERE name = ?", (name,)))

    def journal(self, command: str) -> None:
        self.pending.append(("INSERT INTO journal (at, command) VALUES (?, ?)", (time.time(), command)))

    def take_pending(self) -> list[Statement]:
        """What waits, for the keeper; nothing waits then."""
        pending, self.pending = self.pending, []
        return pending

    def write_audio(self, stem: Stem) -> None:
        """The samples under their digest, on the disk when this returns; EngineError `disk`."""
        path = self.folder / "takes" / f"{stem.digest}.npy"
        if path.exists():
            return
        audio = np.ascontiguousarray(stem.audio)
        partial = path.with_name(f".{path.name}.part")
        try:
            with partial.open("wb") as file:
                # Piece by piece: numpy's own save keeps every other thread waiting while the system writes.
                np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(audio))
                for start in range(0, len(audio), PART_SAMPLES):
                    file.write(audio[start : start + PART_SAMPLES].data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise EngineError("disk", f"{path.name} cannot be written to {path.parent}: {error}") from error

    # --- reading ----------------------------------------------------------------------------------

    def takes(self, track: str) -> Iterator[Take]:
        """Every take of a track in order, samples mapped from the disk; EngineError `file`."""
        rows = self.database.rows(
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
        if name not in self.tables[table]:
            listing = ", ".join(self.tables[table]) or "none yet"
            raise EngineError("not_found", f"no {table[:-1]} {name!r} in this set; there are: {listing}")
        return self.tables[table][name]

    def names(self, table: str) -> list[str]:
        return list(self.tables[table])


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
