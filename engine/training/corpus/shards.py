"""A corpus written to disk, shard by shard; how it lies there is told in `reading`.

    songs in order, from all processes -> .00007.part/ -> renamed 00007/ when whole

A shard that has its name is whole; what a killed run left has another name and is swept away. Every song's
seed comes from its place alone, so that the number of processes, stops and starts change no byte.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.errors import EngineError, check_range
from engine.training.corpus.processes import MOST_PROCESSES, in_order
from engine.training.corpus.reading import FORMAT, HEAD, SONGS, SPLITS, Corpus
from engine.training.corpus.recipe import Recipe
from engine.training.corpus.song import Song, make_song
from engine.units import STEM_SAMPLE_RATE

SONGS_A_SHARD = 16
MOST_SONGS = 10_000_000
FULL_SCALE = 32_767.0
COMPRESSION = 0.5  # of FLAC's levels; the highest takes twice the time for 1 per cent
PART = ".part"


@dataclass(frozen=True)
class Order:
    """What is asked for: `songs` in all, of which `held_out` (a share) are never trained on."""

    folder: Path
    songs: int
    seed: int = 0
    recipe: Recipe = field(default_factory=Recipe)
    held_out: float = 0.05
    songs_a_shard: int = SONGS_A_SHARD

    def __post_init__(self) -> None:
        check_range("songs", self.songs, 1, MOST_SONGS)
        check_range("held-out", self.held_out, 0.0, 0.9)

    def count(self, split: str) -> int:
        """At least one song is held out where any share is, and one stays."""
        held_out = min(self.songs - 1, max(1, round(self.songs * self.held_out))) if self.held_out else 0
        return held_out if split == "held_out" else self.songs - held_out


@dataclass(frozen=True)
class Shard:
    split: str
    number: int
    songs: int
    first: int  # the number of its first song in the split

    @property
    def name(self) -> str:
        return f"{self.number:05d}"


@dataclass(frozen=True)
class Written:
    """One song written: its line of songs.jsonl."""

    shard: Shard
    line: dict[str, Any]
    stem_seconds: float


def songs_for(hours: float, recipe: Recipe) -> int:
    """How many songs have about so many hours of audio, over all stems."""
    check_range("hours", hours, 1e-4, 1e6)
    return max(1, round(hours * 3600.0 / (4.0 * recipe.mean_song_s)))


def song_seed(seed: int, split: str, number: int) -> int:
    """31 bits, the same on every machine (SHA-256)."""
    digest = hashlib.sha256(f"{seed}/{split}/{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF


def write_corpus(order: Order, processes: int, told: Callable[[Written], None] = lambda _: None) -> int:
    """Make what is missing; the number of songs made. `told` hears of every song.

    EngineError: `file` where another corpus lies in the folder, `busy` where one is being made there, `disk`
    where the disk refuses: whole shards stay, and the same call goes on from there.
    """
    check_range("processes", processes, 1, MOST_PROCESSES)
    with disk_errors(order.folder):
        order.folder.mkdir(parents=True, exist_ok=True)
    with held(order.folder):
        begin_head(order)
        shards = missing(order)
        with disk_errors(order.folder):
            sweep(order.folder)
            for split in SPLITS:
                (order.folder / split).mkdir(exist_ok=True)
        tasks = [(shard, place) for shard in shards for place in range(shard.songs)]
        lines: list[dict[str, Any]] = []
        for written in in_order(partial(write_song, order), tasks, processes):
            told(written)
            lines.append(written.line)
            if len(lines) == written.shard.songs:
                publish(order.folder, written.shard, lines)
                lines = []
        return len(tasks)


# --- the folder -------------------------------------------------------------------------------------


def begin_head(order: Order) -> None:
    """corpus.json written, or found to be of the same seed and recipe."""
    begin_corpus(order.folder, order.seed, order.recipe.as_dict())


def begin_corpus(folder: Path, seed: int, recipe: dict[str, Any]) -> None:
    """The same of any recipe."""
    path = folder / HEAD
    head = {"format": FORMAT, "seed": seed, "sample_rate": STEM_SAMPLE_RATE, "recipe": recipe}
    if path.exists():
        check_same(path, Corpus.open(folder).head, head)
        return
    others = [entry.name for entry in folder.iterdir() if not entry.name.startswith(".")]
    if others:
        raise EngineError(
            "file", f"{folder} holds other files ({', '.join(sorted(others)[:3])}); name a new folder"
        )
    with disk_errors(path):
        publish_text(path, json.dumps(head, indent=1) + "\n")


def check_same(path: Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    was, now = ({**head, **head.get("recipe", {}), "recipe": None} for head in (old, new))
    for name in sorted({*was, *now}):
        if was.get(name) != now.get(name):
            raise EngineError(
                "file",
                f"{path.parent} is a corpus with {name} {was.get(name)}, not {now.get(name)}; "
                "ask for the same to go on with it, or name another folder",
            )


def sweep(folder: Path) -> None:
    """Remove what was begun and not ended."""
    for split in SPLITS:
        for part in (folder / split).glob(f".*{PART}"):
            shutil.rmtree(part)


def songs_left(order: Order) -> int:
    return sum(shard.songs for shard in missing(order))


def missing(order: Order) -> list[Shard]:
    """The shards that are not whole, or have fewer songs than are asked for now."""
    found = []
    for split in SPLITS:
        for number, first in enumerate(range(0, order.count(split), order.songs_a_shard)):
            shard = Shard(split, number, min(order.songs_a_shard, order.count(split) - first), first)
            if count_songs(order.folder / split / shard.name) < shard.songs:
                found.append(shard)
    return found


def count_songs(folder: Path) -> int:
    path = folder / SONGS
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


def part_of(folder: Path, shard: Shard) -> Path:
    return folder / shard.split / f".{shard.name}{PART}"


def publish(folder: Path, shard: Shard, lines: list[dict[str, Any]]) -> None:
    """The shard under its name; in the place of a shorter one, where more songs are asked for than before."""
    part, whole = part_of(folder, shard), folder / shard.split / shard.name
    with disk_errors(whole):
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        keep(part)
        publish_text(part / SONGS, text)
        if whole.exists():
            whole.rename(whole.with_name(f".{shard.name}.old{PART}"))
        part.rename(whole)
        shutil.rmtree(whole.with_name(f".{shard.name}.old{PART}"), ignore_errors=True)


def keep(folder: Path) -> None:
    """Every file of it on the disk itself: a power cut leaves no empty one in a shard that is whole."""
    for path in folder.iterdir():
        with path.open("r+b") as file:  # Windows asks for a right to write
            os.fsync(file.fileno())


def publish_text(path: Path, text: str) -> None:
    """The file whole, or not at all; on the disk itself once this returns."""
    part = path.with_name(f".{path.name}{PART}")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """One maker a folder; EngineError `busy` for a second. A killed one holds it no longer."""
    try:
        import fcntl
    except ImportError:  # Windows: nobody is kept out
        yield
        return
    with disk_errors(folder), (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise EngineError("busy", f"another process makes a corpus in {folder}; wait for it") from error
        yield


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Whatever the disk refuses inside becomes EngineError `disk`."""
    try:
        yield
    except OSError as error:
        raise EngineError(
            "disk",
            f"{path} could not be written: {error.strerror or error}; "
            "the shards that are whole stay, and the same command goes on from there",
        ) from error


