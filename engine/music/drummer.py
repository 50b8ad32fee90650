"""The drummer: a genre's grids with chance, ghosts, fills at phrase ends, swing and a hand's timing."""

from __future__ import annotations

import random
from collections.abc import Mapping

from engine.music.genre import DrumStyle
from engine.music.patterns import bar_characters, bars_in, chance_and_level, keep_chance
from engine.music.plan import Time
from engine.music.score import Hit
from engine.music.wishes import Wishes, lateness_ms, velocity

PHRASE_BARS = 4
BACKBONE = ("kick", "snare", "clap", "rim")
GHOST_VOICES = ("snare",)
FILLABLE = ("closed_hat", "shaker")
Bar = dict[tuple[int, str], float]  # (step, voice) -> level 0..1


def play_drums(style: DrumStyle, time: Time, wishes: Wishes, rng: random.Random) -> tuple[Hit, ...]:
    """Hits over the loop, in order of time."""
    pattern = dict(rng.choice(style.patterns))
    pattern = {voice: steps for voice, steps in pattern.items() if _plays(voice, style, wishes)}
    length = max((bars_in(steps) for steps in pattern.values()), default=1)
    length = max(2, length)
    cell = [realise(pattern, bar, time, wishes, rng) for bar in range(length)]
    answer = [realise(pattern, bar, time, wishes, rng) for bar in range(length)]
    hits: list[Hit] = []
    for bar in range(time.bars):
        # Four bars: the cell twice, the second time with new chances in its last bar.
        varied = bar % PHRASE_BARS == PHRASE_BARS - 1
        levels = dict((answer if varied else cell)[bar % length])
        if _fills_here(bar, time, style, wishes, rng):
            levels = filled(levels, rng.choice(style.fills), time, wishes, rng)
        if bar == 0 and rng.random() < style.crash * (0.5 + wishes.energy):
            levels[0, "crash"] = 0.8
        hits += [
            Hit(
                time.beat(bar, step), voice, velocity(level, wishes, rng),
                lateness_ms(wishes, rng, style.late_ms.get(voice, 0.0)),
            )
            for (step, voice), level in _in_order(levels)
            if voice not in wishes.avoid
        ]  # fmt: skip
    return tuple(hits)


def _plays(voice: str, style: DrumStyle, wishes: Wishes) -> bool:
    return voice not in wishes.avoid and wishes.density >= style.from_density.get(voice, 0.0)


def _in_order(levels: Bar) -> list[tuple[tuple[int, str], float]]:
    """By step; a closed hat gives way to an open one, as one foot does."""
    return sorted(
        item
        for item in levels.items()
        if item[0][1] != "closed_hat" or (item[0][0], "open_hat") not in levels
    )


def realise(pattern: Mapping[str, str], bar: int, time: Time, wishes: Wishes, rng: random.Random) -> Bar:
    """One bar with its chances decided."""
    levels: Bar = {}
    for voice, steps in pattern.items():
        for step, character in enumerate(bar_characters(steps, bar, time.grid)):
            chance, level = chance_and_level(character)
            weight = time.grid.weight[step]
            if chance and rng.random() < _chance(voice, chance, weight, wishes.density):
                levels[step, voice] = level
            elif not chance and wishes.density > 0.5:
                _thicken(levels, voice, step, weight, wishes.density, rng)
    return levels


def _chance(voice: str, chance: float, weight: float, density: float) -> float:
    """The chance of a written hit at this density; the backbone of the groove goes last."""
    if density >= 0.5:
        return chance + (1.0 - chance) * (2.0 * density - 1.0) * 0.7
    if voice in BACKBONE and chance == 1.0 and weight >= 0.7:
        return 1.0
    return chance * keep_chance(weight, density)


def _thicken(levels: Bar, voice: str, step: int, weight: float, density: float, rng: random.Random) -> None:
    """Above the usual density: soft hats between the hats, ghosts of the snare on weak places."""
    more = 2.0 * density - 1.0
    if voice in FILLABLE and rng.random() < 0.55 * more:
        levels[step, voice] = 0.42
    elif voice in GHOST_VOICES and weight <= 0.2 and rng.random() < 0.3 * more:
        levels[step, voice] = 0.3


def _fills_here(bar: int, time: Time, style: DrumStyle, wishes: Wishes, rng: random.Random) -> bool:
    """At the end of a phrase sometimes, at the end of the loop mostly; never in a loop of one bar."""
    last = bar == time.bars - 1
    if not style.fills or time.bars < 2 or not (last or bar % PHRASE_BARS == PHRASE_BARS - 1):
        return False
    chance = style.fill_chance * (0.4 + 0.8 * wishes.density) * (1.3 if last else 0.6)
    return rng.random() < chance


def filled(levels: Bar, fill: Mapping[str, str], time: Time, wishes: Wishes, rng: random.Random) -> Bar:
    """The bar with its end given to a fill: from its first hit on, the voices it writes are its own."""
    written = {voice: bar_characters(steps, 0, time.grid) for voice, steps in fill.items()}
    half = time.grid.steps // 2
    first = min(
        (step for row in written.values() for step in range(half, len(row)) if row[step] not in ".-"),
        default=time.grid.steps,
    )
    result = {
        (step, voice): level for (step, voice), level in levels.items() if step < first or voice not in fill
    }
    for voice, row in written.items():
        for step in range(first, len(row)):
            chance, level = chance_and_level(row[step])
            if chance and rng.random() < chance:
                result[step, voice] = level
    return result
