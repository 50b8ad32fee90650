"""A song told in words, never twice the same way: what a prompt for it could have been."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Protocol

from engine.music.genre import bundled_genres
from engine.training.corpus.plan import Plan

ENGLISH_WORDS = 6  # the first of a genre's words; rarer names and other tongues stand behind them


class Played(Protocol):
    """What of a track is told."""

    @property
    def words(self) -> tuple[str, ...]: ...
    @property
    def effects(self) -> Mapping[str, Any]: ...


def caption_of(plan: Plan, tracks: Mapping[str, Played]) -> str:
    """A sentence or a list of words about the song; what it leaves out is left out by lot."""
    rng = plan.rng("caption")
    told = {
        "mood": " ".join(plan.moods), "genre": _genre_words(plan, rng),
        "tempo": _tempo_words(plan, rng), "key": _key_words(plan, rng),
        "meter": _meter_words(plan, rng), "sounds": _sounds(tracks, rng), "effects": _effects(tracks, rng),
    }  # fmt: skip
    parts = [part for part in rng.choice(table()["orders"]) if told.get(part) or part == "head"]
    head = " ".join(word for word in (told["mood"], told["genre"]) if word)
    kept = [
        head if part == "head" else told[part]
        for part in parts
        if part == "head" or rng.random() < table()["told"][part]
    ]
    text = rng.choice(table()["frames"]).format(rng.choice(table()["joints"]).join(kept))
    return text[0].upper() + text[1:] if rng.random() < 0.5 else text


def song_tags(plan: Plan, tracks: Mapping[str, Played]) -> tuple[str, ...]:
    """Genre, moods, key, meter, tempo's class, effects: for a model that is told in tags."""
    context = plan.context
    return tuple(
        dict.fromkeys(
            [
                *(name.replace("_", " ") for name in plan.genres), *plan.moods, context.key.name,
                context.signature.name, _tempo_class(context.tempo_bpm), *_effect_names(tracks),
            ]
        )
    )  # fmt: skip


def track_tags(role: str, track: Played) -> tuple[str, ...]:
    """Role, what people call the sound, and what was done to it."""
    return tuple(dict.fromkeys([role, *track.words, *_effect_names({role: track})]))


def program_word(role: str, program: int) -> str:
    """What a General MIDI program is called, for drums a kit."""
    if role == "drums":
        return str(table()["kits"].get(str(program), "drum kit"))
    return str(table()["programs"][program])


@cache
def table() -> dict[str, Any]:
    """captions.toml."""
    return tomllib.loads(resources.files(__package__).joinpath("captions.toml").read_text(encoding="utf-8"))


def _genre_words(plan: Plan, rng: random.Random) -> str:
    words = [rng.choice(bundled_genres()[name].words[:ENGLISH_WORDS]) for name in plan.genres]
    return words[0] if len(words) == 1 else rng.choice(table()["blends"]).format(*words)


def _tempo_words(plan: Plan, rng: random.Random) -> str:
    bpm = plan.context.tempo_bpm
    if rng.random() < 0.5:
        return str(rng.choice(table()["bpm"])).format(f"{bpm:g}")
    return str(rng.choice(table()["tempo"][_tempo_class(bpm)]))


def _tempo_class(bpm: float) -> str:
    return next(str(name) for name, most in table()["tempo_classes"] if bpm < most)


def _key_words(plan: Plan, rng: random.Random) -> str:
    key = plan.context.key
    long = f"{key.name.removesuffix(_short(key.name))} {key.mode}"
    return str(rng.choice(table()["key"])).format(rng.choice((key.name, long, long)))


def _short(name: str) -> str:
    return name.lstrip("ABCDEFG").lstrip("#")


def _meter_words(plan: Plan, rng: random.Random) -> str:
    name = plan.context.signature.name
    return "" if name == "4/4" else str(rng.choice(table()["meter"])).format(name)


def _sounds(tracks: Mapping[str, Played], rng: random.Random) -> str:
    """Some of the instruments, by one of their names."""
    roles = rng.sample(sorted(tracks), rng.randint(1, len(tracks)))
    names = [_sound(role, tracks[role], rng) for role in roles]
    last = names.pop()
    listed = f"{', '.join(names)} and {last}" if names else last
    return str(rng.choice(table()["sounds"])).format(listed)


def _sound(role: str, track: Played, rng: random.Random) -> str:
    word = rng.choice(track.words).replace("_", " ")
    noun = rng.choice(table()["nouns"][role])
    return word if not noun or noun.split()[-1].rstrip("s") in word else f"{word} {noun}"


def _effects(tracks: Mapping[str, Played], rng: random.Random) -> str:
    names = _effect_names(tracks)
    return str(rng.choice(table()["effects"][rng.choice(names)])) if names else ""


def _effect_names(tracks: Mapping[str, Played]) -> list[str]:
    """Those that have words of their own: a level or a tuning is told nobody."""
    return sorted({name for track in tracks.values() for name in track.effects if name in table()["effects"]})
