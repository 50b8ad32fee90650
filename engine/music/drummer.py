"""The drummer: a genre's grids with chance, ghosts, accents, swing and a hand's timing, over a form.

bar        0    1    2    3    4    5    6    7
cell       A    B    A    B'   A    B    A    B'     B' = its chances decided anew
phrase end                fill?               fill
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from engine.music.drum_manners import MANNERED, WANTED
from engine.music.edits import multiplied, rated
from engine.music.fills import PHRASE_BARS, filled, fills_here, some_fill
from engine.music.genre import DrumStyle
from engine.music.patterns import bar_characters, bars_in, chance_and_level, keep_chance
from engine.music.plan import Time
from engine.music.played import played
from engine.music.rolls import rolled
from engine.music.score import DRUM_VOICES, Hit
from engine.music.structure import Form
from engine.music.wishes import Hand, Wishes, velocity

BACKBONE = ("kick", "snare", "clap", "rim")
GHOST_VOICES = ("snare",)
HATS = ("closed_hat", "open_hat", "pedal_hat", "ride", "shaker", "tambourine")
FILLABLE = ("closed_hat", "shaker")
CRASHLESS = ("intro", "break", "outro", "build", "verse")
AFTER_FILL = 0.6  # of the chance of a crash that opens the loop
ACCENT = 0.6  # how much of the measured accents a hat takes over
# What plays in a section: everything but what is named here.
SILENT = {
    "intro": ("snare", "clap", "crash", "low_tom", "mid_tom", "high_tom", "open_hat"),
    "outro": ("snare", "clap", "crash", "low_tom", "mid_tom", "high_tom", "open_hat"),
    "break": ("kick", "snare", "clap", "crash", "low_tom", "mid_tom", "high_tom"),
    "verse": ("crash", "ride", "tambourine", "cowbell"),
    "build": ("crash", "ride"),
}  # fmt: skip
Bar = dict[tuple[int, str], float]  # (step, voice) -> level 0..1


@dataclass(frozen=True)
class Drummer:
    style: DrumStyle
    time: Time
    wishes: Wishes
    form: Form
    rng: random.Random

    def plays(self, voice: str, bar: int) -> bool:
        """Whether a voice may sound in a bar: the prompt rules, then the section; see `SILENT`."""
        if voice in self.wishes.avoid:
            return False
        name = self.form.name(bar)
        early = name == "intro" and self.form.place(bar) < 0.5
        late = name == "outro" and self.form.place(bar) > 0.5
        return voice not in SILENT.get(name, ()) and not ((early or late) and voice == "kick")


def play_drums(drummer: Drummer) -> tuple[Hit, ...]:
    """Hits over the loop, in order of time."""
    cell, answer = _cells(drummer)
    wishes, time = drummer.wishes, drummer.time
    fills = frozenset(
        bar
        for bar in range(time.bars)
        if fills_here(bar, time, drummer.form, drummer.style, wishes, drummer.rng)
    )
    bars = [_bar_levels(bar, cell, answer, fills, drummer) for bar in range(time.bars)]
    bars = with_all_wanted(bars, drummer)
    builds = [bar for bar in range(time.bars) if drummer.form.name(bar) == "build"]
    hits = rolled(_struck(bars, drummer), drummer.style.rolls, wishes.density, time, drummer.rng, builds)
    return _at_rates(hits, drummer)


def _cells(drummer: Drummer) -> tuple[list[Bar], list[Bar]]:
    """The bars that repeat, and the same with other chances for the ends of phrases."""
    pattern = _pattern(drummer)
    length = max(2, *(bars_in(steps) for steps in pattern.values())) if pattern else 2
    cell = [realise(pattern, bar, drummer) for bar in range(length)]
    return cell, [realise(pattern, bar, drummer) for bar in range(length)]


def _pattern(drummer: Drummer) -> dict[str, str]:
    """One of the genre's patterns with the voices that this density has, and those that were asked for."""
    style, wishes = drummer.style, drummer.wishes
    chosen = dict(drummer.rng.choice(style.patterns))
    if wishes.manner in MANNERED:
        chosen = MANNERED[wishes.manner](chosen)
    pattern = {
        voice: steps
        for voice, steps in chosen.items()
        if voice in wishes.want
        or (voice not in wishes.avoid and wishes.density >= style.from_density.get(voice, 0.0))
    }
    for voice in DRUM_VOICES:  # in one order, whatever order a set has
        if voice in wishes.want and not _sounds(pattern.get(voice, "")):
            others = [row[voice] for row in style.patterns if voice in row and _sounds(row[voice])]
            pattern[voice] = drummer.rng.choice(others) if others else WANTED[voice]
    return pattern


