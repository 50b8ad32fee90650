"""A quick look at how a codec in training does on stems it never saw: seconds of work, no other library."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import EngineError
from engine.evaluation.codec.waveform import si_sdr
from engine.model.codec.codec import Codec
from engine.model.codec.quantizer import BEAM
from engine.training.codec.batches import LEAST_SAMPLES, as_taken
from engine.training.codec.losses import Reconstruction
from engine.training.corpus.reading import StemFile

if TYPE_CHECKING:
    from engine.training.corpus.song import Song

logger = logging.getLogger(__name__)
MEASURES = ("mel", "stft", "complex", "excess", "attack")
PIECES, SECONDS = 4, 4.0  # of each role
PICTURE = "spectrograms.png"
Draw = Callable[[list[tuple[str, np.ndarray, np.ndarray]], Path, int], None]


class HeldOut:
    """Pieces of held-out stems, the same at each call. Calling it gives `held_out/ROLE/...` figures."""

    def __init__(
        self, audio: Mapping[str, Sequence[NDArray[np.float32]]], sample_rate: int, draw: Draw | None = None
    ) -> None:
        """audio: role -> stems [N, C=2], of each of which the middle is taken."""
        self.sample_rate, self.draw = sample_rate, draw
        self.audio = {role: [_middle(stem, sample_rate) for stem in stems] for role, stems in audio.items()}
        self.losses = Reconstruction(sample_rate)

    def __call__(self, codec: Codec, out: Path) -> dict[str, float]:
        figures: dict[str, float] = {}
        pairs = []
        device = next(codec.parameters()).device
        for role, pieces in self.audio.items():
            taken = [as_taken(piece, codec.config.channels) for piece in pieces]
            found = [self._compared(codec, piece.to(device)) for piece in taken]
            for name in found[0][0]:
                figures[f"held_out/{role}/{name}"] = float(np.nanmean([one[name] for one, _ in found]))
            pairs.append((role, _plain(taken[0]), _plain(found[0][1])))
        self._draw(pairs, out / PICTURE)
        return figures

    def _draw(self, pairs: list[tuple[str, np.ndarray, np.ndarray]], picture: Path) -> None:
        try:
            if self.draw is not None:
                self.draw(pairs, picture, self.sample_rate)
        except EngineError as error:  # a picture is no reason to end a run of hours
            logger.warning("no spectrograms: %s", error.text)

    def _compared(self, codec: Codec, audio: Tensor) -> tuple[dict[str, float], Tensor]:
        codes = codec.encode(audio, beam=BEAM)
        decoded = codec.decode(codes)[..., : audio.shape[-1]]
        losses = self.losses.to(audio.device)
        both = [losses(audio, decoded, step) for step in (0, 1)]
        figures = {name: float(sum(terms[name] for terms in both)) / 2 for name in MEASURES}
        used = [codes[:, k].unique().numel() for k in range(codes.shape[1])]
        figures |= {"si_sdr_db": si_sdr(_plain(audio), _plain(decoded)), "codes_used": float(np.mean(used))}
        return figures, decoded


def read_stems(stems: Sequence[StemFile]) -> dict[str, list[NDArray[np.float32]]]:
    """The first few of each role that are long enough to compare.

    EngineError `empty` where there are none, `file` for one that cannot be read.
    """
    found: dict[str, list[NDArray[np.float32]]] = {}
    for stem in stems:
        if stem.samples >= LEAST_SAMPLES and len(found.get(stem.role, ())) < PIECES:
            found.setdefault(stem.role, []).append(stem.read())
    if not found:
        raise EngineError(
            "empty", "the corpus holds no stems of these roles out; make it with --held-out 0.05"
        )
    return found


def stems_of_songs(songs: Iterator[Song], roles: Sequence[str]) -> dict[str, list[NDArray[np.float32]]]:
    """A few stems of each role, of songs made on the spot."""
    found: dict[str, list[NDArray[np.float32]]] = {role: [] for role in roles}
    for song in islice(songs, PIECES):
        for role in roles:
            found[role].append(song.tracks[role].audio)
    return found


def _middle(stem: NDArray[np.float32], sample_rate: int) -> Tensor:
    """[N, C=2] -> a few seconds of it [B=1, C=2, N]."""
    samples = min(len(stem), int(SECONDS * sample_rate))
    start = (len(stem) - samples) // 2
    return torch.from_numpy(np.ascontiguousarray(stem[start : start + samples].T))[None]


def _plain(audio: Tensor) -> np.ndarray:
    return audio[0].cpu().numpy().T
