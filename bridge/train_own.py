"""`resonantgen train corpus --stems FOLDER`: a musician's own stems, heard into a corpus."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from engine.training.corpus.own import Heard

MOST_LINES = 40  # of files left out; the rest is counted


def main(args: argparse.Namespace) -> int:
    """Hears what is in args.stems into args.out, telling of every song."""
    from engine.training.corpus.own import make_own_corpus
    from engine.training.corpus.processes import default_processes

    console = Console(stderr=True)
    processes = args.processes if args.processes is not None else default_processes()
    started = time.monotonic()
    heard_s = 0.0

    def told(heard: Heard) -> None:
        nonlocal heard_s
        heard_s += heard.stem_seconds
        seconds = f"{heard.stem_seconds:.0f} s of audio"
        console.print(f"{heard.song}: {heard.parts} parts, {seconds}", markup=False, highlight=False)

    report = make_own_corpus(args.stems, args.out, args.held_out, processes, told)
    first, *left_out = report.lines()
    speed = heard_s / max(time.monotonic() - started, 1e-9)
    for line in left_out[:MOST_LINES]:
        console.print(line, markup=False, highlight=False)
    if len(left_out) > MOST_LINES:
        console.print(f"… and {len(left_out) - MOST_LINES} more")
    console.print(f"{args.out}: {first}, {speed:.0f} s of audio a second", markup=False, highlight=False)
    return 0
