"""`resonantgen train corpus`: songs for training, rendered into a folder."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import EngineError
from engine.training.corpus.recipe import Recipe, shares

if TYPE_CHECKING:
    from engine.training.corpus.shards import Order, Written

DEFAULT_HOURS = 10.0
NUMBERS = ("min_seconds", "max_seconds", "softest_db", "lowest_pitch_hz", "highest_pitch_hz")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "corpus",
        help="songs with stems, scores and captions, made for training; goes on where it was stopped",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the corpus")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--hours", type=float, help=f"audio over all stems, about (default {DEFAULT_HOURS:g})")
    size.add_argument("--songs", type=int)
    size.add_argument("--stems", type=Path, help="of this folder of your own audio, instead of songs made")
    parser.add_argument("--seed", type=int, help="another one, other songs (default 0)")
    parser.add_argument("--processes", type=int, help="default: one a core")
    parser.add_argument("--held-out", type=float, default=0.05, help="share that is never trained on (0.05)")
    parser.add_argument(
        "--sources", type=Path, help="folder of soundfonts and samples, beside the usual places"
    )
    parser.add_argument("--genres", nargs="+", help="that songs are of (default: all)")
    parser.add_argument(
        "--dry", action="store_const", const=True,
        help="pitched stems also before effects and mix: tracks trained on it perform dry, effects follow",
    )  # fmt: skip
    recipe = Recipe()
    for name in NUMBERS:
        value = getattr(recipe, name)
        parser.add_argument(_option(name), type=float, help=f"default {value:g}")
    for name in shares():
        value = getattr(recipe, name)
        parser.add_argument(_option(name), dest=name, type=float, metavar="0..1", help=f"default {value:g}")


def _option(name: str) -> str:
    share = "share_" if name.endswith("_share") else ""
    return "--" + (share + name.removesuffix("_share")).replace("_", "-")


def main(args: argparse.Namespace) -> int:
    if args.stems is not None:
        from bridge import train_own

        check_only_heard(args)
        return train_own.main(args)
    from engine.training.corpus.processes import default_processes
    from engine.training.corpus.shards import write_corpus

    order = order_of(args)
    processes = args.processes if args.processes is not None else default_processes()
    started = time.monotonic()
    with Told(order) as told:
        made = write_corpus(order, processes, told.written)
    took_s = time.monotonic() - started
    told.progress.console.print(
        f"{order.folder}: {order.count('train')} songs to train on, {order.count('held_out')} held out; "
        f"{made} made in {took_s:.0f} s, {told.stem_seconds / max(took_s, 1e-9):.0f} s of audio a second",
        soft_wrap=True,
    )
    return 0


def check_only_heard(args: argparse.Namespace) -> None:
    """EngineError `range` for what is said of songs to be made, where stems are to be heard."""
    names = ("seed", "sources", "genres", "dry", *NUMBERS, *shares())
    said = [_option(name) for name in names if getattr(args, name) is not None]
    if said:
        raise EngineError(
            "range",
            f"{', '.join(said)}: of songs that are made; with --stems there are none, and beside it are "
            "--out, --held-out and --processes",
        )


def order_of(args: argparse.Namespace) -> Order:
    """EngineError `range`, or `not_found` where a folder of sources is none."""
    from engine.training.corpus.shards import Order, songs_for

    recipe = recipe_of(args)
    hours = DEFAULT_HOURS if args.hours is None else args.hours
    songs = songs_for(hours, recipe) if args.songs is None else args.songs
    if args.out.exists() and not args.out.is_dir():
        raise EngineError("file", f"{args.out} is a file; name a folder")
    return Order(args.out, songs, args.seed or 0, recipe, args.held_out)


def recipe_of(args: argparse.Namespace) -> Recipe:
    """With the names of the soundfonts and samples that are here, of those that any share is asked of.

    A corpus that stands already keeps the material it was begun with, whatever has been installed since.
    """
    given = {name: getattr(args, name) for name in (*NUMBERS, *shares())}
    numbers = {name: value for name, value in given.items() if value is not None}
    recipe = Recipe(**numbers, genres=tuple(args.genres or ()), dry=bool(args.dry), sources=args.sources)
    here = with_sources(recipe)
    fonts, packs = material_of(args.out) or (here.soundfonts, here.packs)
    return replace(recipe, soundfonts=fonts, packs=packs)


def with_sources(recipe: Recipe) -> Recipe:
    """With the soundfonts and samples that are here, of those that any share is asked of; says what lacks."""
    from importlib.util import find_spec

    from engine.training.corpus.sources import INSTALL_PLAYER, PLAYER, find_sources

    found = find_sources(recipe.sources)
    fonts = tuple(font.name for font in found.soundfonts) if recipe.soundfont_share else ()
    packs = tuple(pack.name for pack in found.packs) if recipe.sample_share else ()
    if fonts and find_spec(PLAYER) is None:
        print(f"without soundfonts: {PLAYER} is not installed; {INSTALL_PLAYER}", file=sys.stderr)
        fonts = ()
    return replace(recipe, soundfonts=fonts, packs=packs)


def material_of(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The soundfonts and packs that the corpus in `folder` is made from; None where there is none yet."""
    from engine.training.corpus.reading import HEAD, Corpus

    if not (folder / HEAD).is_file():
        return None
    recipe = Corpus.open(folder).head.get("recipe", {})
    return tuple(recipe.get("soundfonts", ())), tuple(recipe.get("packs", ()))


class Told:
    """Progress: songs, seconds of audio a second, time left."""

    def __init__(self, order: Order) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        from engine.training.corpus.shards import songs_left

        counted, speed = TextColumn("{task.completed}/{task.total} songs"), TextColumn("{task.fields[speed]}")
        columns = (counted, BarColumn(), speed, TimeElapsedColumn(), TimeRemainingColumn())
        self.progress = Progress(*columns, console=Console(stderr=True))
        self.stem_seconds = 0.0
        self.started = time.monotonic()
        self.task = self.progress.add_task("songs", total=songs_left(order), speed="")

    def __enter__(self) -> Told:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def written(self, written: Written) -> None:
        self.stem_seconds += written.stem_seconds
        speed = self.stem_seconds / max(time.monotonic() - self.started, 1e-9)
        self.progress.update(self.task, advance=1, speed=f"{speed:.0f} s of audio a second")
