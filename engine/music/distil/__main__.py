"""Write `engine/music/played.toml` anew.

    python -m engine.music.distil SONGS... [--tunes 1059] [--out FILE]

SONGS are MIDI files, folders of them, and WADs: those of the Debian packages `simutrans-data` (Artistic)
and `freedoom` (BSD). Tunes need the package `music21`.
"""

from __future__ import annotations

import argparse
import importlib
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.music.distil.drums import BAR_STEPS, HALF, Fill, fills_of, groove_of
from engine.music.distil.songs import Drumming, drummings
from engine.music.distil.tunes import tune_steps

MOST_FILLS = 48
SPREAD = 0.5  # two fills that share more than half of their strokes are one
CONTRAST = 0.1  # how much louder accented places are, at least
# Which sixteenths are compared with which to tell how a hand accents.
ACCENTS = {
    "backbeat": ((4, 12), (0, 8)), "downbeat": ((0, 8), (4, 12)), "offbeat": ((2, 6, 10, 14), (0, 4, 8, 12)),
    "eighths": (tuple(range(0, 16, 2)), tuple(range(1, 16, 2))),
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.music.distil", description="Distil played music.")
    parser.add_argument("songs", nargs="+", type=Path)
    parser.add_argument("--tunes", type=int, default=1059)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "played.toml")
    given = parser.parse_args(arguments)
    songs = list(drummings(given.songs))
    hits = sum(len(song.hits) for song in songs)
    corpus: Any = importlib.import_module("music21.corpus")
    lines = [
        "# Figures of played music: see engine/music/distil.",
        f"# {len(songs)} drum tracks, {hits} hits: simutrans-data, freedoom;",
        "# Ryan's Mammoth Collection (1883) from the music21 corpus.",
        "",
        *_groove_lines(songs),
        *_tune_lines(tune_steps(corpus, "ryansMammoth", given.tunes)),
        *_fill_lines(chosen_fills(songs)),
    ]
    given.out.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


# --- fills ------------------------------------------------------------------------------------------


def chosen_fills(songs: Sequence[Drumming]) -> list[Fill]:
    """The commonest fills, each unlike the ones before it."""
    found = fills_of(songs)
    order = sorted(found, key=lambda fill: (-found[fill], fill))
    random.Random(1).shuffle(order)
    order.sort(key=lambda fill: -found[fill])
    chosen: list[Fill] = []
    for fill in order:
        if all(_alike(fill, other) <= SPREAD for other in chosen):
            chosen.append(fill)
    return sorted(chosen[:MOST_FILLS], key=_strokes)


def _marks(fill: Fill) -> set[tuple[str, int]]:
    return {(voice, step) for voice, row in fill for step, letter in enumerate(row) if letter != "."}


def _alike(one: Fill, other: Fill) -> float:
    a, b = _marks(one), _marks(other)
    return len(a & b) / len(a | b)


def _strokes(fill: Fill) -> int:
    return len(_marks(fill))


def _fill_lines(fills: Sequence[Fill]) -> list[str]:
    lines = ["# The second half of a bar that leads into a crash, from the sparsest to the fullest."]
    for fill in fills:
        lines += ["[[fills]]", *(f'{voice} = "{"." * HALF}{row}"' for voice, row in fill), ""]
    return lines


# --- grooves ----------------------------------------------------------------------------------------


def _groove_lines(songs: Sequence[Drumming]) -> list[str]:
    hats = [groove["hat"][0] for song in songs if (groove := groove_of(song)) and "hat" in groove]
    lines = ["# How hats are accented: velocity of each sixteenth against the mean, by what is accented."]
    for name, (loud, soft) in ACCENTS.items():
        rows = [row for row in hats if _mean(row, loud) - _mean(row, soft) > CONTRAST]
        if rows:
            levels = np.mean(np.array(rows), axis=0)
            lines += [f"[grooves.{name}]", f"songs = {len(rows)}", f"levels = {_row(levels)}", ""]
    return lines


def _mean(row: Sequence[float], steps: Sequence[int]) -> float:
    assert len(row) == BAR_STEPS
    return float(np.mean([row[step] for step in steps]))


def _row(values: Any) -> str:
    return "[" + ", ".join(f"{float(value):.3g}" for value in values) + "]"


# --- tunes ------------------------------------------------------------------------------------------


def _tune_lines(tables: Mapping[str, list[list[int]]]) -> list[str]:
    lines = [
        "# Steps of melodies in rungs of the scale: rows by the step before (-3 or more down .. 3 up),",
        "# columns -7 .. 7 rungs; shares of the row. strong: the note that is reached stands on a beat.",
        "[melody]",
    ]
    for name, table in tables.items():
        rows = [np.array(row) / max(1, sum(row)) for row in table]
        lines += [f"{name} = [", *(f"  {_row(row)}," for row in rows), "]"]
    return [*lines, ""]


if __name__ == "__main__":
    main()
