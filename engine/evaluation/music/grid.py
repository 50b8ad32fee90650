"""What is asked for: prompts x seeds x meters x locks."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

from engine.music.genre import Genre, genres

LOCKS = ("drums", "harmony")


@dataclass(frozen=True)
class Case:
    """One take to make and measure.

    `lock`: this track is kept from the take that `base_seed` gives, and the others are made for it.
    """

    name: str
    prompt: str
    seed: int
    bars: int
    genre: str = ""  # the genre it was asked as; "" for a free prompt
    signature: str = "4/4"
    lock: str = ""
    base_seed: int = 0
    is_measured: bool = True  # by itself; else only beside other takes


def asked() -> dict[str, Any]:
    """The file of prompts."""
    text = (resources.files(__package__) / "prompts.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def cases(quick: bool) -> tuple[Case, ...]:
    """All cases of the quick or the long form, the same ones each time."""
    data = asked()
    size = data["quick" if quick else "full"]
    found: list[Case] = []
    for index, genre in enumerate(genres().values()):
        found += _of_genre(genre, index, data, size)
    hard = data["hard"][: data["quick_hard"]] if quick else data["hard"]
    found += [Case(f"hard/{i}", prompt, 1000 + i, size["bars"]) for i, prompt in enumerate(hard, 1)]
    return tuple(found)


def _of_genre(genre: Genre, index: int, data: dict[str, Any], size: dict[str, int]) -> Iterator[Case]:
    bars = size["bars"]
    for seed in range(1, size["seeds"] + 1):
        prompt = prompt_of(genre, seed, data)
        measured = seed <= size["measured_seeds"]
        yield Case(f"{genre.name}/{seed}", prompt, seed, bars, genre.name, is_measured=measured)
    for i in range(size["meters"]):
        meter = data["meters"][(index + i) % len(data["meters"])]
        prompt = prompt_of(genre, 100 + i, data)
        yield Case(f"{genre.name}/{meter}", prompt, 100 + i, bars, genre.name, meter)
    for seed in range(1, size["lock_seeds"] + 1):
        for lock in LOCKS if size["locks"] > 1 else LOCKS[index % 2 :][:1]:
            yield Case(
                f"{genre.name}/{lock}-locked/{seed}", prompt_of(genre, seed, data), 200 + seed, bars,
                genre.name, lock=lock, base_seed=seed, is_measured=False,
            )  # fmt: skip


def prompt_of(genre: Genre, seed: int, data: dict[str, Any]) -> str:
    """The prompt of a genre for a seed, with a key and a tempo inside the genre's range."""
    rng = random.Random(f"{genre.name}/{seed}")
    low, high = genre.tempo_bpm
    return data["plain"][(seed - 1) % len(data["plain"])].format(
        genre=genre.words[0], key=rng.choice(data["keys"]), tempo=rng.randint(round(low), round(high))
    )
