"""`resonantgen train track`: a model that performs scores, from a corpus or from a musician's own stems."""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from bridge.train_run import Told, add_run_arguments, begin, check_threads, settings_of
from engine.errors import EngineError, check_range
from engine.training.extras import check_all

if TYPE_CHECKING:
    from engine.model.codec.codec import Codec
    from engine.model.track.config import TrackModelConfig
    from engine.model.track.track_model import TrackModel
    from engine.training.codec.parallel import Place
    from engine.training.codec.run import Evaluation
    from engine.training.corpus.own import Heard
    from engine.training.corpus.reading import Corpus
    from engine.training.track.config import TrackTrainingConfig
    from engine.training.track.material import Material

CACHE, CORPUS = "cache", "corpus"  # in the run's folder, where no other is named


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "track", help="train a track model; goes on where the same folder was cut off"
    )
    parser.add_argument("role", help="drums, bass, harmony, melody, or one of your own: see --kind")
    parser.add_argument(
        "--kind", default="", help="of a role of your own: drums (its scores hold hits) or pitched (notes)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--corpus", type=Path, help="made by `train corpus`")
    source.add_argument("--data", type=Path, help="a folder of your own stems: the bundled model learns them")
    parser.add_argument(
        "--size", help="debug, small, base, full; default: that of the weights to begin with, or small"
    )
    parser.add_argument(
        "--cache", type=Path, help="folder of what the codec says of the corpus; default: OUT/cache"
    )
    parser.add_argument(
        "--codecs",
        type=Path,
        help="folder of codec files to train with; default: the bundled ones, the only ones that the engine "
        "performs with: it refuses a model of others",
    )
    parser.add_argument(
        "--start-from",
        help="a bundled model's role or a file, of the same shape, whose weights to begin with",
    )
    add_run_arguments(parser, "TrackTrainingConfig")
    parser.add_argument(
        "--processes", type=int, help="that encode what is not in the cache; default: one a core"
    )


def main(args: argparse.Namespace) -> int:
    check_all()
    check_arguments(args)
    import torch

    from engine.model.track.track_model import TrackModel
    from engine.training.codec.parallel import placed
    from engine.training.codec.run import Run
    from engine.training.track.trainer import TRACK_WEIGHTS, TrackTrainer

    begun = begun_with(args)
    config, training = config_of(args, begun), training_of(args)
    check_start(training, begun)
    begin(args)
    with placed(args.device, args.precision) as place, Told(place) as told:
        found = material_of(args, config, place, told)
        if begun is not None and begun.config.dry != found.config.dry:
            found = of_another_kind(found, begun, training, told)
        torch.manual_seed(training.seed)
        model = TrackModel(found.config, found.codec.config)
        trainer = TrackTrainer(model, found.codec, training, found.windows("train", training), place)
        if begun is not None:
            check_begun(args, found.codec)
            trainer.start_from(begun)
        if args.compile:
            trainer.compile()
        evaluation = evaluation_of(found, training, told)
        about = found.about() | ({} if begun is None else {"start_from": begun_name(args)})
        told.run(Run(trainer, args.out, evaluation, told.line, about, TRACK_WEIGHTS))
        told.say(escape(next_steps(args.role, args.out, args.codecs is not None)))
    return 0


def of_another_kind(
    found: Material, begun: TrackModel, training: TrackTrainingConfig, told: Told
) -> Material:
    """Dry stems for a model that learnt finished ones, or the other way round: what comes of it is said."""
    if training.only_giving_way:  # it performs as before
        return replace(found, config=replace(found.config, dry=begun.config.dry))
    if found.config.dry:
        told.say("the stems are dry: effects and mix will follow a model that had them in its sound")
    else:
        told.say(
            "the stems are finished ones: the model will have effects in its sound, and none will follow"
        )
    return found


def next_steps(role: str, out: Path, other_codecs: bool) -> str:
    """How the engine comes to perform with what was trained."""
    from engine.registry import BAND
    from engine.training.track.trainer import engine_name

    path = out / engine_name(role)
    lines = [f'{path}: the engine performs with it when [folders] models = "{out.absolute().as_posix()}"']
    if role in BAND:
        lines += [
            'unmeasured, or below the bar, it performs only where [engine] render = "model"; to measure it:',
            f"resonantgen evaluate models --weights {path} --stamp",
        ]
    else:
        lines += [f'and [engine] render = "model", in a track type that says model="{role}"']
    if other_codecs:
        lines += ["codecs other than the bundled ones: the engine refuses a model of theirs"]
    return "\n".join(lines)


def check_arguments(args: argparse.Namespace) -> None:
    """EngineError `range` for numbers that are none, `unknown` for a role or a kind that is none."""
    from engine.training.corpus.processes import MOST_PROCESSES

    check_threads(args)
    if args.processes is not None:
        check_range("--processes", args.processes, 1, MOST_PROCESSES)
    check_role(args.role, args.kind)


