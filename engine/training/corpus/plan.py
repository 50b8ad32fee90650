"""What a song is to be, drawn by lot: genre, moods, tempo, key, meter, length, and how each track plays."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from engine.context.track_context import TrackContext
from engine.making import derive_seed
from engine.music.genre import bundled_genres
from engine.music.key import MODES, Key, Signature
from engine.music.score import Score
from engine.music.styles import Genre
from engine.music.write import write
from engine.prompt.interpret import interpret
from engine.prompt.music_context import MANNERS, Frame, MusicContext, TrackIntent
from engine.prompt.words import Quality, lexicon
from engine.registry import BAND
from engine.track import PARAMS
from engine.training.corpus.recipe import Recipe
from engine.units import MAX_BARS, beats_to_seconds

MODE_WEIGHTS = {"minor": 9, "major": 6, "dorian": 2, "mixolydian": 1, "phrygian": 1, "lydian": 1}
SIGNATURES = {(4, 4): 30, (3, 4): 4, (6, 8): 3, (7, 8): 1, (5, 4): 1, (12, 8): 1}
TEMPO_SPREAD = 0.12  # beyond what the genre's file calls usual
ANY_TEMPO_SHARE, ANY_TEMPO_BPM = 0.1, (60.0, 190.0)
MANNER_SHARE = 0.25
MOOD_WORDS = 6  # the first ones of a quality's list: the commonest, in English
KNOB_SHARE = 0.5  # of knobs that are turned at all


@dataclass(frozen=True)
class Plan:
    """`genres` as named, the noun first; `moods` are words as said; `params` role -> knob -> value."""

    seed: int
    context: MusicContext
    genres: tuple[str, ...]
    moods: tuple[str, ...]
    params: Mapping[str, Mapping[str, float]]

    def rng(self, aspect: str) -> random.Random:
        """The dice of one aspect of the song: one that is decided otherwise leaves the others as they are."""
        return dice(self.seed, aspect)


def dice(seed: int, aspect: str) -> random.Random:
    """The same in every process: `random` seeds itself from a text by SHA-512."""
    return random.Random(f"song/{seed}/{aspect}")


def plan_song(seed: int, recipe: Recipe) -> Plan:
    rng = dice(seed, "plan")
    known = sorted(recipe.genres or bundled_genres())
    names = rng.sample(known, min(len(known), 2 if rng.random() < recipe.blend_share else 1))
    moods = _moods(rng)
    genre = bundled_genres()[names[0]]
    read = interpret(" ".join([*moods, genre.words[0]]), Frame())
    context = replace(
        read, prompt="", genre=names[0], genres=tuple(names) if len(names) > 1 else (), assumed=frozenset(),
        structure=(), section_bars=(), unknown=(), similar=(),
    )  # fmt: skip
    context = _framed(context, genre, recipe, rng)
    tracks = {role: _intent(context, role, rng) for role in BAND}
    context = replace(context, tracks=tracks, swing=_swing(context, rng))
    return Plan(seed, context, tuple(names), moods, {role: _knobs(rng) for role in BAND})


@cache
def mood_words() -> Mapping[str, tuple[str, ...]]:
    """The words of every quality that is a mood."""
    found: dict[str, Quality] = {}
    for rows in lexicon().phrases.values():
        for _, word in rows:
            if word.quality is not None and word.quality.mood:
                found[word.quality.name] = word.quality
    return {name: found[name].words[:MOOD_WORDS] for name in sorted(found)}


def _moods(rng: random.Random) -> tuple[str, ...]:
    count = rng.choices((0, 1, 2), (2, 5, 3))[0]
    return tuple(rng.choice(mood_words()[name]) for name in rng.sample(sorted(mood_words()), count))


def _framed(context: MusicContext, genre: Genre, recipe: Recipe, rng: random.Random) -> MusicContext:
    """A tempo, key, meter and length in which the song lasts as long as the recipe wants."""
    low, high = genre.tempo_bpm
    tempo_bpm = rng.uniform(low * (1.0 - TEMPO_SPREAD), high * (1.0 + TEMPO_SPREAD))
    if rng.random() < ANY_TEMPO_SHARE:
        tempo_bpm = rng.uniform(*ANY_TEMPO_BPM)
    tempo_bpm = round(tempo_bpm, rng.choice((0, 0, 0, 1)))
    beats, unit = rng.choices(list(SIGNATURES), list(SIGNATURES.values()))[0]
    signature = Signature(beats, unit)
    key = Key(rng.randrange(12), _mode(context, rng))
    return replace(
        context, tempo_bpm=tempo_bpm, key=key, signature=signature,
        bars=_bars(tempo_bpm, signature, recipe, rng),
    )  # fmt: skip


def _mode(context: MusicContext, rng: random.Random) -> str:
    """The mood's own mode mostly: "happy" in minor is there too, but seldom."""
    if rng.random() < 0.5:
        return context.key.mode
    assert set(MODE_WEIGHTS) <= set(MODES)
    return rng.choices(list(MODE_WEIGHTS), list(MODE_WEIGHTS.values()))[0]


def _bars(tempo_bpm: float, signature: Signature, recipe: Recipe, rng: random.Random) -> int:
    """As many as last as long as is asked, fours before twos before any; one where a bar is too long."""
    bar_s = beats_to_seconds(signature.bar_beats, tempo_bpm)
    fitting = [n for n in range(1, MAX_BARS + 1) if recipe.min_seconds <= n * bar_s <= recipe.max_seconds]
    if not fitting:
        return max(1, int(recipe.max_seconds / bar_s))
    for divisor in (4, 2, 1):
        even = [n for n in fitting if n % divisor == 0]
        if even and (divisor == 1 or rng.random() < 0.7):
            return rng.choice(even)
    return rng.choice(fitting)


def _intent(context: MusicContext, role: str, rng: random.Random) -> TrackIntent:
    """What the words asked of the track, and sometimes a manner, an octave."""
    intent = context.intent(role)
    if rng.random() < MANNER_SHARE:
        intent = replace(intent, manner=rng.choice(MANNERS[role]))
    return intent


def _swing(context: MusicContext, rng: random.Random) -> float:
    return context.swing if rng.random() < 0.7 else round(rng.random(), 2)


def _knobs(rng: random.Random) -> dict[str, float]:
    """Every knob of a track in its middle or, half of them, anywhere."""
    knobs = {}
    for name, param in PARAMS.items():
        turned = round(rng.triangular(param.low, param.high, param.default), 3)
        knobs[name] = turned if rng.random() < KNOB_SHARE else param.default
    knobs["octave"] = float(rng.choices((-1, 0, 1), (1, 8, 1))[0])
    return knobs


def scores_of(plan: Plan) -> dict[str, Score]:
    """Four scores, each hearing those before it."""
    heard: dict[str, TrackContext] = {}
    scores: dict[str, Score] = {}
    for role in BAND:
        own_seed = derive_seed(plan.seed, role, 0)
        scores[role] = write(role, plan.context, heard, own_seed, plan.params[role])
        heard[role] = TrackContext.from_score(scores[role])
    return scores
