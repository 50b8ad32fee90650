"""Trains a codec: pieces in, distances down, codebooks moved, everything kept so that it can go on.

    batch -> encoder -> latents -> codebooks (dropout, revival) -> decoder -> losses -> one step
"""

from __future__ import annotations

import json
import math
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import EngineError
from engine.model.codec.codec import Codec, build_codec
from engine.model.codec.config import CodecConfig
from engine.training.codec.batches import StemPieces
from engine.training.codec.codebooks import CodebookTrainer, Quantised
from engine.training.codec.losses import Reconstruction

CHECKPOINT, METRICS = "checkpoint.pt", "metrics.jsonl"


@dataclass(frozen=True)
class TrainingConfig:
    """`minutes` or `steps` end the run; the learning rate falls along a cosine over it."""

    batch_size: int = 6
    seconds: float = 0.8
    learning_rate: float = 5e-4
    final_rate: float = 2e-5
    warmup_steps: int = 50
    minutes: float | None = None
    steps: int | None = None
    unquantised_steps: int = 150
    seed: int = 0
    mel: float = 1.0
    stft: float = 0.5
    complex: float = 1.0
    commitment: float = 0.1
    dropout: float = 0.3
    checkpoint_minutes: float = 3.0
    autocast: bool = False


class CodecTrainer:
    def __init__(self, codec_config: CodecConfig, config: TrainingConfig, pieces: StemPieces, out: Path) -> None:
        torch.manual_seed(config.seed)
        self.codec: Codec = build_codec(codec_config)
        self.config, self.pieces, self.out = config, pieces, out
        self.books = CodebookTrainer(self.codec.quantizer)
        self.losses = Reconstruction(codec_config.sample_rate)
        self.optimizer = torch.optim.AdamW(
            self.codec.parameters(), config.learning_rate, betas=(0.8, 0.99), weight_decay=0.01, fused=True
        )
        self.step_number, self.spent_s = 0, 0.0
        self.waiting: list[Tensor] = []

    def share_done(self) -> float:
        shares = [0.0]
        if self.config.steps:
            shares.append(self.step_number / self.config.steps)
        if self.config.minutes:
            shares.append(self.spent_s / 60.0 / self.config.minutes)
        return max(shares)

    def rate(self) -> float:
        config, share = self.config, min(1.0, self.share_done())
        warm = min(1.0, (self.step_number + 1) / config.warmup_steps)
        fallen = config.final_rate + (config.learning_rate - config.final_rate) * 0.5 * (1 + math.cos(math.pi * share))
        return warm * fallen

    def train_step(self) -> dict[str, float]:
        audio = self.pieces.batch(self.step_number)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.config.autocast):
            latents = self.codec.latents(audio).float()
            quantised = self._quantised(latents)
            decoded = self.codec.decoder(quantised.latents)[..., : audio.shape[-1]]
        terms = self.losses(audio, decoded, self.step_number)
        terms["commitment"] = quantised.commitment
        loss = sum(getattr(self.config, name) * term for name, term in terms.items())
        assert isinstance(loss, Tensor)
        if not torch.isfinite(loss):
            raise EngineError("internal", f"the loss is {float(loss)} at step {self.step_number}")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.codec.parameters(), 1.0)
        self.optimizer.step()
        self.step_number += 1
        return {f"loss/{name}": float(term.detach()) for name, term in terms.items()} | {"gradient": float(norm)}

    def _quantised(self, latents: Tensor) -> Quantised:
        """Unquantised at first, until there is something worth a codebook; then k-means over the last steps."""
        if self.step_number < self.config.unquantised_steps:
            if self.step_number >= self.config.unquantised_steps - 40:
                self.waiting.append(latents.detach().transpose(1, 2).reshape(-1, latents.shape[1]))
            return Quantised(latents, torch.empty(0), latents.new_zeros(()))
        if self.waiting:
            self.books.guess(torch.cat(self.waiting))
            self.waiting = []
        return self.books.quantise(latents, self._kept(latents.shape[0]))

    def _kept(self, items: int) -> Tensor:
        dice = random.Random(f"{self.config.seed}/dropout/{self.step_number}")
        books = self.codec.config.num_codebooks
        kept = [dice.randint(1, books) if dice.random() < self.config.dropout else books for _ in range(items)]
        return torch.tensor(kept)

    def state(self) -> dict[str, Any]:
        return {
            "codec": self.codec.state_dict(), "optimizer": self.optimizer.state_dict(), "books": self.books.state_dict(),
            "step": self.step_number, "spent_s": self.spent_s, "config": self.codec.config.to_json(),
            "training": asdict(self.config),
        }  # fmt: skip

    def save(self) -> None:
        part = self.out / (CHECKPOINT + ".part")
        torch.save(self.state(), part)
        part.replace(self.out / CHECKPOINT)

    def resume(self) -> bool:
        path = self.out / CHECKPOINT
        if not path.exists():
            return False
        state = torch.load(path, weights_only=True)
        if json.loads(state["config"]) != json.loads(self.codec.config.to_json()):
            raise EngineError("file", f"{path}: of another codec configuration; take another folder")
        self.codec.load_state_dict(state["codec"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.books.load_state_dict(state["books"])
        self.step_number, self.spent_s = state["step"], state["spent_s"]
        return True

    def run(self) -> None:
        """Until the share is done."""
        self.out.mkdir(parents=True, exist_ok=True)
        saved = self.spent_s
        with (self.out / METRICS).open("a", encoding="utf-8") as metrics:
            while self.share_done() < 1.0:
                started = time.monotonic()
                told = self.train_step()
                self.spent_s += time.monotonic() - started
                if self.step_number % 20 == 0:
                    line = {"step": self.step_number, "seconds": round(self.spent_s, 1), "rate": self.rate()} | told
                    metrics.write(json.dumps(line) + "\n")
                    metrics.flush()
                if self.spent_s - saved > self.config.checkpoint_minutes * 60:
                    self.save()
                    saved = self.spent_s
        self.save()
