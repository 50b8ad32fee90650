"""What a track model is told of the stems of a corpus: rows of their scores, kept on the disk, and styles.

Rows of a window take 4 to 20 ms to make, and a step needs many windows: each score's are made once.

CACHE/CORPUS/scores-DIGEST/train/00000/0003_bass.npy    float16 [F + lap, S]
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.instruments import drums, stroke
from engine.model.codec.config import CodecConfig
from engine.model.track import bodies, conditioning, frames, guide, low_band, oscillators, played
from engine.model.track.conditioning import score_frames
from engine.model.track.played import as_played
from engine.model.track.style import amounts_named, style_of_score
from engine.music.score import Score
from engine.training.codec.run import disk_errors
from engine.training.corpus.processes import in_order
from engine.training.corpus.reading import StemFile
from engine.training.track.cache import Told, lap_frames, write_array
from engine.units import hz_to_pitch

A4_PITCH = 69.0


@dataclass(frozen=True)
class ScoreRows:
    """Rows of whole loops and a lap round their seam, in frames of `codec`."""

    folder: Path
    codec: CodecConfig
    kind: str

    @classmethod
    def of(cls, folder: Path, codec: CodecConfig, kind: str) -> ScoreRows:
        """In a folder of their own for each way of writing them."""
        digest = hashlib.sha256(f"{codec.to_json()}/{kind}/{lap_frames(codec.frame_rate)}".encode())
        for module in (bodies, conditioning, drums, frames, guide, low_band, oscillators, played, stroke):
            digest.update(Path(str(module.__file__)).read_bytes())
        return cls(folder / f"scores-{kind}-{digest.hexdigest()[:12]}", codec, kind)

    def path(self, stem: StemFile) -> Path:
        split, shard = stem.path.parts[-3:-1]
        return self.folder / split / shard / f"{stem.path.stem}.npy"

    def missing(self, stems: Sequence[StemFile]) -> list[StemFile]:
        return [stem for stem in stems if not self.path(stem).exists()]

    def fill(self, stems: Sequence[StemFile], processes: int, told: Told = lambda _: None) -> None:
        """Writes what is missing; goes on where it was stopped. EngineError `file`, `disk`."""
        tasks = [(stem, self.path(stem), self.codec, self.kind) for stem in self.missing(stems)]
        for seconds in in_order(_write_rows, tasks, min(processes, max(1, len(tasks)))):
            told(seconds)

    def read(self, stem: StemFile) -> NDArray[np.float16]:
        """[F + lap, S]; EngineError `file` where it is not there or torn."""
        try:
            rows: NDArray[np.float16] = np.load(self.path(stem), mmap_mode="r")
        except (OSError, ValueError) as error:
            raise EngineError(
                "file", f"{self.path(stem)}: no rows of a score ({error}); remove it"
            ) from error
        return rows


def score_of(stem: StemFile) -> Score:
    """As a model is told of it: without its palette where another sound played it. EngineError `file`."""
    return as_played(stem.score(), stem.source)


def style_of_stem(stem: StemFile, score: Score) -> NDArray[np.float32]:
    """[num_styles]: of the score, of what is said of the stem and its song, and of what was done to it."""
    track = stem.line["tracks"][stem.role]
    song = stem.line.get("tags", ())
    others = amounts_named(song)  # what was done to another track is nothing to be told of this one
    words = (*track.get("tags", ()), *(tag for tag in song if tag not in others))
    return style_of_score(score, words, track.get("effects", {}))


def cents_of(effects: Mapping[str, Any]) -> float:
    """How far above A4 = 440 Hz the corpus tuned a track."""
    concert_hz = float(effects.get("concert_pitch_hz", 440.0))
    return 100.0 * (hz_to_pitch(concert_hz) - A4_PITCH) + float(effects.get("detune_cents", 0.0))


def _write_rows(task: tuple[StemFile, Path, CodecConfig, str]) -> float:
    stem, path, codec, kind = task
    total = -(-stem.samples // codec.hop) + lap_frames(codec.frame_rate)
    effects = stem.line["tracks"][stem.role].get("effects", {})
    rows = score_frames(score_of(stem), codec, 0, total, kind, cents_of(effects))
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_array(path, rows.astype(np.float16))
    return stem.samples / codec.sample_rate
