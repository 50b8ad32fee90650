"""What was measured in played music (`played.toml`, written by `engine.music.distil`)."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import accumulate

WIDEST = 7  # rungs of the scale; the columns of a row are -7 .. 7
PREVIOUS = 3  # rows: the step before, -3 (or more down) .. 3 (or more up)
Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Played:
    """`grooves`: velocity of each sixteenth against the mean. `fills`: voice -> sixteen steps.

    `steps`: "strong" or "weak" goal -> running sums of the shares of each next step.
    """

    grooves: Mapping[str, tuple[float, ...]]
    fills: tuple[Mapping[str, str], ...]
    steps: Mapping[str, Rows]


@lru_cache(maxsize=1)
def played() -> Played:
    data = tomllib.loads((resources.files("engine.music") / "played.toml").read_text(encoding="utf-8"))
    return Played(
        {name: tuple(groove["levels"]) for name, groove in data["grooves"].items()},
        tuple(data["fills"]),
        {name: tuple(tuple(accumulate(row)) for row in rows) for name, rows in data["melody"].items()},
    )


def next_step(before: int, strong: bool, rng: random.Random) -> int:
    """Rungs of the scale to the next note, as melodies go on after a step of `before` rungs."""
    rows = played().steps["strong" if strong else "weak"]
    row = rows[max(-PREVIOUS, min(PREVIOUS, before)) + PREVIOUS]
    place = rng.random() * row[-1]
    return next(column for column, reach in enumerate(row) if place <= reach) - WIDEST
