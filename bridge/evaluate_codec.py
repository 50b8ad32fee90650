"""`resonantgen evaluate codec`: what a codec keeps of held-out stems, as JSON lines, tables and a card."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bridge.report_folder import begin_report, write_report
from engine import __version__
from engine.errors import EngineError
from engine.evaluation.extras import CODEC, check_all
from engine.registry import BAND, roles_named

if TYPE_CHECKING:
    from engine.evaluation.codec.run import Result, Stem
    from engine.model.codec.codec import Codec

LINES, CARD = "figures.jsonl", "card.md"
MARKS = {None: "", True: " [green]✓[/]", False: " [red]✗[/]"}
FEWER = (4, 8)  # codebooks, beside all
DRAWN = 2  # stems a role
WIDE = 130  # columns of a terminal


def evaluate_codecs(args: argparse.Namespace) -> int:
    """1 where --check is given and a goal is clearly missed."""
    roles = () if args.roles is None else roles_named(args.roles)
    if args.stems is not None and args.stems < 1:
        raise EngineError("range", f"--stems {args.stems}; it is 1 or more")
    check_all(CODEC)
    if args.beside:
        from engine.evaluation.codec.others import check_others

        check_others()
    if args.out is not None:
        begin_report(args.out)
    console = Console(stderr=True)
    measured = []
    for path in [codec_path(name) for name in args.codec] if args.codec else bundled_codecs():
        result, others = _measured(console, path, roles, args)
        measured.append((result, others))
        sys.stdout.write("".join(f"{line}\n" for each in (result, *others) for line in lines_of(each)))
        sys.stdout.flush()
        for each in (result, *others):
            for shown in ([role for role in each.roles if role], [""] if "" in each.roles else []):
                console.print(table_of(each, shown, console.width))
    console.print(published_table())
    if args.out is not None:
        _write(args.out, measured)
        console.print(f"card, figures and pictures: {args.out}")
    rows = [row for result, _ in measured for role in result.roles for row in result.rows(role)]
    return 1 if args.check and any(row.forgiven is False for row in rows) else 0


def codec_path(name_or_path: str) -> Path:
    """The weight file, or a folder of somebody's EnCodec; EngineError `unknown` or `not_found`."""
    from engine.model.codec.weights import SUFFIX, bundled

    path = Path(name_or_path)
    if path.exists():
        return path
    if path.suffix != SUFFIX and path.name == name_or_path:
        return bundled(name_or_path)
    raise EngineError("not_found", f"there is no codec {path}: neither a {SUFFIX} file nor an EnCodec folder")


def loaded(path: Path) -> Codec:
    """Of our own or, where it is a folder, of others."""
    from engine.model.codec.published import load_published
    from engine.model.codec.weights import load_codec

    return load_published(path) if path.is_dir() else load_codec(path)


def bundled_codecs() -> list[Path]:
    """EngineError `not_found` where there is none."""
    from engine.model.codec.weights import bundled, bundled_names

    found = [bundled(name) for name in bundled_names()]
    if not found:
        raise EngineError("not_found", "no codec is bundled here; name a file: --codec FILE.safetensors")
    return found


def name_of(path: Path) -> str:
    """A run's weights are all called `codec`: they go by the name of its folder."""
    return path.absolute().parent.name if path.stem == "codec" else path.stem


