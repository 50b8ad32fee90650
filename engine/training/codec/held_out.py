"""A quick look at how a codec in training does on stems it never saw: seconds of work, no other library."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor

from engine.evaluation.codec.waveform import si_sdr
from engine.model.codec.codec import Codec
from engine.training.codec.losses import Reconstruction
from engine.training.corpus.reading import StemFile

PIECES, SECONDS = 4, 4.0  # of each role
PICTURE = "spectrograms.png"
Draw = Callable[[list[tuple[str, np.ndarray, np.ndarray]], Path, int], None]


class HeldOut:
    """Pieces of held-out stems, the same at each call. Calling it gives `held_out/ROLE/...` figures."""

    def __init__(self, stems: Sequence[StemFile], sample_rate: int, draw: Draw | None = None) -> None:
        self.sample_rate, self.draw = sample_rate, draw
        by_role: dict[str, list[StemFile]] = defaultdict(list)
        for stem in stems:
            by_role[stem.role].append(stem)
        self.audio = {role: [_piece(stem, sample_rate) for stem in found[:PIECES]] for role, found in by_role.items()}
        self.losses = Reconstruction(sample_rate)

    def __call__(self, codec: Codec, out: Path) -> dict[str, float]:
        figures: dict[str, float] = {}
        pairs = []
        device = next(codec.parameters()).device
        for role, pieces in self.audio.items():
            found = [self._compared(codec, piece.to(device)) for piece in pieces]
            for name in found[0][0]:
                figures[f"held_out/{role}/{name}"] = float(np.mean([one[name] for one, _ in found]))
            pairs.append((role, _plain(pieces[0]), _plain(found[0][1])))
        if self.draw is not None:
            self.draw(pairs, out / PICTURE, self.sample_rate)
        return figures

    def _compared(self, codec: Codec, audio: Tensor) -> tuple[dict[str, float], Tensor]:
        codes = codec.encode(audio)
        decoded = codec.decode(codes)[..., : audio.shape[-1]]
        losses = self.losses.to(audio.device)
        both = [losses(audio, decoded, step) for step in (0, 1)]
        figures = {name: float(sum(terms[name] for terms in both)) / 2 for name in ("mel", "stft", "complex")}
        used = [codes[:, k].unique().numel() for k in range(codes.shape[1])]
        figures |= {"si_sdr_db": si_sdr(_plain(audio), _plain(decoded)), "codes_used": float(np.mean(used))}
        return figures, decoded


def _piece(stem: StemFile, sample_rate: int) -> Tensor:
    """[B=1, C=2, N] from the middle of the stem."""
    samples = min(stem.samples, int(SECONDS * sample_rate))
    start = (stem.samples - samples) // 2
    audio, _ = soundfile.read(stem.path, samples, start, dtype="float32", always_2d=True)
    return torch.from_numpy(np.ascontiguousarray(audio.T))[None]


def _plain(audio: Tensor) -> np.ndarray:
    return audio[0].cpu().numpy().T
