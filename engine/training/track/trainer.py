"""One step of a track model's training, and everything that a step needs and leaves behind.

windows -> model -> latents -+-> smooth L1 to the codec's latents, in units of their spread
                             +-> frozen decoder -> mel, STFT, waveform      (some items, a stretch of each)
                  -> logits ---> cross-entropy of masked tokens             (some steps)
"""

from __future__ import annotations

import logging
import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engine.errors import EngineError
from engine.model.codec.codec import Codec
from engine.model.codec.spectral import SpectralEncoder
from engine.model.track.masking import masked_batch, masked_loss
from engine.model.track.refinement import usual_plan
from engine.model.track.track_model import Prediction, TrackModel
from engine.model.track.weights import PREFIX, codec_digest, save_track_model
from engine.model.weight_files import SUFFIX
from engine.training.codec.average import Averaged
from engine.training.codec.losses import SCALES
from engine.training.codec.parallel import Place
from engine.training.codec.run import disk_errors
from engine.training.codec.steps import Steps
from engine.training.track.config import TrackTrainingConfig
from engine.training.track.lots import PHASES, drawn, drawn_ducked, phase_at
from engine.training.track.sound import Sound, least_frames, stretch
from engine.training.track.windows import Batch, Part, Windows

logger = logging.getLogger(__name__)
MEASURED_STEMS, MEASURED_FRAMES = 200, 400  # whose latents tell their middle and spread
LEAST_SPREAD = 1e-3
DECIDED = 4.0  # weight of how far the giving way is off, beside its cross-entropy
TRACK_WEIGHTS = "track.safetensors"


def engine_name(role: str) -> str:
    """The file that the engine performs a role from, in its folder of models."""
    return f"{PREFIX}{role}{SUFFIX}"


