"""The command line: `resonantgen …`. Each command's code is imported when it is called."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine import __version__
from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.config import Config

DEFAULT_PORT = 9130
RENDERS = ("auto", "model", "instruments")
LAST_THREADS_S = 0.5  # idle ones end in far less


def build_parser(command: str = "") -> argparse.ArgumentParser:
    """`train` has its own commands; what says what they are is imported where it is the command."""
    parser = argparse.ArgumentParser(
        prog="resonantgen", description="A generative band for the DAW and the stage."
    )
    parser.add_argument("--version", action="version", version=f"resonantgen {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="the main job end to end: a sentence, four stems, locks, a mix")
    demo.add_argument(
        "prompt", nargs="?", help="a prompt of your own, such as 'jazzy drum and bass in F minor'"
    )
    demo.add_argument("--out", type=Path, default=Path("resonantgen-demo"), help="folder for the results")
    _add_genres(demo)

    serve = commands.add_parser("serve", help="run the engine until /rg/quit or Ctrl-C")
    serve.add_argument("--config", type=Path, help="a TOML file; keys it leaves out have their defaults")
    serve.add_argument("--set", type=Path, help="the set's folder")
    serve.add_argument("--port", type=int, help=f"OSC port (default {DEFAULT_PORT})")
    serve.add_argument("--jack", choices=("auto", "on", "off"), help="play through JACK")
    serve.add_argument("--render", choices=RENDERS, help="what performs: the track models or the instruments")
    serve.add_argument("--resume", action="store_true", help="take up unfinished generations, and play on")
    serve.add_argument("--verbose", action="store_true", help="log everything")
    _add_genres(serve)

    install = commands.add_parser("install", help="the companion of a DAW or tablet, where that looks for it")
    install.add_argument("host", nargs="?", help="ableton, reaper, …; without it, what is installed where")
    install.add_argument("--dir", type=Path, help="another folder than the host's usual one")
    install.add_argument("--dry-run", action="store_true", help="only say what would be done")
    install.add_argument("--uninstall", action="store_true", help="take away what was installed")

    doctor = commands.add_parser("doctor", help="what is here, what is missing, how to get it")
    doctor.add_argument("--json", action="store_true")
    doctor.add_argument("--models", action="store_true", help="load the track models too: time and memory")
    doctor.add_argument("--config", type=Path, help="the settings (TOML) to look at the machine with")
    _add_genres(doctor)

    monitor = commands.add_parser("monitor", help="live view of a running engine")
    _add_target(monitor)
    monitor.add_argument("--once", action="store_true", help="print one view and end")

    send = commands.add_parser("send", help="send one OSC message and print the answers")
    send.add_argument("address")
    send.add_argument("args", nargs="*", help="arguments, typed by the contract")
    send.add_argument("--wait", type=float, default=60.0, help="seconds to wait for an answer")
    _add_target(send)

    analyze = commands.add_parser("analyze", help="what a prompt means")
    analyze.add_argument("prompt")
    analyze.add_argument("--json", action="store_true")
    analyze.add_argument("--config", type=Path, help="settings (TOML), for [prompt] and [folders]")
    _add_genres(analyze)

    bench = commands.add_parser("bench", help="measure this machine, as JSON lines")
    bench.add_argument(
        "what",
        nargs="?",
        choices=("engine", "models", "clock", "midi"),
        default="engine",
        help="what is measured (default engine)",
    )
    bench.add_argument("--quick", action="store_true", help="fewer rounds")
    bench.add_argument("--only", help="one part: latency, lock, render; of the clock: jack, link, midi")
    bench.add_argument("--minutes", type=float, default=10.0, help="clock: for each part (default 10)")
    bench.add_argument("--size", action="append", help="models: small, base, full, also several times")

    evaluate = commands.add_parser("evaluate", help="how well it plays, measured by other people's libraries")
    evaluate.add_argument("what", choices=("music", "codec", "models"))
    evaluate.add_argument("--quick", action="store_true", help="fewer and shorter takes or stems")
    evaluate.add_argument(
        "--out", type=Path, help="folder for the report or card, pictures and figures.jsonl"
    )
    evaluate.add_argument("--only", help="music: parts, with commas: tempo, key, chords, lock, genres …")
    evaluate.add_argument("--check", action="store_true", help="exit status 1 where a goal is clearly missed")
    evaluate.add_argument(
        "--genres", type=Path, help="music: a folder of your own genres, measured among ours"
    )
    evaluate.add_argument("--processes", type=int, default=2, help="music: how many at once (default 2)")
    _add_codec_options(evaluate)
    _add_model_options(evaluate)

    train = commands.add_parser("train", help="make songs to train on, and train on them")
    if command == "train":
        _add_training(train.add_subparsers(dest="what", required=True, metavar="WHAT"))
    return parser


def _add_training(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from bridge import train, train_average, train_codec, train_sources, train_track

    train.add_parser(commands)
    train_sources.add_parser(commands)
    train_codec.add_parser(commands)
    train_track.add_parser(commands)
    train_average.add_parser(commands)


def _add_codec_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--codec",
        action="append",
        metavar="NAME_OR_PATH",
        help="codec: which, also several times (default all)",
    )
    parser.add_argument(
        "--corpus",
        type=Path,
        help="codec: whose held-out stems (default: made on the spot, by our own instruments alone)",
    )
    parser.add_argument("--roles", help="codec: with commas (default: those it is for)")
    parser.add_argument("--stems", type=int, help="codec: stems a role (default 16, with --quick 2)")
    parser.add_argument(
        "--beside", action="store_true", help="codec: measure Opus, Vorbis and MP3 on the same stems, too"
    )


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--role", action="append", help="models: which, also several times (default all)")
    parser.add_argument("--weights", type=Path, help="models: a file, or a folder of them (default: bundled)")
    parser.add_argument("--scores", type=int, help="models: scores a role (default 64, with --quick 8)")
    parser.add_argument("--seed", type=int, default=0, help="models: of the performances (default 0)")
    parser.add_argument("--stamp", action="store_true", help="models: write the figures into the weights")


def _add_genres(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--genres", type=Path, help="the folder of your own genres, instead of the settings'")


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)


def main(argv: list[str] | None = None) -> int:
    given = _free_negative_numbers(argv)
    args = build_parser(*given[:1]).parse_args(given)
    try:
        return _run(args)
    except EngineError as error:
        print(f"resonantgen: {error.text}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _free_negative_numbers(argv: list[str] | None) -> list[str]:
    """`send /rg/seed -1`: argparse would take a negative number for an option of its own."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == ["send"] and "--" not in given:
        options = [i for i, word in enumerate(given) if word.startswith("--")]
        end = options[0] if options else len(given)
        return [given[0], *given[end:], "--", *given[1:end]]
    return given