def with_all_wanted(bars: list[Bar], drummer: Drummer) -> list[Bar]:
    """A voice that was asked for, and that chance or the meter left out, on the last beat of its bars."""
    step = drummer.time.grid.beat_starts[-1]
    for voice in DRUM_VOICES:
        if voice in drummer.wishes.want and not any(key[1] == voice for levels in bars for key in levels):
            for bar, levels in enumerate(bars):
                if drummer.plays(voice, bar):
                    levels[step, voice] = 0.7
    return bars


def _sounds(steps: str) -> bool:
    """Whether a pattern surely has a stroke."""
    return any(character in "Xxo" for character in steps)


def _bar_levels(bar: int, cell: list[Bar], answer: list[Bar], fills: frozenset[int], drummer: Drummer) -> Bar:
    """One bar: the cell, or the answer at a phrase's end; its section; its fill, or the crash after one."""
    form, rng = drummer.form, drummer.rng
    varied = bar % PHRASE_BARS == PHRASE_BARS - 1
    levels = dict((answer if varied else cell)[bar % len(cell)])
    levels = {key: level for key, level in levels.items() if drummer.plays(key[1], bar)}
    levels = thinned_for(form.lift(bar), levels, drummer)
    if form.name(bar) == "build":
        levels = built_up(levels, bar, drummer)
    elif bar in fills:
        fill = some_fill(drummer.style, drummer.wishes, form.closes(bar), rng)
        if form.name(bar) == "break":
            fill = {voice: steps for voice, steps in fill.items() if voice != "kick"}
        levels = filled(levels, fill, drummer.time, rng)
    opening = form.opens(bar) and form.name(bar) in ("drop", "chorus", "main")
    arrives = bar == 0 or bar - 1 in fills
    chance = drummer.style.crash * (0.5 + drummer.wishes.energy) * (1.0 if bar == 0 else AFTER_FILL)
    if opening or (arrives and form.name(bar) not in CRASHLESS and rng.random() < chance):
        levels[0, "crash"] = 0.85 if opening else 0.8
    return levels


def thinned_for(lift: float, levels: Bar, drummer: Drummer) -> Bar:
    """Quiet bars lose their weak strokes."""
    if lift > -0.1:
        return levels
    weight = drummer.time.grid.weight
    keep = 0.5 + lift
    return {
        key: level
        for key, level in levels.items()
        if drummer.rng.random() < keep_chance(max(0.5, weight[key[0]]), keep)
    }


def built_up(levels: Bar, bar: int, drummer: Drummer) -> Bar:
    """A snare roll under the build: quarters, eighths, at last sixteenths; the kick stops before the drop."""
    grid, place = drummer.time.grid, drummer.form.place(bar)
    half = grid.steps // 2
    later = place + 0.5 * drummer.form.bar_share(bar)
    result = {key: level for key, level in levels.items() if key[1] not in ("snare", "clap")}
    voice = "clap" if "snare" in drummer.wishes.avoid else "snare"
    strokes = (*range(0, half, _roll_steps(place)), *range(half, grid.steps, _roll_steps(later)))
    for step in strokes:
        result[step, voice] = 0.35 + 0.45 * place + 0.15 * step / grid.steps
    if place >= 1.0:
        result = {key: level for key, level in result.items() if key[1] != "kick" or key[0] < half}
    return result


def _roll_steps(place: float) -> int:
    """Steps between the strokes of a roll, at its place 0..1 in the build."""
    return 4 if place < 0.3 else 2 if place < 0.7 else 1


# --- one bar of a pattern -----------------------------------------------------------------------------


