"""Ours beside the autoregressive way, for equal training time; a table in Markdown.

    python -m engine.evaluation.models.delayed bass --corpus FOLDER --cache FOLDER --minutes 12

Both learn from the same windows on one core and are measured on the same held-out ones.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from engine.evaluation.models.delayed.model import DelayedModel
from engine.evaluation.models.delayed.trainer import DelayedTrainer
from engine.evaluation.models.delayed.ways import Passes, Steps, Way
from engine.model.track.config import config_named
from engine.model.track.refinement import Plan, usual_plan
from engine.model.track.track_model import TrackModel
from engine.registry import BAND
from engine.training.codec.parallel import Place
from engine.training.codec.steps import Steps as Training
from engine.training.corpus.reading import Corpus
from engine.training.track.config import TrackTrainingConfig, changed
from engine.training.track.held_out import HeldOutWindows
from engine.training.track.material import Material, codec_files, material
from engine.training.track.trainer import TrackTrainer

DRAWN = ((0.0, 0), (0.7, 50), (1.0, 250))  # temperatures and top_k of the rival
WAIT_SECONDS, WAITS = 8.0, 5  # of music, and how often it is waited for
FIGURES = ("mel", "stft", "complex", "onset_f1")
HEAD = """\
| way | parameters | steps | mel | stft | waveform | onset F1 | wait, s |
|---|---|---|---|---|---|---|---|"""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.evaluation.models.delayed", description=__doc__)
    parser.add_argument("role")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--codecs", type=Path, help="folder of codec files; default: the bundled ones")
    parser.add_argument("--size", default="small")
    parser.add_argument("--minutes", type=float, default=12.0, help="of training, each")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="of TrackTrainingConfig")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    config = config_named(given.role, given.size)
    codecs = codec_files(config, tuple(dict.fromkeys((given.role, *BAND))), given.codecs)
    found = material(Corpus.open(given.corpus), config, given.cache, codecs, 1)
    training = TrackTrainingConfig(minutes=given.minutes, context_from=0.0, given_from=1.0)
    training = changed(training, dict(each.split("=", 1) for each in given.set))
    print(HEAD)
    for row in compared(found, training):
        print(row, flush=True)


def compared(found: Material, training: TrackTrainingConfig) -> Iterator[str]:
    """A row for the codec's own ceiling, for ours with and without refinement, and for the rival's draws."""
    place = Place(torch.device("cpu"), "bfloat16")
    windows = found.windows("train", training)
    torch.manual_seed(training.seed)
    ours = TrackModel(found.config, found.codec.config)
    own = trained(TrackTrainer(ours, found.codec, training, windows, place))
    quantizer = found.codec.quantizer
    yield ceiling(own, ours, found, training)
    for name, plan in (("one pass", Plan()), ("refined", usual_plan(quantizer.num_codebooks))):
        yield row(own, Passes(f"ours, {name}", ours, quantizer, plan), found, training)
    torch.manual_seed(training.seed)
    theirs = DelayedModel(found.config, found.codec.config)
    rival = trained(DelayedTrainer(theirs, found.codec, training, windows, place))
    for temperature, top_k in DRAWN:
        yield row(rival, Steps(theirs, temperature, top_k), found, training)


def trained(trainer: Training) -> Training:
    while trainer.share_done() < 1.0:
        started = time.process_time()  # other work on the machine costs neither of them
        trainer.step()
        trainer.spent_s += time.process_time() - started
    return trainer


def ceiling(trainer: Training, ours: TrackModel, found: Material, training: TrackTrainingConfig) -> str:
    figures = measured(trainer, ours, found, training)
    return _line("the codec's own tokens", "", "", _told(figures, "codec"), "")


def row(trainer: Training, way: Way, found: Material, training: TrackTrainingConfig) -> str:
    figures = measured(trainer, way, found, training)
    millions = sum(each.numel() for each in way.network.parameters()) / 1e6
    told = _told(figures, "together")
    return _line(way.name, f"{millions:.1f} M", f"{trainer.steps}", told, f"{waited(way, found):.2f}")


def measured(
    trainer: Training, model: torch.nn.Module, found: Material, training: TrackTrainingConfig
) -> dict[str, float]:
    """With averaged weights, on held-out windows, all other tracks heard."""
    measure = HeldOutWindows(found.windows("held_out", training), found.codec)
    with tempfile.TemporaryDirectory() as folder, trainer.average.averaged(), torch.inference_mode():
        return measure(model, Path(folder))  # type: ignore[arg-type]


def waited(way: Way, found: Material) -> float:
    """Seconds for the tokens of WAIT_SECONDS of music (or the longest there is) in one window; the median."""
    parts = found.parts["held_out"]
    longest = max(len(part.target.latents) for part in parts) / found.codec.config.frame_rate
    seconds = min(WAIT_SECONDS, 0.99 * longest)
    windows = found.windows("held_out", TrackTrainingConfig(seconds=seconds))
    batch = windows.batch([(windows.parts[0], 0)])
    times = []
    with torch.inference_mode():
        for _ in range(WAITS):
            started = time.process_time()
            way.codes(batch.scores, batch.style, ())
            times.append(time.process_time() - started)
    return statistics.median(times)


def _told(figures: dict[str, float], who: str) -> list[str]:
    """A figure that could not be measured is left open."""
    names = [f"held_out/{who}/{name}" for name in FIGURES]
    return [f"{figures[name]:.3f}" if name in figures else "" for name in names]


def _line(name: str, size: str, steps: str, told: list[str], wait: str) -> str:
    return f"| {' | '.join((name, size, steps, *told, wait))} |"


if __name__ == "__main__":
    main()
