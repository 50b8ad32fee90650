"""`resonantgen train average`: one track model from several stages of its training."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.errors import EngineError
from engine.training.extras import check_all


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "average", help="track models of one shape and codec: the mean of their weights, not measured yet"
    )
    parser.add_argument("weights", nargs="+", help="two files or more, or roles of bundled models")
    parser.add_argument("--out", type=Path, required=True, help="file to write: track_ROLE.safetensors")
    parser.add_argument(
        "--shares", nargs="+", type=float, help="of each, together 1 (default: all of them alike)"
    )


def main(args: argparse.Namespace) -> int:
    check_all()
    from engine.model.track.weights import track_path
    from engine.model.weight_files import SUFFIX
    from engine.training.track.averaging import average_track_models

    if args.out.suffix != SUFFIX:
        raise EngineError("range", f"--out {args.out}; it is a file *{SUFFIX}")
    files = [track_path(name) for name in args.weights]
    shares = args.shares or [1.0 / len(files)] * len(files)
    average_track_models(files, shares, args.out)
    print(f"{args.out}: `resonantgen evaluate models --weights {args.out} --stamp` measures it")
    return 0
