"""What all training commands share: how long, where, with which settings, and a progress bar."""

from __future__ import annotations

import argparse
import signal
from typing import TYPE_CHECKING

from engine.errors import EngineError, check_range

if TYPE_CHECKING:
    from engine.training.codec.parallel import Place
    from engine.training.codec.run import Run
    from engine.training.codec.steps import Steps

MOST_THREADS = 1024


def add_run_arguments(parser: argparse.ArgumentParser, settings: str) -> None:
    """`settings`: the dataclass that --set is of."""
    parser.add_argument("--minutes", type=float, help="of computing, those of earlier parts counted in")
    parser.add_argument("--steps", type=int, help="likewise; with --minutes, whichever comes first")
    parser.add_argument(
        "--set",
        action="extend",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help=f"of {settings}: batch_size=6 learning_rate=5e-4 …",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1")
    parser.add_argument("--precision", default="auto", help="auto, float32, bfloat16")
    parser.add_argument(
        "--compile",
        action="store_true",
        help="fuse what is elementwise: for GPUs; two CPU cores gained nothing",
    )
    parser.add_argument("--threads", type=int, help="of a CPU, 1 or more; default: torch's choice, all cores")


def check_threads(args: argparse.Namespace) -> None:
    """EngineError `range`."""
    if args.threads is not None:
        check_range("--threads", args.threads, 1, MOST_THREADS)


def settings_of(args: argparse.Namespace) -> dict[str, str]:
    """Those of --set, --minutes and --steps; EngineError `range` for what is no setting, or no end at all."""
    settings = {}
    for text in args.set:
        key, equals, value = text.partition("=")
        if not equals:
            raise EngineError("range", f"--set {text!r}; it is KEY=VALUE")
        settings[key] = value
    for key in ("minutes", "steps"):
        if getattr(args, key) is not None:
            settings[key] = str(getattr(args, key))
    if not settings.keys() & {"minutes", "steps"}:
        raise EngineError("range", "say how long: --minutes M or --steps N")
    return settings


def begin(args: argparse.Namespace) -> None:
    import torch

    if args.threads is not None:
        torch.set_num_threads(args.threads)
    # A lease that ends, or a shell that started it in the background: both keep what was learnt.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)


class Told:
    """A progress bar, of the first process alone."""

    def __init__(self, place: Place) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        columns = (TextColumn("step {task.fields[step]}"), BarColumn(), TextColumn("{task.fields[losses]}"))
        console = Console(stderr=True, quiet=not place.first)
        self.progress = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console)
        self.task = self.progress.add_task("training", total=1.0, step=0, losses="")

    def __enter__(self) -> Told:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def say(self, text: str) -> None:
        self.progress.console.print(text, soft_wrap=True, highlight=False)

    def line(self, trainer: Steps, figures: dict[str, float]) -> None:
        losses = " ".join(
            f"{name.removeprefix('loss/')} {value:.3f}"
            for name, value in figures.items()
            if name.startswith("loss/")
        )
        self.progress.update(self.task, completed=trainer.share_done(), step=trainer.steps, losses=losses)

    def prepared(self, what: str, done_s: float, total_s: float) -> None:
        """Seconds of audio that are made ready before the first step."""
        share = done_s / max(total_s, 1e-9)
        self.progress.update(self.task, completed=share, losses=f"{what}: {done_s:.0f} of {total_s:.0f} s")

    def run(self, run: Run) -> None:
        """To its end; an interrupt is told, and goes on its way."""
        try:
            run.go()
        except KeyboardInterrupt:
            self.say(f"stopped at step {run.trainer.steps}; the same command goes on from {run.out}")
            raise
        self.say(f"{run.trainer.steps} steps, {run.trainer.spent_s / 60:.1f} minutes: {run.out}")