def _measured(
    console: Console, path: Path, roles: tuple[str, ...], args: argparse.Namespace
) -> tuple[Result, list[Result]]:
    """The codec's and, with --beside, what others' codecs come to on the same stems."""
    from engine.evaluation.codec.others import evaluate_others
    from engine.evaluation.codec.run import evaluate_codec
    from engine.evaluation.codec.speed import costs, one_core
    from engine.evaluation.codec.stems import MOST, MOST_QUICK, held_out_stems

    codec, name = loaded(path), name_of(path)
    roles = roles or codec.config.roles or tuple(BAND)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress, one_core():
        task = progress.add_task(f"{name}: stems")

        def told(role: str, number: int) -> None:
            progress.update(task, description=f"{name}: {role}, {number + 1} of {len(stems)}")

        most = args.stems or (MOST_QUICK if args.quick else MOST)
        stems = list(held_out_stems(roles, most, args.corpus))
        result = evaluate_codec(
            codec, stems, fewer_codebooks=() if args.quick else FEWER, told=told, name=name
        )
        result = replace(result, material=material_of(args.corpus))
        others = evaluate_others(stems, told=told) if args.beside else []
        progress.update(task, description=f"{name}: speed")
        result = result.with_costs(costs(codec, path if path.is_file() else None, args.quick))
    if args.out is not None:
        _draw(args.out, name, codec, stems)
    return result, others


def material_of(corpus: Path | None) -> str:
    """Where the stems are from, for the card."""
    if corpus is None:
        return "of held-out songs that our own instruments play, with effects by lot"
    return f"of the held-out songs of {corpus.name}"


def _draw(folder: Path, name: str, codec: Codec, stems: list[Stem]) -> None:
    """A picture a role: spectra of the first stems before and after, their difference, and an attack."""
    from engine.evaluation.codec.run import round_trip
    from engine.training.codec.spectrograms import draw_spectrograms

    for role in dict.fromkeys(role for role, _ in stems):
        own = [audio for of, audio in stems if of == role][:DRAWN]
        pairs = [(f"{role} {i + 1}", audio, round_trip(codec, audio)) for i, audio in enumerate(own)]
        draw_spectrograms(pairs, folder / f"{name}_{role}.png")


def _write(folder: Path, measured: list[tuple[Result, list[Result]]]) -> None:
    from engine.evaluation.codec.card import card_of

    lines = [line for result, others in measured for each in (result, *others) for line in lines_of(each)]
    cards = [card_of(result, others) for result, others in measured]
    write_report(folder, {LINES: "".join(f"{line}\n" for line in lines), CARD: "\n".join(cards)})


def lines_of(result: Result) -> list[str]:
    """Every figure, then the summary by role, as JSON."""
    return [
        *(figure.line() for figure in result.figures),
        *(
            json.dumps(row.as_dict() | {"codec": result.codec, "role": role, "version": __version__})
            for role in result.roles
            for row in result.rows(role)
        ),
    ]


def table_of(result: Result, roles: Sequence[str], width: int) -> Table:
    """A column a role (or "codec" for ""); what each line means where there is room for it."""
    from engine.evaluation.codec.card import wanted
    from engine.evaluation.codec.run import goals

    rows = [{row.goal.measure: row for row in result.rows(role)} for role in roles]
    caption = "[green]✓[/] met, [red]✗[/] missed"
    table = Table(title=result.codec, caption=caption, box=SIMPLE_HEAD)
    for head in ("measure", *(role or "codec" for role in roles), "goal"):
        table.add_column(head, no_wrap=True)
    if is_wide := width >= WIDE:
        table.add_column("what", no_wrap=True, overflow="ellipsis")
    for goal in goals():
        found = [of.get(goal.measure) for of in rows]
        if any(found):
            cells = ["" if row is None else f"{row.value:.3g}{MARKS[row.met]}" for row in found]
            table.add_row(goal.measure, *cells, wanted(goal), *([goal.text] if is_wide else []))
    return table


def published_table() -> Table:
    """What others publish: other stems and other judges, an orientation."""
    from engine.evaluation.codec.card import published

    table = Table(
        "codec", "frames/s", "kbit/s", "ViSQOL", "SI-SDR dB", "source", title="published", box=SIMPLE_HEAD
    )
    for codec in published():
        said = ["" if value is None else f"{value:g}" for value in (codec.visqol, codec.si_sdr)]
        table.add_row(codec.name, f"{codec.frames:g}", f"{codec.kilobits:g}", *said, codec.source)
    return table
