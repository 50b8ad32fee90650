"""A musician's own stems as a corpus: `resonantgen train corpus --stems FOLDER`.

    FOLDER -> songs (own_scan) -> split -> each heard (own_song), in all processes -> shards, as in `reading`

The same folder gives the same bytes, however many processes hear it and however often it is stopped. A song
is whole on one side of the split. Nothing in FOLDER is ever written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from engine.errors import EngineError, check_range
from engine.training.corpus.own_grid import LONGEST_PART_S
from engine.training.corpus.own_scan import OwnSong, Skipped, find_songs
from engine.training.corpus.own_song import OwnPart, hear_song
from engine.training.corpus.processes import MOST_PROCESSES, in_order
from engine.training.corpus.reading import SONGS, SPLITS
from engine.training.corpus.shards import (
    Shard,
    begin_corpus,
    disk_errors,
    flac,
    held,
    part_of,
    publish,
    publish_text,
    song_seed,
    sweep,
)
from engine.units import STEM_SAMPLE_RATE

OWN_SONGS_A_SHARD = 8
SKIPPED = "skipped.jsonl"  # beside songs.jsonl: what of the shard's songs could not be used
MOST_HELD_OUT = 0.9
MARKED_BYTES = 1 << 16


@dataclass(frozen=True)
class Heard:
    """One song heard and written: `told` hears of each."""

    song: str
    parts: int
    stem_seconds: float
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True)
class Report:
    """The whole corpus, whether made now or before; `made` songs were heard by this call."""

    songs: int
    held_out_songs: int
    parts: int
    stems: int
    seconds: float  # of all stems
    skipped: tuple[Skipped, ...]
    made: int

    def lines(self) -> list[str]:
        """For people: what is there, and why the rest is not."""
        first = (
            f"{self.songs} songs ({self.held_out_songs} held out), {self.parts} parts, {self.stems} stems, "
            f"{self.seconds / 60:.1f} minutes of audio; {self.made} songs heard now"
        )
        return [first, *(f"left out: {one.name}: {one.reason}" for one in self.skipped)]


@dataclass(frozen=True)
class Task:
    """A song and its place in a shard."""

    shard: Shard
    place: int
    song: OwnSong


def make_own_corpus(
    stems: Path, out: Path, held_out: float = 0.05, processes: int = 1,
    told: Callable[[Heard], None] = lambda _: None,
) -> Report:  # fmt: skip
    """A corpus in `out` of the audio in `stems`, or what of it is missing.

    EngineError: `not_found`, `file` or `empty` of the folders, `range`, `busy` and `disk` as write_corpus;
    `empty` too where no song could be heard. A file that cannot be used is in the report, and stops nothing.
    """
    check_range("processes", processes, 1, MOST_PROCESSES)
    check_range("held-out", held_out, 0.0, MOST_HELD_OUT)
    check_apart(stems, out)
    found = find_songs(stems)
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    with held(out):
        begin_corpus(out, 0, _recipe(stems, found.songs, held_out))
        with disk_errors(out):
            sweep(out)
            for split in SPLITS:
                (out / split).mkdir(exist_ok=True)
        made = _make(stems, out, tasks_of(found.songs, held_out), processes, told)
    report = _report(out, found.skipped, made)
    if not report.parts:
        raise EngineError("empty", f"no song of {stems} could be used: {'; '.join(report.lines()[1:4])}")
    return report


def check_apart(stems: Path, out: Path) -> None:
    """EngineError `file` where the corpus would lie among the stems, or is a file."""
    if out.exists() and not out.is_dir():
        raise EngineError("file", f"{out} is a file; name a folder")
    if out.resolve().is_relative_to(stems.resolve()):
        raise EngineError(
            "file", f"{out} lies inside {stems}, which is never written to; name a folder outside"
        )


def tasks_of(songs: tuple[OwnSong, ...], held_out: float) -> list[Task]:
    """Every song, in the order of the shards: by a digest of its name, so that the split is by lot."""
    order = sorted(songs, key=lambda song: hashlib.sha256(song.name.encode()).digest())
    count = min(len(order) - 1, max(1, round(len(order) * held_out))) if held_out else 0
    return [
        Task(Shard(split, number, len(group), first), place, song)
        for split, side in (("train", order[count:]), ("held_out", order[:count]))
        for number, first in enumerate(range(0, len(side), OWN_SONGS_A_SHARD))
        for group in [side[first : first + OWN_SONGS_A_SHARD]]
        for place, song in enumerate(group)
    ]


def _recipe(stems: Path, songs: tuple[OwnSong, ...], held_out: float) -> dict[str, Any]:
    """What a corpus in the same folder must be of: the same files in the same songs."""
    listed = [[song.name, [[f.name, *_mark(stems / f.name)] for f in song.files]] for song in songs]
    digest = hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:16]
    return {"own_stems": digest, "held_out": held_out, "longest_part_s": LONGEST_PART_S}


def _mark(path: Path) -> tuple[int, str]:
    """What tells a file from another without reading all of it: its size, and a digest of its middle."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(size // 2)
        return size, hashlib.sha256(file.read(MARKED_BYTES)).hexdigest()[:16]


