"""A training run in a folder: steps, checkpoints, figures, pictures; it goes on where it was cut off.

OUT/metrics.jsonl      a line every few steps, and one at each evaluation on what was held out
OUT/checkpoint.pt      all that is needed to go on; written under another name first
OUT/NAME.safetensors   the averaged weights so far, packed (codec.safetensors, track.safetensors)
OUT/curves.png, OUT/spectrograms.png
"""

from __future__ import annotations

import json
import logging
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import torch

from engine.errors import EngineError
from engine.training.codec.parallel import Place
from engine.training.codec.steps import Steps

logger = logging.getLogger(__name__)
CHECKPOINT, METRICS, WEIGHTS, CURVES = "checkpoint.pt", "metrics.jsonl", "codec.safetensors", "curves.png"
TELL_EVERY = 20  # steps
BEGUN = ("start_from",)  # of what the card says: true of a run's beginning, whatever it goes on with

Network = TypeVar("Network")
# (the trained network with averaged weights, the run's folder) -> figures such as {"held_out/mel": ...}
Evaluation = Callable[[Network, Path], dict[str, float]]
Told = Callable[[Steps, dict[str, float]], None]


class Run:
    """`about` is what the weights' card says of their making, beside steps and time; `weights` their file."""

    def __init__(
        self,
        trainer: Steps,
        out: Path,
        evaluation: Evaluation[Any],
        told: Told,
        about: Mapping[str, str] = MappingProxyType({}),
        weights: str = WEIGHTS,
    ) -> None:
        self.weights = weights
        self.trainer, self.out, self.evaluation, self.told = trainer, out, evaluation, told
        self.about = about
        self.saved_s = self.evaluated_s = 0.0

    def go(self) -> None:
        """To the end of the training, then a last evaluation. On an interrupt everything is kept first."""
        trainer = self.trainer
        with disk_errors(self.out):
            self.out.mkdir(parents=True, exist_ok=True)
        self.resume()
        try:
            while trainer.share_done() < 1.0:
                self._timed_step()
                if trainer.spent_s - self.saved_s > trainer.schedule.checkpoint_minutes * 60:
                    self.save()
                if trainer.spent_s - self.evaluated_s > trainer.schedule.evaluate_minutes * 60:
                    self.evaluate()
        except KeyboardInterrupt:
            self.save()
            raise
        self.save()
        self.evaluate()

    def _timed_step(self) -> None:
        trainer = self.trainer
        started = time.monotonic()
        figures = trainer.step()
        trainer.spent_s += time.monotonic() - started
        # All processes end and evaluate together: the first one's clock is everybody's.
        clock = torch.tensor(trainer.spent_s, dtype=torch.float64, device=trainer.place.device)
        trainer.spent_s = float(trainer.place.from_first(clock))
        if trainer.steps % TELL_EVERY == 0 or trainer.share_done() >= 1.0:
            self._note({"rate": trainer.rate()} | figures)
            self.told(trainer, figures)

    def resume(self) -> bool:
        """Whether there was something to go on from; EngineError `file` where it is torn or does not fit."""
        path = self.out / CHECKPOINT
        if not path.exists():
            return False
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise EngineError("file", f"{path}: no checkpoint, or cut short ({error})") from error
        if not isinstance(state, dict) or state.get("config") != self.trainer.identity():
            what = self.trainer.what
            raise EngineError("file", f"{path} is of another {what}; take another folder, or that {what}")
        self.trainer.load_state(state)
        begun = {name: state.get("about", {})[name] for name in BEGUN if name in state.get("about", {})}
        self.about = {name: text for name, text in self.about.items() if name not in BEGUN} | begun
        self._tell_changes(state["training"])
        self.saved_s = self.evaluated_s = self.trainer.spent_s
        return True

    def _tell_changes(self, before: Mapping[str, Any]) -> None:
        """Another end is usual; anything else may be a slip."""
        now = asdict(self.trainer.schedule)  # type: ignore[call-overload]
        changes = [
            f"{name} {before.get(name)} -> {value}"
            for name, value in now.items()
            if name not in ("steps", "minutes") and before.get(name) != value
        ]
        if changes:
            logger.warning("this run goes on with other settings: %s", ", ".join(changes))

    def save(self) -> None:
        """The checkpoint and the averaged weights; the first process alone writes."""
        trainer = self.trainer
        self.saved_s = trainer.spent_s
        if not trainer.place.first:
            return
        state: dict[str, Any] = trainer.state()
        state |= {"config": trainer.identity(), "training": asdict(trainer.schedule)}  # type: ignore[call-overload]
        state["about"] = dict(self.about)
        part = self.out / (CHECKPOINT + ".part")
        with disk_errors(part):
            torch.save(state, part)
            part.replace(self.out / CHECKPOINT)
        with trainer.average.averaged():
            trainer.save_weights(self.out / self.weights, self._about())

    def _about(self) -> dict[str, str]:
        trainer = self.trainer
        return {
            **self.about,
            "steps": trainer.amount(),
            "time": f"{trainer.spent_s / 60:.0f} minutes on {machine(trainer.place)}",
        }

    def evaluate(self) -> None:
        """Held-out figures into the metrics, and the pictures."""
        trainer = self.trainer
        self.evaluated_s = trainer.spent_s
        if trainer.place.first:
            trainer.network.eval()
            with trainer.average.averaged(), torch.inference_mode():
                self._note(self.evaluation(trainer.network, self.out))
            trainer.network.train()
            self._draw()
        trainer.place.wait()

    def _draw(self) -> None:
        from engine.training.codec.curves import draw_curves

        try:
            draw_curves(self.out / METRICS, self.out / CURVES)
        except EngineError as error:  # a picture is no reason to end a run of hours
            logger.warning("no curves: %s", error.text)

    def _note(self, figures: dict[str, float]) -> None:
        if not self.trainer.place.first:
            return
        line = {"step": self.trainer.steps, "seconds": round(self.trainer.spent_s, 1)} | figures
        with disk_errors(self.out / METRICS), (self.out / METRICS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Whatever the disk refuses inside becomes EngineError `disk`; torch says RuntimeError to a full one."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise EngineError(
            "disk", f"{path} could not be written ({error}); the last checkpoint stays, and goes on"
        ) from error


def machine(place: Place) -> str:
    """`1 core of an x86_64 CPU, bfloat16`, `2 x NVIDIA H200, bfloat16`."""
    if place.device.type == "cuda":
        name = f"{place.processes} x {torch.cuda.get_device_name(place.device)}"
    else:
        cores = place.processes * torch.get_num_threads()
        name = f"{cores} core{'s' * (cores > 1)} of an {platform.machine()} CPU"
    return f"{name}, {place.precision}"
