"""Fills at the ends of phrases: the genre's own, those distilled from played music, and made-up ones."""

from __future__ import annotations

import random
from collections.abc import Mapping

from engine.music.genre import DrumStyle
from engine.music.grid import PATTERN_STEPS
from engine.music.patterns import bar_characters, chance_and_level
from engine.music.plan import Time
from engine.music.played import played
from engine.music.structure import Form
from engine.music.wishes import Wishes

PHRASE_BARS = 4
PLAYED_KITS = ("acoustic", "jazz", "breaks", "lofi", "707", "percussion")  # that a drummer's fill suits
GENRES_OWN = 0.55  # share of the fills that are the genre's
LOUD = ("drop", "chorus", "main")
TOMS = ("high_tom", "mid_tom", "low_tom")
Bar = dict[tuple[int, str], float]


def fills_here(
    bar: int, time: Time, form: Form, style: DrumStyle, wishes: Wishes, rng: random.Random
) -> bool:
    """At the end of a phrase sometimes, of a section or the loop mostly; never in a loop of one bar."""
    last = bar == time.bars - 1 or form.closes(bar)
    ends = last or bar % PHRASE_BARS == PHRASE_BARS - 1
    if form.name(bar) == "break" and form.closes(bar):
        return form.name(bar + 1) in LOUD  # out of the quiet, into the loud
    if time.bars < 2 or not ends or form.name(bar) in ("intro", "break", "outro"):
        return False
    chance = style.fill_chance * (0.4 + 0.8 * wishes.density) * (1.3 if last else 0.6)
    return rng.random() < chance


def some_fill(style: DrumStyle, wishes: Wishes, big: bool, rng: random.Random) -> Mapping[str, str]:
    """A fill; a big one leads from section to section."""
    kinds = [style.fills] * bool(style.fills)
    if kinds and rng.random() < GENRES_OWN and not big:
        return rng.choice(style.fills)
    if style.palette in PLAYED_KITS and rng.random() < 0.6:
        return _as_dense_as(wishes.density, rng)
    return invented(rng, big) if rng.random() < 0.7 or not style.fills else rng.choice(style.fills)


def _as_dense_as(density: float, rng: random.Random) -> Mapping[str, str]:
    """A played fill about as full as is wished; they lie in order from the sparsest to the fullest."""
    fills = played().fills
    place = min(1.0, max(0.0, density + rng.uniform(-0.35, 0.35)))
    return fills[min(len(fills) - 1, int(place * len(fills)))]


def invented(rng: random.Random, big: bool) -> Mapping[str, str]:
    """Toms down the kit, a roll that swells, or a stutter of kick and snare."""
    start = rng.choice((4, 8)) if big else rng.choice((8, 10, 12))
    match rng.choice(("toms", "roll", "stutter")):
        case "toms":
            return _toms_down(start, rng)
        case "roll":
            return {"snare": "." * start + "".join(_swelling(start, step) for step in range(start, 16))}
        case _:
            return _stutter(start, rng)


def _swelling(start: int, step: int) -> str:
    return "goxX"[min(3, 4 * (step - start) // max(1, PATTERN_STEPS - start))]


def _toms_down(start: int, rng: random.Random) -> Mapping[str, str]:
    every = rng.choice((1, 2)) if start < 12 else 1
    rows = {voice: ["."] * PATTERN_STEPS for voice in TOMS}
    for step in range(start, PATTERN_STEPS, every):
        voice = TOMS[min(2, 3 * (step - start) // (PATTERN_STEPS - start))]
        rows[voice][step] = "X" if (step - start) % 4 == 0 else "x"
    return {voice: "".join(row) for voice, row in rows.items()}


def _stutter(start: int, rng: random.Random) -> Mapping[str, str]:
    figure = rng.choice(("ks.s", "s.ks", "kss.", "s.s.", "ksks", "k.ss"))
    rows = {"kick": ["."] * PATTERN_STEPS, "snare": ["."] * PATTERN_STEPS}
    for step in range(start, PATTERN_STEPS):
        stroke = figure[(step - start) % len(figure)]
        if stroke != ".":
            rows["kick" if stroke == "k" else "snare"][step] = "x"
    return {voice: "".join(row) for voice, row in rows.items()}


def filled(levels: Bar, fill: Mapping[str, str], time: Time, rng: random.Random) -> Bar:
    """The bar with its end given to a fill: from its first hit on, the voices it writes are its own."""
    written = {voice: bar_characters(steps, 0, time.grid) for voice, steps in fill.items()}
    quarter = time.grid.steps // 4
    first = min(
        (step for row in written.values() for step in range(quarter, len(row)) if row[step] not in ".-"),
        default=time.grid.steps,
    )
    # A hand that plays the fill does not play its backbeat or its hats meanwhile.
    busy = {*fill, "clap", "snare", "open_hat"}
    result = {
        (step, voice): level for (step, voice), level in levels.items() if step < first or voice not in busy
    }
    for voice, row in written.items():
        for step in range(first, len(row)):
            chance, level = chance_and_level(row[step])
            if chance and rng.random() < chance:
                result[step, voice] = level
    return result