def check_role(role: str, kind: str) -> None:
    """EngineError `unknown` for a new role that says no kind, `range` for a name that no file could have."""
    from engine.model.track.config import KINDS, config_named, role_names

    if role in role_names():
        named = config_named(role).kind
        if kind not in ("", named):
            raise EngineError("range", f"--kind {kind}; the kind of {role} is {named}")
        return
    if not (role.isascii() and role.isidentifier()):
        raise EngineError("range", f"role {role!r} is not letters, digits and _")
    try:
        config_named(role, kind=kind)
    except EngineError as error:
        if kind:
            raise
        raise EngineError(
            error.code, f"{error.text}; a role of your own says what it plays: --kind {' or '.join(KINDS)}"
        ) from error


def begun_with(args: argparse.Namespace) -> TrackModel | None:
    """The trained model to begin with: a musician's own stems are learned on top of the bundled one."""
    from engine.model.track.weights import load_track_model

    if args.start_from is not None:
        return load_track_model(args.start_from)
    if args.data is None:
        return None
    try:
        return load_track_model(args.role)
    except EngineError as error:
        if error.code != "unknown":
            raise
        raise EngineError(
            "not_found",
            f"no model of {args.role} is bundled that could learn your stems; name one: --start-from FILE",
        ) from error


def begun_name(args: argparse.Namespace) -> str:
    return Path(args.start_from or args.role).name


def check_start(training: TrackTrainingConfig, begun: TrackModel | None) -> None:
    """EngineError `range` where all but the giving way would stay untrained."""
    if training.only_giving_way and begun is None:
        raise EngineError(
            "range", "only_giving_way leaves the rest as it was: name weights to begin with: --start-from"
        )


def check_begun(args: argparse.Namespace, codec: Codec) -> None:
    """EngineError `file` where the model to begin with speaks the tokens of another codec."""
    from engine.model.track.weights import read_track_file

    read_track_file(args.start_from or args.role).check_codec(codec)


def config_of(args: argparse.Namespace, begun: TrackModel | None) -> TrackModelConfig:
    """Of --size, or, where none is said, of the model to begin with; EngineError `range` for another role."""
    from engine.model.track.config import DEFAULT_SIZE, config_named

    if begun is None or args.size is not None:
        return config_named(args.role, args.size or DEFAULT_SIZE, args.kind)
    if begun.config.role != args.role:
        raise EngineError("range", f"{args.start_from} plays {begun.config.role}, not {args.role}")
    if args.start_from is None:
        return begun.config
    named = config_named(args.role, kind=begun.config.kind)
    return replace(begun.config, gives_way=named.gives_way)  # it may learn what it lacks


def training_of(args: argparse.Namespace) -> TrackTrainingConfig:
    from engine.training.track.config import OWN, TrackTrainingConfig, changed

    if args.data is None:
        return changed(TrackTrainingConfig(), settings_of(args))
    if args.minutes is None and args.steps is None:
        from engine.training.track.own import MINUTES

        args.minutes = MINUTES
    return changed(OWN, settings_of(args))


def material_of(args: argparse.Namespace, config: TrackModelConfig, place: Place, told: Told) -> Material:
    """The first process makes what is missing; the others wait, and read."""
    from engine.registry import BAND
    from engine.training.corpus.processes import default_processes
    from engine.training.track.material import codec_files, material

    roles = tuple(dict.fromkeys((config.role, *BAND)))
    codecs = codec_files(config, roles, args.codecs)
    processes = args.processes if args.processes is not None else default_processes()
    if not place.first:
        place.wait()
    corpus = corpus_of(args, processes, place, told)
    found = material(corpus, config, args.cache or args.out / CACHE, codecs, processes, told.prepared)
    if place.first:
        place.wait()
    return found


def corpus_of(args: argparse.Namespace, processes: int, place: Place, told: Told) -> Corpus:
    """The one that is named, or one heard from the musician's own stems."""
    from engine.training.corpus.reading import Corpus

    if args.data is None or not place.first:
        return Corpus.open(args.corpus or args.out / CORPUS)
    from engine.training.track.own import own_corpus

    def heard(one: Heard) -> None:
        told.say(f"{one.song}: {one.parts} parts, {one.stem_seconds:.0f} s of audio")

    return own_corpus(args.data, args.out / CORPUS, args.role, processes, heard)


def evaluation_of(found: Material, training: TrackTrainingConfig, told: Told) -> Evaluation[TrackModel]:
    """On held-out windows; of a single song nothing is held out, and nothing is measured."""
    if not found.parts["held_out"]:
        told.say("nothing is held out: this run measures only what it learns from")
        return lambda *_: {}
    from engine.training.codec.spectrograms import draw_spectrograms
    from engine.training.track.held_out import HeldOutWindows

    draw = partial(draw_spectrograms, names=("reference", "performed"))
    return HeldOutWindows(found.windows("held_out", training), found.codec, draw)