def _run(args: argparse.Namespace) -> int:
    if args.command == "demo":
        from bridge.demo import demo

        return demo(args.out, args.prompt, args.genres)
    if args.command == "serve":
        return _serve(args)
    if args.command == "install":
        from bridge.install import main as install

        return install(args.host, args.dir, args.dry_run, args.uninstall)
    if args.command == "doctor":
        from bridge.doctor import main_doctor

        given = args.config is not None or args.genres is not None
        return main_doctor(args.json, _config(args) if given else None, args.models)
    if args.command == "monitor":
        from bridge.monitor import monitor

        return monitor(args.host, args.port, args.once)
    if args.command == "send":
        from bridge.send import send

        return send(args.address, args.args, args.host, args.port, args.wait)
    if args.command == "analyze":
        from bridge.analyze import analyze
        from engine.config import genre_folder
        from engine.music.user_genres import load_user_genres

        config = _config(args)
        for failure in load_user_genres(genre_folder(config)):
            print(f"resonantgen: {failure}", file=sys.stderr)
        return analyze(args.prompt, args.json, config.prompt)
    if args.command == "evaluate" and args.what == "codec":
        from bridge.evaluate_codec import evaluate_codecs

        return evaluate_codecs(args)
    if args.command == "evaluate" and args.what == "models":
        from bridge.evaluate_models import evaluate_track_models

        return evaluate_track_models(args)
    if args.command == "evaluate":
        from bridge.evaluate import evaluate_music

        return evaluate_music(args.quick, args.out, args.only, args.check, args.processes, args.genres)
    if args.command == "train":
        return _train(args)
    if args.what == "models":
        from bridge.bench_models import bench_models

        return bench_models(args.quick, args.size)
    if args.what == "clock":
        from bridge.clock.bench import bench_clock

        return bench_clock(args.minutes, args.quick, args.only)
    if args.what == "midi":
        from bridge.bench_midi import bench_midi

        return bench_midi(args.quick)
    from bridge.bench import bench

    return bench(args.quick, args.only)


def _train(args: argparse.Namespace) -> int:
    from bridge import train, train_average, train_codec, train_sources, train_track

    mains = {
        "corpus": train.main, "sources": train_sources.main, "codec": train_codec.main,
        "track": train_track.main, "average": train_average.main,
    }  # fmt: skip
    return mains[args.what](args)


def _config(args: argparse.Namespace) -> Config:
    """The settings of `--config`, with what the command line says of folders."""
    from dataclasses import replace

    from engine.config import load_config

    config = load_config(args.config)
    if args.genres is None:
        return config
    return replace(config, folders=replace(config.folders, genres=str(args.genres)))


def _serve(args: argparse.Namespace) -> int:
    import asyncio
    from dataclasses import replace

    from engine.config import set_folder

    config = _config(args)
    if args.port is not None:
        config = replace(config, osc=replace(config.osc, port=args.port))
    if args.jack is not None:
        config = replace(config, jack=replace(config.jack, mode=args.jack))
    if args.render is not None:
        config = replace(config, engine=replace(config.engine, render=args.render))
    level = logging.DEBUG if args.verbose else getattr(logging, config.log.level.upper())
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)-7s %(message)s")

    from bridge.app import App

    folder = args.set or set_folder(config)
    asyncio.run(App(config, folder).run(args.resume))
    leave(0)
    return 0


def leave(code: int) -> None:
    """End the process now if a thread still works, as one that imports torch does for many seconds: all that
    has to be kept is on the disk, and every port is closed. Returns where none does."""
    end_s = time.monotonic() + LAST_THREADS_S
    threads = [one for one in threading.enumerate() if one is not threading.current_thread()]
    for thread in threads:
        if not thread.daemon:
            thread.join(max(0.0, end_s - time.monotonic()))
    if any(thread.is_alive() and not thread.daemon for thread in threads):
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
