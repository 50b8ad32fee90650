"""`resonantgen train average`: one track model or codec from several stages of its training."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.errors import EngineError
from engine.training.extras import check_all


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "average",
        help="track models of one shape and codec, or codecs of one encoder: the mean, not measured yet",
    )
    parser.add_argument(
        "weights",
        nargs="+",
        help="two files or more; a name is a bundled model's role or, beside a codec's file, a bundled codec",
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="file to write: track_ROLE.safetensors or CODEC.safetensors"
    )
    parser.add_argument(
        "--shares", nargs="+", type=float, help="of each, together 1 (default: all of them alike)"
    )


def main(args: argparse.Namespace) -> int:
    check_all()
    from bridge.evaluate_codec import codec_path
    from engine.model.track.weights import track_path
    from engine.model.weight_files import SUFFIX
    from engine.training.codec.averaging import average_codecs
    from engine.training.track.averaging import average_track_models

    if args.out.suffix != SUFFIX:
        raise EngineError("range", f"--out {args.out}; it is a file *{SUFFIX}")
    shares = args.shares or [1.0 / len(args.weights)] * len(args.weights)
    if any(is_codec(Path(name)) for name in args.weights):
        average_codecs([codec_path(name) for name in args.weights], shares, args.out)
        print(f"{args.out}: `resonantgen evaluate codec --codec {args.out}` measures it")
        return 0
    average_track_models([track_path(name) for name in args.weights], shares, args.out)
    print(f"{args.out}: `resonantgen evaluate models --weights {args.out} --stamp` measures it")
    return 0


def is_codec(path: Path) -> bool:
    """Whether a codec is in that file; a mere name may be a role's or a codec's, so the others decide."""
    from engine.model.codec.weights import KEY
    from engine.model.weight_files import read_metadata

    try:
        read_metadata(path, KEY, "codec")
    except EngineError:
        return False
    return True
