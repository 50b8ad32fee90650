"""A corpus on the disk, read: shards, songs, and the stems of a role.

DIR/corpus.json              what it was made from
DIR/train/00000/             a shard: songs.jsonl, 0003_drums.flac, 0003_drums.json (the score) ...
                             0003_bass_dry.flac before its effects and the mix, where the recipe says so
DIR/held_out/00000/          never trained on
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.music.score import Score

FORMAT = 1
SPLITS = ("train", "held_out")
HEAD, SONGS = "corpus.json", "songs.jsonl"


@dataclass(frozen=True)
class StemFile:
    """One stem of the corpus: 44.1 kHz, stereo, 16 bit. `line` is its song's line of songs.jsonl."""

    path: Path
    role: str
    samples: int
    source: str
    line: dict[str, Any]

    def read(self, samples: int = -1, start: int = 0) -> NDArray[np.float32]:
        """[N, C=2] from `start` on, at most `samples`; EngineError `file` where it cannot be read."""
        import soundfile

        try:
            audio, _ = soundfile.read(self.path, samples, start, dtype="float32", always_2d=True)
        except (OSError, soundfile.LibsndfileError) as error:
            raise EngineError("file", f"{self.path}: cannot be read ({error})") from error
        return np.asarray(audio)

    def score(self) -> Score:
        """As it was written; EngineError `file` where it cannot be read."""
        try:
            text = self.score_path.read_text(encoding="utf-8")
        except OSError as error:
            raise EngineError("file", f"{self.score_path}: cannot be read ({error})") from error
        return Score.from_json(text)

    @property
    def score_path(self) -> Path:
        return self.path.parent / self.line["tracks"][self.role]["score"]


@dataclass(frozen=True)
class Corpus:
    folder: Path
    head: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Corpus:
        """EngineError `not_found` where there is no corpus, `file` where its head cannot be read."""
        path = folder / HEAD
        if not path.is_file():
            raise EngineError(
                "not_found", f"{folder} is no corpus (no {HEAD}); make one: resonantgen train corpus"
            )
        try:
            head = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise EngineError("file", f"{path}: not JSON ({error})") from error
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise EngineError("file", f"{path}: not a corpus of format {FORMAT}")
        return cls(folder, head)

    def shards(self, split: str) -> list[Path]:
        """The whole ones; what is still being written has another name."""
        return sorted(path.parent for path in (self.folder / split).glob(f"[0-9]*/{SONGS}"))

    def songs(self, split: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        """(the shard's folder, the song's line) in the order of their making; EngineError `file`."""
        for shard in self.shards(split):
            for text in (shard / SONGS).read_text(encoding="utf-8").splitlines():
                try:
                    yield shard, json.loads(text)
                except ValueError as error:
                    raise EngineError("file", f"{shard / SONGS}: not JSON ({error})") from error

    def stems(self, split: str, roles: tuple[str, ...], dry: bool = False) -> list[StemFile]:
        """Every stem of those roles; with `dry` those before their effects as well, where there are any."""
        kinds = ("file", "dry") if dry else ("file",)
        return [
            StemFile(shard / track[kind], role, int(track["samples"]), track["source"], song)
            for shard, song in self.songs(split)
            for role, track in song["tracks"].items()
            if role in roles
            for kind in kinds
            if kind in track
        ]
