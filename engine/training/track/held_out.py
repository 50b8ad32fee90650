"""How a track model in training performs windows it never saw, beside what its codec could do at best.

    score -> model -> latents -> tokens -> decoder -> performed -\
    stem's own tokens --------------------> decoder -> ceiling ---+-> compared with the stem
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from engine.errors import EngineError
from engine.evaluation.codec.onsets import onset_f1
from engine.model.codec.codec import Codec
from engine.model.track.track_model import TrackModel
from engine.training.codec.held_out import PICTURE, Draw
from engine.training.codec.losses import Reconstruction
from engine.training.track.sound import EDGE_FRAMES
from engine.training.track.windows import Batch, Part, Windows

logger = logging.getLogger(__name__)
WINDOWS, DRAWN = 16, 2
SPECTRAL = ("mel", "stft", "complex")
Audio = NDArray[np.float32]  # [N, C]


class HeldOutWindows:
    """The same windows at each call, which gives `held_out/alone/mel`, `held_out/together/mel` (all other
    tracks heard), `held_out/codec/mel` (the ceiling) and so on."""

    def __init__(self, windows: Windows, codec: Codec, draw: Draw | None = None) -> None:
        self.windows, self.codec, self.draw = windows, codec, draw
        dice = random.Random(0)
        parts = dice.sample(windows.parts, min(WINDOWS, len(windows.parts)))
        self.places = [(part, dice.randrange(windows.starts(part))) for part in parts]
        self.losses = Reconstruction(codec.config.sample_rate)

    def __call__(self, model: TrackModel, out: Path) -> dict[str, float]:
        device = next(model.parameters()).device
        truth = self.windows.audio(self.places, 0, self.windows.frames)
        alone = self.windows.batch(self.places).to(device)
        others = [tuple(part.heard) for part, _ in self.places]
        together = self.windows.batch(self.places, others).to(device)
        ceiling = self._decoded(alone.codes)
        figures = self._compared("codec", truth, ceiling)
        performed = ceiling
        for name, batch in (("alone", alone), ("together", together)):
            latents = model(batch.scores, batch.style, batch.context).latents
            figures[f"held_out/{name}/latent"] = self._latent_error(model, latents, batch)
            performed = self._decoded(self.codec.quantizer.encode(latents))
            figures |= self._compared(name, truth, performed)
        self._draw(truth, ceiling, performed, out)
        return figures

    def _decoded(self, codes: Tensor) -> Tensor:
        """codes [B, K, F] -> audio [B, C, N]"""
        return self.codec.decode(codes).float().cpu()

    @staticmethod
    def _latent_error(model: TrackModel, latents: Tensor, batch: Batch) -> float:
        spread = model.entries.spread[:, None]
        return float(functional.smooth_l1_loss(latents / spread, batch.latents / spread))

    def _compared(self, name: str, truth: Tensor, performed: Tensor) -> dict[str, float]:
        edge = EDGE_FRAMES * self.codec.config.hop
        wanted, given = truth[..., edge:-edge], performed[..., edge:-edge]
        both = [self.losses(wanted, given, step) for step in (0, 1)]
        figures = {f"held_out/{name}/{term}": float(sum(one[term] for one in both)) / 2 for term in SPECTRAL}
        f1 = onsets(wanted, given)
        return figures if f1 is None else figures | {f"held_out/{name}/onset_f1": f1}

    def _draw(self, truth: Tensor, ceiling: Tensor, performed: Tensor, out: Path) -> None:
        """Of the first windows: the stem beside what the codec makes of it, and what the model makes."""
        if self.draw is None:
            return
        pairs = [
            (f"{self._told(part)}, {name}", _plain(truth[item]), _plain(made[item]))
            for item, (part, _) in enumerate(self.places[:DRAWN])
            for name, made in (("codec", ceiling), ("model", performed))
        ]
        try:
            self.draw(pairs, out / PICTURE, self.codec.config.sample_rate)
        except EngineError as error:  # a picture is no reason to end a run of hours
            logger.warning("no spectrograms: %s", error.text)

    @staticmethod
    def _told(part: Part) -> str:
        return part.stem.source.rpartition(":")[2]


def onsets(truth: Tensor, performed: Tensor) -> float | None:
    """Mean F1 within 50 ms over [B, C, N], of items with enough of them; None without any, or librosa."""
    try:
        found: Sequence[float] = [
            onset_f1(_plain(one), _plain(other)) for one, other in zip(truth, performed, strict=True)
        ]
    except EngineError as error:
        logger.info("no onsets: %s", error.text)
        return None
    return None if np.isnan(found).all() else float(np.nanmean(found))


def _plain(audio: Tensor) -> Audio:
    """[C, N] -> [N, C]"""
    return np.ascontiguousarray(audio.cpu().numpy().T)