# --- making -----------------------------------------------------------------------------------------


def _make(stems: Path, out: Path, tasks: list[Task], processes: int, told: Callable[[Heard], None]) -> int:
    """The shards that are not whole; how many songs that were."""
    missing = [task for task in tasks if not _shard_folder(out, task.shard).joinpath(SONGS).exists()]
    heard = in_order(partial(_write_song, stems, out), missing, processes)
    for shard, written in groupby(zip(missing, heard, strict=True), key=lambda pair: pair[0].shard):
        lines: list[dict[str, Any]] = []
        skipped: list[Skipped] = []
        for _, (song, song_lines) in written:
            told(song)
            lines += song_lines
            skipped += song.skipped
        _publish(out, shard, lines, skipped)
    return len(missing)


def _publish(out: Path, shard: Shard, lines: list[dict[str, Any]], skipped: list[Skipped]) -> None:
    part = part_of(out, shard)
    with disk_errors(part):
        part.mkdir(exist_ok=True)
        text = "".join(json.dumps([one.name, one.reason], ensure_ascii=False) + "\n" for one in skipped)
        publish_text(part / SKIPPED, text)
    publish(out, shard, lines)


def _write_song(stems: Path, out: Path, task: Task) -> tuple[Heard, list[dict[str, Any]]]:
    """Heard and written into the shard that is not whole yet: files of song 3, part 12 begin with 03012."""
    parts, skipped = hear_song(stems, task.song)
    folder = part_of(out, task.shard)
    with disk_errors(folder):
        folder.mkdir(exist_ok=True)
        for number, part in enumerate(parts):
            for role, track in part.tracks.items():
                name = f"{_prefix(task, number)}_{role}"
                (folder / f"{name}.flac").write_bytes(flac(track.audio))
                (folder / f"{name}.json").write_text(track.score.to_json(), encoding="utf-8")
    lines = [_line(task, number, part) for number, part in enumerate(parts)]
    seconds = sum(len(track.audio) for part in parts for track in part.tracks.values()) / STEM_SAMPLE_RATE
    return Heard(task.song.name, len(parts), seconds, tuple(skipped)), lines


def _prefix(task: Task, part: int) -> str:
    return f"{task.place:02d}{part:03d}"


def _line(task: Task, number: int, part: OwnPart) -> dict[str, Any]:
    """A song of the corpus is a part of the musician's: "own" says of which."""
    song = task.shard.first + task.place
    tracks = {
        role: {
            "file": f"{_prefix(task, number)}_{role}.flac", "score": f"{_prefix(task, number)}_{role}.json",
            "samples": len(track.audio), "source": track.source, "tags": list(track.tags), "effects": {},
            "loudness_lufs": track.loudness_lufs,
        }
        for role, track in part.tracks.items()
    }  # fmt: skip
    return {
        "song": song * 1000 + number, "seed": song_seed(0, task.song.name, number),
        "tempo_bpm": part.grid.tempo_bpm, "key": part.key.name, "signature": part.grid.signature.name,
        "bars": part.bars, "genre": part.genre, "caption": part.caption, "tags": list(part.tags),
        "tracks": tracks, **part.facts,
    }  # fmt: skip


# --- what is there ----------------------------------------------------------------------------------


def _shard_folder(out: Path, shard: Shard) -> Path:
    return out / shard.split / shard.name


def _report(out: Path, skipped: tuple[Skipped, ...], made: int) -> Report:
    lines = [(split, line) for split in SPLITS for line in _jsonl(out, split, SONGS)]
    left_out = [Skipped(*row) for split in SPLITS for row in _jsonl(out, split, SKIPPED)]
    songs = {(split, line["own"]["song"]) for split, line in lines}
    samples = [track["samples"] for _, line in lines for track in line["tracks"].values()]
    return Report(
        songs=len(songs),
        held_out_songs=sum(split == "held_out" for split, _ in songs),
        parts=len(lines),
        stems=len(samples),
        seconds=sum(samples) / STEM_SAMPLE_RATE,
        skipped=tuple(sorted([*skipped, *left_out], key=lambda one: one.name)),
        made=made,
    )


def _jsonl(out: Path, split: str, name: str) -> Iterator[Any]:
    for path in sorted((out / split).glob(f"[0-9]*/{name}")):
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())