# --- a song -----------------------------------------------------------------------------------------


def write_song(order: Order, task: tuple[Shard, int]) -> Written:
    """Made and written into the shard that is not whole yet."""
    shard, place = task
    number = shard.first + place
    song = make_song(song_seed(order.seed, shard.split, number), order.recipe)
    folder = part_of(order.folder, shard)
    with disk_errors(folder):
        folder.mkdir(exist_ok=True)
        for role, track in song.tracks.items():
            (folder / f"{place:04d}_{role}.flac").write_bytes(flac(track.audio))
            if track.dry is not None:
                (folder / f"{place:04d}_{role}_dry.flac").write_bytes(flac(track.dry))
            (folder / f"{place:04d}_{role}.json").write_text(track.score.to_json(), encoding="utf-8")
    return Written(shard, line_of(song, number, place), song.stem_seconds)


def line_of(song: Song, number: int, place: int) -> dict[str, Any]:
    tracks = {
        role: {
            "file": f"{place:04d}_{role}.flac", "score": f"{place:04d}_{role}.json",
            "samples": len(track.audio), "source": track.source, "tags": list(track.tags),
            "effects": dict(track.effects),
            **({} if track.dry is None else {"dry": f"{place:04d}_{role}_dry.flac"}),
        }
        for role, track in song.tracks.items()
    }  # fmt: skip
    return {
        "song": number, "seed": song.seed, "tempo_bpm": song.tempo_bpm, "key": song.key.name,
        "signature": song.signature.name, "bars": song.bars, "genre": song.genre, "caption": song.caption,
        "tags": list(song.tags), "tracks": tracks,
    }  # fmt: skip


def flac(audio: NDArray[np.float32]) -> bytes:
    """A 16-bit FLAC file of audio [N, C=2]; what is above full scale is cut there."""
    coarse = np.rint(np.clip(audio, -1.0, 1.0) * np.float32(FULL_SCALE)).astype(np.int16)
    file = io.BytesIO()
    soundfile.write(
        file, coarse, STEM_SAMPLE_RATE, format="FLAC", subtype="PCM_16", compression_level=COMPRESSION
    )
    return file.getvalue()
