"""Reading and choosing the pattern strings of a genre."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

from engine.music.genre import steps_of
from engine.music.grid import PATTERN_STEPS, Grid

# Character of a pattern -> (chance that it sounds, level 0..1).
LEVELS: dict[str, tuple[float, float]] = {
    "X": (1.0, 1.0), "x": (1.0, 0.82), "o": (1.0, 0.55), "g": (0.6, 0.32),
    "R": (1.0, 0.9), "r": (1.0, 0.6), "3": (1.0, 0.8), "5": (1.0, 0.8), "7": (1.0, 0.78), "8": (1.0, 0.85),
    "a": (1.0, 0.75),
}  # fmt: skip


@dataclass(frozen=True)
class Event:
    """A note of a pattern: where in the bar, how many steps long, and which character wrote it."""

    step: int
    steps: int
    character: str


def chance_and_level(character: str) -> tuple[float, float]:
    """For hit patterns, where digits are chances; a rest or a hold is (0, 0)."""
    if character.isdigit():
        return int(character) / 10.0, 0.62
    return LEVELS.get(character, (0.0, 0.0))


def bars_in(pattern: str) -> int:
    return len(steps_of(pattern)) // PATTERN_STEPS


@lru_cache(maxsize=2048)
def bar_characters(pattern: str, bar: int, grid: Grid) -> str:
    """The characters of one bar in the grid's signature, one a step."""
    steps = steps_of(pattern)
    first = (bar % bars_in(pattern)) * PATTERN_STEPS
    return "".join(steps[first + source] for source in grid.source)


@lru_cache(maxsize=2048)
def bar_events(pattern: str, bar: int, grid: Grid) -> tuple[Event, ...]:
    """The notes of one bar; `-` lengthens the note before it, never across the bar line."""
    found: list[Event] = []
    for step, character in enumerate(bar_characters(pattern, bar, grid)):
        if character == "-":
            if found and found[-1].step + found[-1].steps == step:
                found[-1] = Event(found[-1].step, found[-1].steps + 1, found[-1].character)
        elif character != ".":
            found.append(Event(step, 1, character))
    return tuple(found)


@lru_cache(maxsize=256)
def by_density(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Patterns from the emptiest to the fullest."""
    return tuple(sorted(patterns, key=lambda p: sum(c not in ".-" for c in steps_of(p)) / bars_in(p)))


def choose(patterns: tuple[str, ...], density: float, rng: random.Random) -> str:
    """Any of the patterns at density 0.5; the nearer to 0 or 1, the surer the emptiest or fullest ones."""
    order = by_density(patterns)
    reach = 1.0 - 2.0 * abs(density - 0.5)
    place = density + reach * (rng.random() - 0.5)
    return order[min(len(order) - 1, int(place * len(order)))]


def keep_chance(weight: float, density: float) -> float:
    """Chance that a certain note stays when less is asked for: weak places go first, downbeats stay."""
    if density >= 0.5:
        return 1.0
    lack = 1.0 - 2.0 * density
    return max(0.0, min(1.0, 1.0 - lack * (1.15 - weight)))
