"""What a track should sound like, as one vector: palette, genre, words, and how much of what.

    | palettes 0/1 | genres 0/1 | amounts 0..1 | words 0/1 |     a list of styles.toml each

The vocabulary is fixed and nothing is hashed: a word that is not in it is dropped, and `unknown_words` tells.
Each list has room to grow into, so that weights of today read the vectors of tomorrow.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.instruments.palette import PALETTES, SETTINGS
from engine.instruments.settings import NEUTRAL
from engine.music.genre import bundled_genres
from engine.music.score import Score
from engine.prompt.listing import table as prompt_table
from engine.units import gain_to_db

LISTS = ("palettes", "genres", "amounts", "words")
TOLD_AMOUNT = 0.6  # of a processor that is only named, as in engine/prompt/words.toml
DEEPEST_DB = 24.0  # of ducking and carving
PALETTE_WORDS = 4  # as many as a corpus tells with a track


def style_size() -> int:
    """Values in a style vector."""
    return sum(_table()[name]["room"] for name in LISTS)


def style_of_score(
    score: Score, words: Iterable[str] = (), amounts: Mapping[str, Any] | None = None
) -> NDArray[np.float32]:
    """The style vector of a score [num_styles]: its palette, genre and settings, and what is said besides.

    `amounts`: of what was done to the sound after the instrument (a corpus's `effects`); a depth counts in
    shares of DEEPEST_DB, and what is no number as said. A score whose palette did not play it has palette ""
    (`conditioning.as_played`). Of the score's own ducking how far it goes is told: when, is heard.
    """
    done = _ducking(score) | dict(amounts or {})
    found = {name: _amount(value) for name, value in done.items()}
    numbers = {name: value for name, value in found.items() if value is not None}
    palette = PALETTES.get(score.palette)
    told = [*(palette.words[:PALETTE_WORDS] if palette else ()), score.track, score.genre, *words]
    return style_vector(
        (*told, *(done.keys() - numbers.keys())), {**score.settings, **numbers}, score.palette
    )


def style_vector(words: Iterable[str], settings: Mapping[str, float], palette: str) -> NDArray[np.float32]:
    """Words (1 each), settings and processors (their amounts 0..1) and a palette's name: [num_styles].

    What the vocabulary lacks is dropped. A setting that is not given is neutral (0.5), a processor 0; one
    that is only named among the words has TOLD_AMOUNT.
    """
    vector = np.zeros(style_size(), dtype=np.float32)
    places = _places()
    for name in SETTINGS:
        vector[places["amounts"][name]] = NEUTRAL
    for word in words:
        for place, value in _meaning(plain(word)):
            vector[place] = value
    for name, amount in settings.items():
        if plain(name) in places["amounts"]:
            vector[places["amounts"][plain(name)]] = min(1.0, max(0.0, float(amount)))
    if plain(palette) in places["palettes"]:
        vector[places["palettes"][plain(palette)]] = 1.0
    return vector


def amounts_named(words: Iterable[str]) -> frozenset[str]:
    """Those of them that name a setting or processor."""
    return frozenset(word for word in words if plain(word) in _places()["amounts"])


def unknown_words(words: Iterable[str]) -> tuple[str, ...]:
    """Those that a style vector cannot tell."""
    return tuple(word for word in words if not _meaning(plain(word)))


def vocabulary(name: str) -> tuple[str, ...]:
    """One of LISTS as styles.toml has it."""
    return tuple(_table()[name]["names"])


def plain(word: str) -> str:
    """As the vocabulary is written: small letters, blanks."""
    return word.strip().lower().replace("_", " ")


def _meaning(word: str) -> Sequence[tuple[int, float]]:
    """(place in the vector, value) of a word; nothing for one that is unknown."""
    places = _places()
    found = [(places[name][word], 1.0) for name in ("words", "palettes", "genres") if word in places[name]]
    if word in places["amounts"]:
        found.append((places["amounts"][word], TOLD_AMOUNT))
    if not found and word in _aliases():
        return _meaning(_aliases()[word])
    return found


def amount_place(name: str) -> int:
    """Where the vector has the amount of a setting or processor."""
    return _places()["amounts"][plain(name)]


@cache
def _places() -> dict[str, dict[str, int]]:
    """List -> name as `plain` writes it -> place in the vector."""
    places: dict[str, dict[str, int]] = {}
    start = 0
    for name in LISTS:
        places[name] = {plain(entry): start + i for i, entry in enumerate(vocabulary(name))}
        start += _table()[name]["room"]
    return places


@cache
def _aliases() -> dict[str, str]:
    """What prompts call adjectives and genres besides their names: "gloomy" -> "dark"."""
    found: dict[str, str] = {}
    for name, genre in bundled_genres().items():
        found |= {plain(word): plain(name) for word in genre.words}
    for name, quality in prompt_table("qualities.toml").items():
        found |= {plain(word): plain(name) for word in (*quality["words"], *quality.get("more", ()))}
    return {word: name for word, name in found.items() if word != name}


@cache
def _table() -> dict[str, dict[str, Any]]:
    text = resources.files(__package__).joinpath("styles.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    for name in LISTS:
        names, room = table[name]["names"], table[name]["room"]
        if len(names) > room or len(set(map(plain, names))) < len(names):
            raise EngineError(
                "file", f"styles.toml: {name} has {len(names)} names in a room of {room}, or one twice"
            )
    return table


def _ducking(score: Score) -> dict[str, float]:
    """How far the score's curve gives way at most, in shares of DEEPEST_DB."""
    values = [value for curve in score.curves if curve.name == "duck" for _, value in curve.points]
    return {"duck": min(1.0, -gain_to_db(1.0 - max(values)) / DEEPEST_DB)} if values else {}


def _amount(value: object) -> float | None:
    """0..1 of an effect, None where it is none."""
    if isinstance(value, Mapping) and _is_number(value.get("depth_db")):
        return float(value["depth_db"]) / DEEPEST_DB
    return float(value) if _is_number(value) else None  # type: ignore[arg-type]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
