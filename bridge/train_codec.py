"""`resonantgen train codec`: a codec, trained on a corpus or on songs made on the fly."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.train_run import Told, add_run_arguments, begin, check_threads, settings_of
from engine.errors import EngineError, check_range
from engine.training.extras import check_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.model.codec.codec import Codec
    from engine.model.codec.config import CodecConfig
    from engine.training.codec.batches import Pieces
    from engine.training.codec.config import TrainingConfig
    from engine.training.codec.run import Evaluation
    from engine.training.corpus.reading import StemFile
    from engine.training.corpus.recipe import Recipe
    from engine.training.corpus.song import Song


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("codec", help="train a codec; goes on where the same folder was cut off")
    parser.add_argument("name", help="one of codecs.toml: drums, pitched, debug …")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--corpus", type=Path, help="a corpus; without one, songs are made as `train corpus` makes them"
    )
    parser.add_argument("--roles", help="with commas; default: those the codec is for")
    parser.add_argument(
        "--start-from",
        help="a bundled codec or a file, of the same shape, whose weights to begin with (not to go on with)",
    )
    add_run_arguments(parser, "TrainingConfig")
    parser.add_argument("--processes", type=int, help="that make songs, without --corpus (default 1)")


def main(args: argparse.Namespace) -> int:
    check_all()
    check_arguments(args)
    import torch

    from engine.model.codec.codec import build_codec
    from engine.model.codec.config import config_named
    from engine.training.codec.parallel import placed
    from engine.training.codec.run import Run
    from engine.training.codec.trainer import CodecTrainer

    config, training = config_named(args.name), training_of(args)
    begin(args)
    with placed(args.device, args.precision) as place:
        torch.manual_seed(training.seed)
        pieces = pieces_of(args, config, training, place.rank)
        trainer = CodecTrainer(build_codec(config), training, pieces, place)
        if args.start_from:
            trainer.start_from(begun_with(args.start_from))
        if args.compile:
            trainer.compile()
        with Told(place) as told:
            evaluation = evaluation_of(args, config, training)
            told.run(Run(trainer, args.out, evaluation, told.line, about(args, config, training)))
    return 0


def begun_with(name: str) -> Codec:
    """The trained codec of that name or file; EngineError `file` for a folder of somebody else's."""
    from engine.model.codec.weights import SUFFIX, bundled_names, load_codec

    if name not in bundled_names() and Path(name).is_dir():
        raise EngineError(
            "file",
            f"--start-from {name}: a folder; only our own codecs can be begun with: a {SUFFIX} file of "
            f"`train codec`, or {', '.join(bundled_names())}",
        )
    return load_codec(name)


def check_arguments(args: argparse.Namespace) -> None:
    """EngineError `range` for numbers that are none, or that nothing is done with."""
    from engine.training.corpus.processes import MOST_PROCESSES

    check_threads(args)
    if args.processes is not None:
        check_range("--processes", args.processes, 1, MOST_PROCESSES)
        if args.corpus is not None:
            raise EngineError("range", "--processes make songs; with --corpus there are none to be made")


def training_of(args: argparse.Namespace) -> TrainingConfig:
    from engine.training.codec.config import TrainingConfig, changed

    return changed(TrainingConfig(), settings_of(args))


def roles_of(args: argparse.Namespace, config: CodecConfig) -> tuple[str, ...]:
    """Those asked for, or those the codec is for; EngineError `unknown`."""
    from engine.registry import roles_named

    return config.roles if args.roles is None else roles_named(args.roles)


def pieces_of(args: argparse.Namespace, config: CodecConfig, training: TrainingConfig, rank: int) -> Pieces:
    """From the corpus, dry stems and finished ones, or from songs that are made on the fly: other ones in
    each process of a run."""
    from engine.training.codec.batches import SongPieces, StemPieces

    samples = max(1, round(training.seconds * config.frame_rate)) * config.hop
    roles = roles_of(args, config)
    if args.corpus is None:
        from bridge.train import with_sources
        from engine.training.corpus.recipe import Recipe

        # As `train corpus` makes them: what is installed is learnt from.
        made = partial(songs_of, with_sources(Recipe()), training.seed + rank, "train", args.processes or 1)
        return SongPieces(made, roles, training.batch_size, samples, training.seed)
    stems = stems_of(args.corpus, "train", roles, dry=True)
    return StemPieces(stems, training.batch_size, samples, training.seed)


def evaluation_of(args: argparse.Namespace, config: CodecConfig, training: TrainingConfig) -> Evaluation:
    from engine.training.codec.held_out import HeldOut, read_stems, stems_of_songs
    from engine.training.codec.spectrograms import draw_spectrograms

    roles = roles_of(args, config)
    if args.corpus is None:
        from engine.training.corpus.recipe import Recipe

        # Of the engine's own instruments alone: the same figures on every machine.
        audio = stems_of_songs(songs_of(Recipe(), training.seed, "held_out", 1, 0), roles)
    else:
        audio = read_stems(stems_of(args.corpus, "held_out", roles))
    return HeldOut(audio, config.sample_rate, draw_spectrograms)


def about(args: argparse.Namespace, config: CodecConfig, training: TrainingConfig) -> dict[str, str]:
    """What the codec's card says of its making: material, what it began with, what stayed, its losses."""
    weights = {name: weight for name, weight in training.weights().items() if weight}
    if training.adversary_from >= 1.0:
        weights = {name: weights[name] for name in weights if name not in ("adversarial", "features")}
    losses = ", ".join(f"{name} {weight:g}" for name, weight in weights.items())
    told = {"data": data_of(args, config), "losses": losses + (", balanced" if training.balance else "")}
    if args.start_from:
        told["start_from"] = Path(args.start_from).name
    frozen = [part for part in ("encoder", "codebooks") if getattr(training, f"frozen_{part}")]
    if frozen:
        told["frozen"] = ", ".join(frozen)
    return told


def data_of(args: argparse.Namespace, config: CodecConfig) -> str:
    """How much of what it was trained on."""
    roles = roles_of(args, config)
    if args.corpus is None:
        return f"songs made on the fly, {', '.join(roles)}"
    stems = stems_of(args.corpus, "train", roles, dry=True)
    hours = sum(stem.samples for stem in stems) / config.sample_rate / 3600
    kinds = sorted({stem.source.partition(":")[0] for stem in stems})
    return f"{len(stems)} stems, {hours:.1f} hours, of {', '.join(roles)}; from {', '.join(kinds)}"


def songs_of(recipe: Recipe, seed: int, split: str, processes: int, first: int) -> Iterator[Song]:
    from engine.training.corpus.live import live_songs

    return live_songs(seed, recipe, processes, split, first)


def stems_of(corpus: Path, split: str, roles: tuple[str, ...], dry: bool = False) -> list[StemFile]:
    from engine.training.corpus.reading import Corpus

    return Corpus.open(corpus).stems(split, roles, dry)
