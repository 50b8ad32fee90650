"""What is done to a track alone: processors, equaliser, width, place, level. Each is told in `effects`."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audio.biquad import bell
from engine.audio.finishing import finish
from engine.audio.loudness import SILENCE_LUFS, loudness
from engine.audio.mixing import pan_gains, role_of
from engine.audio.processors import default_processors
from engine.audio.processors.ring import filtered
from engine.instruments.render import dynamics, processed
from engine.music.score import Score
from engine.training.corpus.plan import Plan
from engine.training.corpus.recipe import Recipe
from engine.training.corpus.variety import table
from engine.units import db_to_gain

Effects = dict[str, Any]
CHAIN_LENGTHS = {1: 4, 2: 4, 3: 2, 4: 1}
SHUFFLED_SHARE = 0.3  # of chains: in any order rather than a studio's
EQUALISED_SHARE, WIDENED_SHARE, PANNED_SHARE, UNMASTERED_SHARE = 0.5, 0.4, 0.4, 0.3
BELL_DB, MOST_BELL_DB, BELL_HZ, BELL_QUALITIES = 4.5, 12.0, (60.0, 12_000.0), (0.4, 2.5)
TILT_DB, TILT_HZ, TILT_QUALITY = 3.0, (110.0, 7000.0), 0.35
MONO_SHARE, WIDTH_OCTAVES, MOST_WIDTH = 0.15, 0.6, 1.7
PANNED = {"drums": 0.05, "bass": 0.04, "harmony": 0.2, "melody": 0.25}
BALANCE_DB, MOST_BALANCE_DB = 3.0, 9.0  # how loud a track is against its role: deviation, and the most


def manner_of(plan: Plan, recipe: Recipe) -> str:
    """Of the whole song: `raw`, `lofi`, or "" for the usual."""
    share = plan.rng("manner").random()
    return "raw" if share < recipe.raw_share else "lofi" if share > 1.0 - recipe.lofi_share else ""


def treated(
    loop: NDArray[np.float32], score: Score, plan: Plan, recipe: Recipe
) -> tuple[NDArray[np.float32], Effects]:
    """The track [N, C=2] as it comes to the mix, and what was done to it."""
    rng, manner = plan.rng(f"{score.track}/treatment"), manner_of(plan, recipe)
    effects: Effects = {manner: True} if manner else {}
    if manner != "raw":
        amounts = chain(recipe, rng)
        if manner == "lofi":
            amounts = [(name, amount) for name, amount in amounts if name not in worn(plan)]
            amounts += list(worn(plan).items())
        loop = chained(loop, amounts, score.tempo_bpm, rng.getrandbits(31))
        effects |= dict(amounts)
    if plan.rng(f"{score.track}/shaped").random() >= recipe.shaped_share:
        return finished(loop, score, effects), effects
    if manner != "raw":
        loop = shaped(loop, effects, rng)
    loop = levelled(loop, score, effects, rng)
    return placed(loop, score.track, effects, rng), effects


def finished(loop: NDArray[np.float32], score: Score, effects: Effects) -> NDArray[np.float32]:
    """As the engine finishes a stem, no more: with the processors that its score names. A new array."""
    loop = np.array(processed(loop, score), dtype=np.float32, order="C")
    finish(loop, score.track, dynamics(score))
    effects["mastered"] = True
    return loop


def chain(recipe: Recipe, rng: random.Random) -> list[tuple[str, float]]:
    """Processors and how much of each, in the order of their turn."""
    if rng.random() >= recipe.processed_share:
        return []
    ranges: dict[str, dict[str, float]] = dict(table()["chain"])
    count = rng.choices(list(CHAIN_LENGTHS), list(CHAIN_LENGTHS.values()))[0]
    names: list[str] = []
    while len(names) < count:
        name = rng.choices(list(ranges), [span["weight"] for span in ranges.values()])[0]
        names += [] if name in names else [name]
    if rng.random() >= SHUFFLED_SHARE:
        names.sort(key=list(ranges).index)
    return [(name, round(max(0.03, ranges[name]["most"] * rng.random()), 3)) for name in names]


def worn(plan: Plan) -> dict[str, float]:
    """The medium that a whole lo-fi song went through: the same for every track."""
    rng = plan.rng("worn")
    drawn = {
        name: (rng.random(), rng.uniform(span["low"], span["high"])) for name, span in table()["worn"].items()
    }
    found = {
        name: round(amount, 3)
        for name, (dice, amount) in drawn.items()
        if dice < table()["worn"][name]["share"]
    }
    return found or {"tape": 0.6}


def chained(
    loop: NDArray[np.float32], amounts: list[tuple[str, float]], tempo_bpm: float, seed: int
) -> NDArray[np.float32]:
    processors = default_processors()
    for name, amount in amounts:
        loop = processors.process(loop, {name: amount}, tempo_bpm, seed)
    return loop


def shaped(loop: NDArray[np.float32], effects: Effects, rng: random.Random) -> NDArray[np.float32]:
    """Equaliser and width."""
    if rng.random() < EQUALISED_SHARE:
        bells = _bells(rng)
        loop = filtered(loop, *(bell(*row) for row in bells))
        effects["eq"] = [list(row) for row in bells]
    if rng.random() < WIDENED_SHARE:
        width = 0.0 if rng.random() < MONO_SHARE else min(MOST_WIDTH, 2.0 ** rng.gauss(0.0, WIDTH_OCTAVES))
        effects["width"] = round(width, 3)
        middle = loop.mean(axis=1, keepdims=True)
        loop = middle + np.float32(width) * (loop - middle)
    return loop


def _bells(rng: random.Random) -> list[tuple[float, float, float]]:
    """(hz, dB, quality) of a tilt and of one to three bells."""
    low_hz, high_hz = BELL_HZ
    bells = []
    if rng.random() < 0.5:
        tilt_db = round(rng.gauss(0.0, TILT_DB), 2)
        bells += [(TILT_HZ[0], -tilt_db, TILT_QUALITY), (TILT_HZ[1], tilt_db, TILT_QUALITY)]
    for _ in range(rng.randint(1, 3)):
        hz = round(low_hz * (high_hz / low_hz) ** rng.random(), 1)
        db = min(MOST_BELL_DB, max(-MOST_BELL_DB, rng.gauss(0.0, BELL_DB)))
        bells.append((hz, round(db, 2), round(rng.uniform(*BELL_QUALITIES), 2)))
    return bells


def levelled(
    loop: NDArray[np.float32], score: Score, effects: Effects, rng: random.Random
) -> NDArray[np.float32]:
    """At its role's loudness: as the engine finishes a stem, or by a fader alone. A new array."""
    loop = np.array(loop, dtype=np.float32, order="C")
    unmastered = rng.random() < UNMASTERED_SHARE or "raw" in effects
    if not unmastered:
        finish(loop, score.track, dynamics(score))
    else:
        lufs = loudness(loop)
        if lufs > SILENCE_LUFS:
            loop *= np.float32(db_to_gain(role_of(score.track).loudness_lufs - lufs))
    effects["mastered"] = not unmastered
    balance_db = min(MOST_BALANCE_DB, max(-MOST_BALANCE_DB, rng.gauss(0.0, BALANCE_DB)))
    effects["balance_db"] = round(balance_db, 2)
    loop *= np.float32(db_to_gain(effects["balance_db"]))
    return loop


def placed(loop: NDArray[np.float32], role: str, effects: Effects, rng: random.Random) -> NDArray[np.float32]:
    """A little to one side."""
    if rng.random() < PANNED_SHARE and "raw" not in effects:
        effects["pan"] = round(min(0.8, max(-0.8, rng.gauss(0.0, PANNED[role]))), 3)
        loop *= np.array(pan_gains(0.0, effects["pan"]), dtype=np.float32)
    return loop