class TrackTrainer(Steps):
    """Holds the model and its optimiser; `step` moves them once. `codec`, the target's, stays as it is."""

    what = "track model"

    def __init__(
        self, model: TrackModel, codec: Codec, config: TrackTrainingConfig, windows: Windows, place: Place
    ) -> None:
        super().__init__(model, config, place, betas=(0.9, 0.98))
        self.model, self.codec, self.config, self.windows = model, codec, config, windows
        model.take_codebooks(codec.quantizer.to(place.device))
        self.measure()
        # It performs in windows as long as those that it learns from.
        frames = min(model.config.window_frames, windows.frames)
        margin = min(model.config.margin_frames, frames // 4)
        model.config = replace(model.config, window_frames=frames, margin_frames=margin)
        if config.only_giving_way and (model.giving_way is None or not windows.giving):
            raise EngineError(
                "range",
                f"only_giving_way: no kicks to give way to beside {windows.config.role} of this corpus",
            )
        self.average = Averaged(model, config.averaging)
        self.sound = Sound(codec).to(place.device)
        apart = [name for name, _ in model.named_parameters() if name.startswith("giving_way.")]
        self.forward = place.spread(model, unused=True, apart=apart)
        hop, rate = codec.config.hop, codec.config.frame_rate
        self.heard_frames = min(
            windows.frames, max(round(config.heard_seconds * rate), least_frames(hop, SCALES[-1].window))
        )

    def measure(self) -> None:
        """Middle and spread of the latents that are to be predicted, into the model: its units."""
        dice = random.Random(f"{self.config.seed}/measure")
        parts = dice.sample(self.windows.parts, min(MEASURED_STEMS, len(self.windows.parts)))
        rows = np.concatenate([part.target.latents[:MEASURED_FRAMES] for part in parts]).astype(np.float64)
        entries = self.model.entries
        entries.middle.copy_(torch.from_numpy(rows.mean(0)))
        entries.spread.copy_(torch.from_numpy(rows.std(0)).clamp(min=LEAST_SPREAD))
        if isinstance(self.codec.encoder, SpectralEncoder):
            self.model.guide.take(self.codec.encoder.low)

    def compile(self) -> None:
        """Fuse what is elementwise, block by block. Meant for GPUs."""
        for block in self.model.transformer.blocks:
            block.compile()  # the number of context rows changes from step to step

    def phase(self) -> str:
        return phase_at(self.share_done(), self.config)

    def step(self) -> dict[str, float]:
        """One batch; returns the terms of the loss. Without a finite gradient nothing is moved.

        EngineError `internal` after many such steps in a row.
        """
        config, phase = self.config, self.phase()
        dice = random.Random(f"{config.seed}/{self.steps}/{self.place.rank}")
        batch, places = (
            drawn_ducked(self.windows, config, dice)
            if config.only_giving_way
            else drawn(self.windows, config, phase, dice)
        )
        batch = batch.to(self.place.device)
        self.set_rate()
        if config.only_giving_way:
            terms = {}
        elif dice.random() < config.masked_share:
            terms = self._masked_losses(batch, dice)
        else:
            latents = self._predicted(batch)
            terms = {"latent": self._latent_loss(latents, batch)}
            if config.heard_items and self.steps % config.heard_every == 0:
                terms |= self._sound_losses(latents, batch, places, dice)
        terms |= self._giving_way_loss(batch)
        weights = config.weights() | {
            "latent": config.latent, "masked": config.masked, "giving_way": config.giving_way,
        }  # fmt: skip
        loss = torch.stack([weights[name] * term for name, term in terms.items()]).sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._average_gradients()
        norm = self.move()
        numbers = torch.stack([*(term.detach() for term in terms.values()), norm]).tolist()
        told = dict(zip([*(f"loss/{name}" for name in terms), "gradient"], numbers, strict=True))
        return told | {"phase": float(PHASES.index(phase))}

    def _average_gradients(self) -> None:
        """Of what gives way, over all processes: its loss comes by no `forward`, which does it otherwise.

        Each comes to it with as many, whether its own batch had drums or not.
        """
        if self.place.processes == 1 or self.model.giving_way is None or not self.config.giving_way:
            return
        for parameter in self.model.giving_way.parameters():
            own = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            parameter.grad = self.place.mean(own)

    def _predicted(self, batch: Batch) -> Tensor:
        """latents [B, D, F] of the first pass; where they are given, those that are given."""
        latents = self._pass(batch).latents.float()
        if batch.given is None:
            return latents
        return torch.where(batch.given[:, None], batch.latents, latents)

    def _pass(self, batch: Batch, tokens: Tensor | None = None, codebooks: Sequence[int] = ()) -> Prediction:
        given = batch.latents if batch.given is not None else None
        with self.place.autocast():
            said: Prediction = self.forward(
                batch.scores,
                batch.style,
                batch.context,
                tokens,
                given,
                batch.given,
                drop_style=batch.no_style,
                codebooks=codebooks,
            )
        return said

    def _masked_losses(self, batch: Batch, dice: random.Random) -> dict[str, Tensor]:
        """What a refinement pass is asked for: one codebook's masked tokens, in nats, and the latents of a
        window some of whose tokens are known, which the codebooks after the first are refined from."""
        chance = torch.Generator().manual_seed(dice.getrandbits(48))
        passes = usual_plan(batch.codes.shape[1]).passes
        masked = masked_batch(batch.codes, self.model.mask, chance, passes, batch.given)
        said = self._pass(batch, masked.tokens, (masked.codebook,))
        assert said.logits is not None
        return {
            "masked": masked_loss(said.logits, batch.codes, masked),
            "latent": self._latent_loss(said.latents.float(), batch),
        }

    def _giving_way_loss(self, batch: Batch) -> dict[str, Tensor]:
        """Where the corpus knows how far a track gave way to drums that are heard."""
        way = self.model.giving_way
        drums = way.drums_in(batch.context) if way is not None else None
        if not self.config.giving_way or way is None or drums is None or batch.gives_way is None:
            return {}
        known = ~batch.gives_way.isnan()
        if drums.heard is not None:
            known &= drums.heard[..., None]
        said, wanted = way(drums.latents).float(), batch.gives_way.nan_to_num()
        apart = functional.binary_cross_entropy_with_logits(said, wanted, reduction="none")
        # The first learns fast, and says the mean of what may be; the second decides.
        apart = apart + DECIDED * (torch.sigmoid(said) - wanted).abs()
        return {"giving_way": (apart * known).sum() / known.sum().clamp(min=1)}

    def _latent_loss(self, latents: Tensor, batch: Batch) -> Tensor:
        spread = self.model.entries.spread[:, None]
        apart = functional.smooth_l1_loss(latents / spread, batch.latents / spread, reduction="none")
        if batch.given is None:
            return apart.mean()
        new = (~batch.given)[:, None].expand_as(apart)
        return (apart * new).sum() / new.sum().clamp(min=1)

    def _sound_losses(
        self, latents: Tensor, batch: Batch, places: Sequence[tuple[Part, int]], dice: random.Random
    ) -> dict[str, Tensor]:
        """Of the first items, a stretch of the window."""
        items, frames = min(self.config.heard_items, len(places)), self.heard_frames
        first = dice.randrange(self.windows.frames - frames + 1)
        audio = self.windows.audio(places[:items], first, frames).to(self.place.device)
        through = dice.random() < self.config.straight_through
        with self.place.autocast():
            return self.sound(stretch(latents[:items], first, frames), audio, self.steps, through)

    def state(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state_dict(),
            "codec": codec_digest(self.codec),
            "corpus": self.windows.corpus,
            "steps": self.steps,
            "spent_s": self.spent_s,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        self._check_material(state)
        try:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.average.load_state_dict(state["average"])
            self.steps, self.spent_s = state["steps"], state["spent_s"]
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise EngineError("file", f"the checkpoint does not fit this track model ({error})") from error

    def _check_material(self, state: dict[str, Any]) -> None:
        """EngineError `file` where the checkpoint is of another codec; older ones say nothing of theirs."""
        codec, corpus = codec_digest(self.codec), self.windows.corpus
        if state.get("codec", codec) != codec:
            raise EngineError(
                "file",
                f"the checkpoint was trained with another codec {self.codec.config.name!r}, whose tokens "
                "mean something else; go on with that one, or take another folder",
            )
        if state.get("corpus", corpus) != corpus:
            logger.warning("this run goes on with another corpus than the one that it was trained on")

    def identity(self) -> str:
        shape = replace(self.model.config, window_frames=1, margin_frames=0)
        return f"{shape.to_json()} {self.model.codec_config.to_json()}"

    def amount(self) -> str:
        return f"{self.steps} of {self.config.batch_size} x {self.config.seconds:g} s"

    def save_weights(self, path: Path, about: dict[str, str]) -> None:
        """And once more under the name that the engine looks for in a folder of models."""
        save_track_model(self.model, path, packed=True, about=about, codec=self.codec)
        named = path.with_name(engine_name(self.model.config.role))
        part = named.with_suffix(".part")
        with disk_errors(part):
            shutil.copyfile(path, part)
            part.replace(named)

    def start_from(self, trained: TrackModel) -> None:
        """Begin with a trained model's weights and units. EngineError `file` where it is of another shape."""
        weights = trained.state_dict()
        if self.model.giving_way is not None and trained.giving_way is None:  # it has yet to learn that
            weights |= {
                f"giving_way.{name}": value for name, value in self.model.giving_way.state_dict().items()
            }
        try:
            self.model.load_state_dict(weights)
        except RuntimeError as error:
            names = f"{trained.config.name!r}; this run's is {self.model.config.name!r}"
            raise EngineError(
                "file", f"cannot start from track model {names}, whose weights have other shapes"
            ) from error
        self.average = Averaged(self.model, self.config.averaging)
