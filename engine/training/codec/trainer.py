"""One step of a codec's training, and everything that a step needs and leaves behind.

batch -> encoder -> latents -> codebooks (dropout, revival) -> decoder -> losses -> one backward
                                                                  |-> discriminators, once they take part
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import EngineError
from engine.model.codec.codec import Codec
from engine.model.codec.weights import save_codec
from engine.training.codec.adversarial import Adversary, AdversaryConfig
from engine.training.codec.average import Averaged
from engine.training.codec.balancer import Balancer
from engine.training.codec.batches import Pieces, as_taken
from engine.training.codec.codebooks import CodebookTrainer, Quantised
from engine.training.codec.config import WINDOWS, TrainingConfig
from engine.training.codec.discriminator import DiscriminatorConfig, MsStftDiscriminator
from engine.training.codec.losses import Reconstruction
from engine.training.codec.parallel import Place
from engine.training.codec.steps import MOST_LOST, Steps

__all__ = ["MOST_LOST", "CodecTrainer"]


class CodecTrainer(Steps):
    """Holds the codec and its optimiser; `step` moves them once."""

    what = "codec"

    def __init__(self, codec: Codec, config: TrainingConfig, pieces: Pieces, place: Place) -> None:
        super().__init__(codec, config, place, betas=(0.8, 0.99))
        self.codec, self.config, self.pieces = codec, config, pieces
        self.encoder, self.decoder = place.spread(codec.encoder), place.spread(codec.decoder)
        self.books = CodebookTrainer(codec.quantizer, reduce=place.total, share=place.from_first)
        self.losses = Reconstruction(codec.config.sample_rate).to(place.device)
        self.balancer = Balancer(config.weights(), place=place)
        self.adversary: Adversary | None = None
        self.quantised = False
        self.waiting: list[Tensor] = []

    def compile(self) -> None:
        """Fuse what is elementwise. Meant for GPUs: on a CPU a step took the same 0.28 s either way."""
        for half in (self.codec.encoder, self.codec.decoder):
            blocks = getattr(half, "blocks", None)
            for part in blocks if isinstance(blocks, nn.ModuleList) else [half]:
                part.compile(dynamic=False)

    def step(self) -> dict[str, float]:
        """One batch; returns the terms of the loss. Without a finite gradient nothing is moved.

        EngineError `internal` after many such steps in a row.
        """
        audio = as_taken(self.pieces.batch(self.steps, self.place.rank), self.codec.config.channels)
        audio = audio.to(self.place.device, non_blocking=True)
        self.set_rate()
        with self.place.autocast(), torch.set_grad_enabled(not self.config.frozen_encoder):
            latents = self.encoder(audio)
        quantised = self._quantised(latents.float())
        with self.place.autocast():
            decoded = self.decoder(quantised.latents).float()
        terms = self.losses(audio, decoded, self.steps)
        told = {f"loss/{name}": term.detach() for name, term in terms.items()}
        told["loss/commitment"] = quantised.commitment.detach()
        playing = self._playing()
        game = playing.step(audio, decoded) if playing else {}
        if playing:
            against = playing.losses(audio, decoded)
            told |= {f"loss/{name}": term.detach() for name, term in against.items()}
            terms |= against
        self.optimizer.zero_grad(set_to_none=True)
        shares = self._backward(terms, decoded, quantised.commitment)
        norm = self.move()
        numbers = torch.stack([*told.values(), norm]).tolist()
        return dict(zip([*told, "gradient"], numbers, strict=True)) | game | shares

    def _backward(self, terms: dict[str, Tensor], decoded: Tensor, commitment: Tensor) -> dict[str, float]:
        beside = self.config.commitment * commitment
        if self.config.balance:
            return self.balancer.backward(terms, decoded, beside)
        weights = self.config.weights()
        loss = torch.stack([weights[name] * term for name, term in terms.items()]).sum() + beside
        loss.backward()
        return {}

    def _playing(self) -> Adversary | None:
        """The discriminators, made when their time comes."""
        config = self.config
        if config.adversary_from >= 1.0 or (
            self.adversary is None and self.share_done() < config.adversary_from
        ):
            return None
        if self.adversary is None:
            self.adversary = self._new_adversary()
        return self.adversary

    def _new_adversary(self) -> Adversary:
        windows = WINDOWS[: self.config.adversary_scales]
        shape = DiscriminatorConfig(windows, self.config.adversary_filters)
        discriminator = MsStftDiscriminator(shape, self.codec.config.channels)
        return Adversary(discriminator, AdversaryConfig(), self.place)

    def _quantised(self, latents: Tensor) -> Quantised:
        """Unquantised until there is something worth a codebook; then a guess from the last latents."""
        config = self.config
        if not self.quantised and self.steps < config.unquantised_steps:
            if self.steps >= config.unquantised_steps - config.gather_steps:
                self.waiting.append(latents.detach().transpose(1, 2).reshape(-1, latents.shape[1]))
            return Quantised(latents, torch.empty(0), latents.new_zeros(()))
        if not self.quantised:
            rows = self.waiting or [latents.detach().transpose(1, 2).reshape(-1, latents.shape[1])]
            self.books.guess(torch.cat(rows))
            self.waiting, self.quantised = [], True
        kept = self._kept(latents.shape[0]).to(latents.device)
        return self.books.quantise(latents, kept, learn=not config.frozen_codebooks)

    def _kept(self, items: int) -> Tensor:
        """[B] codebooks of each item."""
        dice = random.Random(f"{self.config.seed}/dropout/{self.steps}/{self.place.rank}")
        books, dropout = self.codec.config.num_codebooks, self.config.dropout
        kept = [dice.randint(1, books) if dice.random() < dropout else books for _ in range(items)]
        return torch.tensor(kept)

    def state(self) -> dict[str, Any]:
        return {
            "codec": self.codec.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "books": self.books.state_dict(),
            "average": self.average.state_dict(),
            "balancer": self.balancer.state_dict(),
            "adversary": None if self.adversary is None else self.adversary.state_dict(),
            "steps": self.steps,
            "spent_s": self.spent_s,
            "quantised": self.quantised,
            "waiting": self.waiting,
            "chance": torch.get_rng_state(),  # of the first guess and of revivals
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken. EngineError `file` where it is another codec's."""
        try:
            self.codec.load_state_dict(state["codec"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.books.load_state_dict(state["books"])
            self.average.load_state_dict(state["average"])
            self.balancer.load_state_dict(state["balancer"])
            if state["adversary"] is not None:
                self.adversary = self._new_adversary()
                self.adversary.load_state_dict(state["adversary"])
            self.steps, self.spent_s, self.quantised = state["steps"], state["spent_s"], state["quantised"]
            self.waiting = [latents.to(self.place.device) for latents in state["waiting"]]
            torch.set_rng_state(state["chance"])
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise EngineError("file", f"the checkpoint does not fit this codec ({error})") from error

    def identity(self) -> str:
        return self.codec.config.to_json()

    def amount(self) -> str:
        return f"{self.steps} of {self.config.batch_size} x {self.config.seconds:g} s"

    def save_weights(self, path: Path, about: dict[str, str]) -> None:
        self.codec.about = about
        save_codec(self.codec, path, packed=True)

    def start_from(self, trained: Codec) -> None:
        """Begin with a trained codec's weights, codebooks included: quantised from the first step, unless
        they are to be fitted anew.

        EngineError `file` where it is of another shape.
        """
        try:
            self.codec.load_state_dict(trained.state_dict())
        except RuntimeError as error:
            names = f"{trained.config.name!r}; this run's is {self.codec.config.name!r}"
            raise EngineError(
                "file", f"cannot start from codec {names}, whose weights have other shapes"
            ) from error
        self.books = CodebookTrainer(
            self.codec.quantizer, reduce=self.place.total, share=self.place.from_first
        )
        self.average = Averaged(self.codec, self.config.averaging)
        self.quantised = not self.config.fit_codebooks