def realise(pattern: Mapping[str, str], bar: int, drummer: Drummer) -> Bar:
    """One bar with its chances decided."""
    levels: Bar = {}
    time, wishes, rng = drummer.time, drummer.wishes, drummer.rng
    for voice, steps in pattern.items():
        for step, character in enumerate(bar_characters(steps, bar, time.grid)):
            chance, level = chance_and_level(character)
            weight = time.grid.weight[step]
            if chance and rng.random() < _chance(voice, chance, weight, wishes.density):
                levels[step, voice] = level
            elif not chance:
                _thicken(levels, voice, step, weight, drummer)
    return levels


def _chance(voice: str, chance: float, weight: float, density: float) -> float:
    """The chance of a written hit at this density; the backbone of the groove goes last."""
    if density >= 0.5:
        return chance + (1.0 - chance) * (2.0 * density - 1.0) * 0.7
    if voice in BACKBONE and chance == 1.0 and weight >= 0.7:
        return 1.0
    return chance * keep_chance(weight, density)


def _thicken(levels: Bar, voice: str, step: int, weight: float, drummer: Drummer) -> None:
    """Ghosts of the snare on weak places; above the usual density more, and soft hats between the hats."""
    wishes, rng = drummer.wishes, drummer.rng
    more = 2.0 * wishes.density - 1.0
    if voice in FILLABLE and more > 0.0 and rng.random() < 0.55 * more:
        levels[step, voice] = 0.42
    elif voice in GHOST_VOICES and weight <= 0.2:
        chance = 0.12 * drummer.style.ghosts * 2.0 * wishes.density + 0.3 * max(0.0, more)
        if rng.random() < chance:
            levels[step, voice] = 0.26


# --- striking ---------------------------------------------------------------------------------------


def _struck(bars: list[Bar], drummer: Drummer) -> tuple[Hit, ...]:
    """The levels as hits: loud as the bar, the accents and the hand have it, late as the genre is."""
    time, wishes, style, rng = drummer.time, drummer.wishes, drummer.style, drummer.rng
    accents = _accents(drummer)
    hands = {voice: Hand(wishes, rng) for voice in DRUM_VOICES}
    hits: list[Hit] = []
    for bar, levels in enumerate(bars):
        lift = drummer.form.lift(bar)
        for (step, voice), level in _in_order(levels):
            if voice in wishes.avoid:
                continue
            loud = level * (accents[time.grid.source[step]] if voice in HATS else 1.0) * (1.0 + 0.6 * lift)
            hits.append(
                Hit(
                    time.beat(bar, step), voice, velocity(min(1.0, loud), wishes, rng),
                    hands[voice].lateness_ms(style.late_ms.get(voice, 0.0)),
                )
            )  # fmt: skip
    return tuple(hits)


def _accents(drummer: Drummer) -> tuple[float, ...]:
    """How the hats are accented: as the genre's groove, or one of those measured, by chance of the take."""
    grooves = played().grooves
    name = drummer.style.groove or drummer.rng.choice(sorted(grooves))
    return tuple(1.0 + ACCENT * drummer.wishes.humanize * (level - 1.0) for level in grooves[name])


def _in_order(levels: Bar) -> list[tuple[tuple[int, str], float]]:
    """By step; a closed hat gives way to an open one, as one foot does."""
    return sorted(
        item
        for item in levels.items()
        if item[0][1] != "closed_hat" or (item[0][0], "open_hat") not in levels
    )


def _at_rates(hits: tuple[Hit, ...], drummer: Drummer) -> tuple[Hit, ...]:
    """Half-time and double-time, of the whole kit or of single voices."""
    rates, time = drummer.wishes.rates, drummer.time
    hits = rated(hits, rates.get("*", 1.0), time.length_beats, time.grid.bar_beats)
    for voice in DRUM_VOICES:
        rate = rates.get(voice, 1.0)
        if rate != 1.0:
            lane = multiplied([hit for hit in hits if hit.voice == voice], rate, time.length_beats)
            lane = tuple(hit for hit in lane if hit.start_beats < time.length_beats)
            hits = (*(hit for hit in hits if hit.voice != voice), *lane)
    return tuple(sorted(hits, key=lambda hit: (hit.start_beats, hit.voice)))
