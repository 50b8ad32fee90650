"""`resonantgen train track`: a model that performs scores, trained on a corpus or on a musician's own stems."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.train_run import Told, add_run_arguments, begin, check_threads, settings_of
from engine.errors import check_range
from engine.training.extras import check_all

if TYPE_CHECKING:
    from engine.model.track.config import TrackModelConfig
    from engine.training.codec.parallel import Place
    from engine.training.codec.run import Evaluation
    from engine.training.track.config import TrackTrainingConfig
    from engine.training.track.material import Material

CACHE = "cache"  # in the run's folder, where no other is named


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "track", help="train a track model; goes on where the same folder was cut off"
    )
    parser.add_argument("role", help="drums, bass, harmony, melody")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--corpus", type=Path, help="made by `train corpus`")
    source.add_argument("--data", type=Path, help="a folder of your own stems: the bundled model learns them")
    parser.add_argument("--size", default="small", help="of tracks.toml: debug, small, base, full")
    parser.add_argument(
        "--cache", type=Path, help="folder of what the codec says of the corpus; default: OUT/cache"
    )
    parser.add_argument(
        "--codecs", type=Path, help="folder of codec files to train with; default: the bundled ones"
    )
    parser.add_argument(
        "--start-from",
        help="a bundled model's role or a file, of the same shape, whose weights to begin with (not to go on with)",
    )
    add_run_arguments(parser, "TrackTrainingConfig")
    parser.add_argument(
        "--processes", type=int, help="that encode what is not in the cache; default: one a core"
    )


def main(args: argparse.Namespace) -> int:
    check_all()
    check_arguments(args)
    import torch

    from engine.model.track.config import config_named
    from engine.model.track.track_model import TrackModel
    from engine.training.codec.parallel import placed
    from engine.training.codec.run import Run
    from engine.training.track.trainer import TRACK_WEIGHTS, TrackTrainer

    config, training = config_named(args.role, args.size), training_of(args)
    begin(args)
    with placed(args.device, args.precision) as place, Told(place) as told:
        found = material_of(args, config, place, told)
        torch.manual_seed(training.seed)
        model = TrackModel(config, found.codec.config)
        trainer = TrackTrainer(model, found.codec, training, found.windows("train", training), place)
        if args.start_from:
            from engine.model.track.weights import load_track_model

            trainer.start_from(load_track_model(args.start_from))
        if args.compile:
            trainer.compile()
        evaluation = evaluation_of(found, training)
        told.run(Run(trainer, args.out, evaluation, told.line, found.about(), TRACK_WEIGHTS))
    return 0


def check_arguments(args: argparse.Namespace) -> None:
    """EngineError `range` for numbers that are none."""
    from engine.training.corpus.processes import MOST_PROCESSES

    check_threads(args)
    if args.processes is not None:
        check_range("--processes", args.processes, 1, MOST_PROCESSES)


def training_of(args: argparse.Namespace) -> TrackTrainingConfig:
    from engine.training.track.config import OWN, TrackTrainingConfig, changed

    return changed(OWN if args.data else TrackTrainingConfig(), settings_of(args))


def material_of(args: argparse.Namespace, config: TrackModelConfig, place: Place, told: Told) -> Material:
    """The first process makes what is missing; the others wait, and read."""
    from engine.registry import BAND
    from engine.training.corpus.processes import default_processes
    from engine.training.corpus.reading import Corpus
    from engine.training.track.material import codec_files, material

    roles = tuple(dict.fromkeys((config.role, *BAND)))
    codecs = codec_files(config, roles, args.codecs)
    corpus = Corpus.open(args.corpus)
    processes = args.processes if args.processes is not None else default_processes()
    if not place.first:
        place.wait()
    found = material(corpus, config, args.cache or args.out / CACHE, codecs, processes, told.prepared)
    if place.first:
        place.wait()
    return found


def evaluation_of(found: Material, training: TrackTrainingConfig) -> Evaluation:
    return lambda *_: {}
