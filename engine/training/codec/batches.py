"""Pieces of stems for the training of a codec: random places, levels, polarity and sides."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import EngineError
from engine.training.codec.losses import SCALES
from engine.training.corpus.reading import StemFile

if TYPE_CHECKING:
    from engine.training.corpus.song import Song

SILENT = 1e-3  # peak: -60 dB
TRIES = 4
LEVELS_DB = (-36.0, -12.0)  # root mean square of a piece: a wider span costs codes that all pieces need
MOST_GAIN = 30.0  # beyond it the noise of 16 bits would be learnt
KEPT_STEMS = 48
LEAST_SAMPLES = SCALES[-1].window  # a shorter piece has no spectrum of the longest scale
BATCHES_A_SONG = 8


SongsFrom = Callable[[int], "Iterator[Song]"]  # song number N -> song N, N + 1 ...


class Pieces(Protocol):
    """Where batches come from: a corpus on the disk, or songs made on the fly."""

    def batch(self, step: int, rank: int = 0) -> Tensor: ...


class StemPieces:
    """Endless batches [B, C=2, N], the same for the same seed and step."""

    def __init__(self, stems: Sequence[StemFile], batch_size: int, samples: int, seed: int) -> None:
        check_length(samples)
        self.stems = [stem for stem in stems if stem.samples >= samples]
        if not self.stems:
            raise EngineError(
                "empty",
                f"the corpus has no stem of at least {samples} samples of these roles; it has {len(stems)}",
            )
        self.batch_size, self.samples, self.seed = batch_size, samples, seed

    def batch(self, step: int, rank: int = 0) -> Tensor:
        """Another one for each process of a run. EngineError `file` where a stem cannot be read."""
        dice = random.Random(f"{self.seed}/{step}/{rank}")
        pieces = [self._piece(dice) for _ in range(self.batch_size)]
        return torch.from_numpy(np.stack(pieces))

    def _piece(self, dice: random.Random) -> NDArray[np.float32]:
        """[C=2, N], not silent where one is found in a few tries."""
        piece = self._read(dice)
        for _ in range(TRIES):
            if np.abs(piece).max() > SILENT:
                break
            piece = self._read(dice)
        return varied(piece, dice)

    def _read(self, dice: random.Random) -> NDArray[np.float32]:
        stem = dice.choice(self.stems)
        start = dice.randrange(stem.samples - self.samples + 1)
        return stem.read(self.samples, start)


class SongPieces:
    """Batches [B, C=2, N] from songs that are made while they are trained on; nothing lies on a disk.

    The stems of the last songs are kept, and every few batches another song takes the place of the oldest.
    A run that goes on goes on with songs it has not heard yet.
    """

    def __init__(
        self, songs_from: SongsFrom, roles: Sequence[str], batch_size: int, samples: int, seed: int
    ) -> None:
        check_length(samples)
        self.songs_from, self.roles = songs_from, tuple(roles)
        self.songs: Iterator[Song] | None = None
        self.batch_size, self.samples, self.seed = batch_size, samples, seed
        self.stems: deque[NDArray[np.float32]] = deque(maxlen=KEPT_STEMS)
        self.batches = 0

    def batch(self, step: int, rank: int = 0) -> Tensor:
        """EngineError `empty` where the songs end before there is a stem."""
        if self.songs is None:  # whichever a cut-off run had begun is heard
            self.songs = self.songs_from(-(-step // BATCHES_A_SONG))
        if self.batches % BATCHES_A_SONG == 0:
            self._take_song(self.songs)
        self.batches += 1
        dice = random.Random(f"{self.seed}/{step}/{rank}")
        return torch.from_numpy(np.stack([self._piece(dice) for _ in range(self.batch_size)]))

    def _take_song(self, songs: Iterator[Song]) -> None:
        for song in songs:
            found = [track.audio for role, track in song.tracks.items() if role in self.roles]
            self.stems.extend(
                _repeated(audio, self.samples) for audio in found if np.abs(audio).max() > SILENT
            )
            if found and self.stems:
                return
        raise EngineError("empty", f"there are no more songs with {', '.join(self.roles)}")

    def _piece(self, dice: random.Random) -> NDArray[np.float32]:
        for _ in range(TRIES):
            stem = dice.choice(self.stems)
            start = dice.randrange(len(stem) - self.samples + 1)
            piece = stem[start : start + self.samples]
            if np.abs(piece).max() > SILENT:
                break
        return varied(piece, dice)


def as_taken(audio: Tensor, channels: int) -> Tensor:
    """Stereo audio [B, C=2, N] as a codec of so many channels takes it: for one, the middle, as loud."""
    return audio.sum(1, keepdim=True) * 0.5**0.5 if channels == 1 else audio


def check_length(samples: int) -> None:
    """EngineError `range` for pieces that are too short to be compared."""
    if samples < LEAST_SAMPLES:
        raise EngineError(
            "range",
            f"pieces of {samples} samples; allowed are {LEAST_SAMPLES} or more (seconds=0.2)",
        )


def varied(piece: NDArray[np.float32], dice: random.Random) -> NDArray[np.float32]:
    """[N, C=2] at another level and polarity, at times with its sides changed, as [C=2, N]; at most 0 dB."""
    level = float(np.sqrt(np.mean(np.square(piece, dtype=np.float64))))
    wanted = 10 ** (dice.uniform(*LEVELS_DB) / 20)
    gain = min(wanted / max(level, 1e-6), 1.0 / max(float(np.abs(piece).max()), 1e-6), MOST_GAIN)
    gain *= dice.choice((-1.0, 1.0))
    sides = piece[:, ::-1] if dice.random() < 0.5 else piece
    return np.ascontiguousarray(sides.T * np.float32(gain))


def _repeated(loop: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """The loop as often as a piece needs."""
    return np.tile(loop, (-(-samples // len(loop)), 1)) if len(loop) < samples else loop
