"""The chord player: pads, stabs and comping in voicings that move as little as they can."""

from __future__ import annotations

import random

from engine.music.genre import HarmonyStyle
from engine.music.patterns import Event, bar_events, bars_in, chance_and_level, choose, keep_chance
from engine.music.plan import Harmony, Time
from engine.music.score import Note
from engine.music.voicing import CEILING, FLOOR, voice
from engine.music.wishes import Wishes, lateness_ms, velocity

PAD_BARS = (4, 4, 2, 1)  # a pad is struck anew after so many, lest it die away
STAGGERS = (0.0, 0.0, 0.0, 0.25, 0.5)  # beats between the entries of a pad's voices
SUSTAINED = ("pad", "strings")
STRUCK = ("stab", "rhodes")


def play_harmony(
    style: HarmonyStyle, time: Time, harmony: Harmony, wishes: Wishes, rng: random.Random
) -> tuple[Note, ...]:
    """Chord notes over the loop, in order of time."""
    voicings = voiced(style, harmony, wishes, rng)
    sustain = _sustains(style, wishes)
    # Patterns written for stabs are too short for a pad that the prompt put in their place.
    pads = sustain and (not style.sustain or rng.random() < 0.7)
    spans = _pad_spans(time, harmony, rng) if pads else _comped_spans(style, time, harmony, wishes, rng)
    stagger = rng.choice(STAGGERS) if pads else 0.0
    gate = 0.98 if sustain else style.gate
    return tuple(
        note
        for index, start, end, level in spans
        for note in _struck(voicings[index], start, end, level, stagger, gate, style, wishes, rng)
    )


def _sustains(style: HarmonyStyle, wishes: Wishes) -> bool:
    """Whether the sound holds its chords: as the genre has it, unless the prompt chose another sound."""
    if wishes.palette is None or wishes.palette == style.palette:
        return style.sustain
    return wishes.palette in SUSTAINED or (style.sustain and wishes.palette not in STRUCK)


def _struck(
    voicing: tuple[int, ...], start: float, end: float, level: float, stagger: float, gate: float,
    style: HarmonyStyle, wishes: Wishes, rng: random.Random,
) -> list[Note]:  # fmt: skip
    """One chord: its voices from the lowest, strummed or entering one by one, the top one a little louder."""
    late = lateness_ms(wishes, rng)
    entry = stagger if end - start >= 8.0 * stagger else 0.0
    articulation = "normal" if gate > 0.8 else "staccato"
    notes = []
    for place, pitch in enumerate(voicing):
        begin = start + place * entry
        top = 0.06 if place == len(voicing) - 1 else 0.0
        offset_ms = min(50.0, late + min(30.0, place * style.strum_ms))
        loud = velocity(min(1.0, level + top), wishes, rng)
        notes.append(Note(begin, (end - begin) * gate, pitch, loud, round(offset_ms, 2), articulation))
    return notes


def voiced(
    style: HarmonyStyle, harmony: Harmony, wishes: Wishes, rng: random.Random
) -> list[tuple[int, ...]]:
    """One voicing a chord, each the nearest to the one before; where they lie is its own."""
    centre = max(FLOOR + 7, min(CEILING - 7, style.centre + rng.randint(-4, 4) + 12 * wishes.octave))
    spread = style.spread if rng.random() < 0.75 else not style.spread
    found: list[tuple[int, ...]] = []
    for chord in harmony.chords:
        before = found[-1] if found else None
        found.append(voice(chord.pitch_classes, before, centre, spread))
    return found


Span = tuple[int, float, float, float]  # chord, start and end in beats, level


def _pad_spans(time: Time, harmony: Harmony, rng: random.Random) -> list[Span]:
    """The whole length of every chord, in pieces of at most four bars; some takes breathe more often."""
    bars = rng.choice(PAD_BARS)
    swell = rng.choice((0.0, 0.06, 0.12))
    spans: list[Span] = []
    for index, chord in enumerate(harmony.chords):
        start, end = max(0.0, chord.start_beats), harmony.end_of(index, time.length_beats)
        level = 0.58 + (swell if index % 2 else 0.0)
        while start < end - 1e-6:
            stop = min(end, start + bars * time.grid.bar_beats)
            spans.append((index, start, stop, level))
            start, level = stop, level * 0.92
    return spans


def _comped_spans(
    style: HarmonyStyle, time: Time, harmony: Harmony, wishes: Wishes, rng: random.Random
) -> list[Span]:
    """The rhythm of a pattern; the same choices in every fourth bar, so that it sounds like a part."""
    pattern = choose(style.patterns, wishes.density, rng)
    cycle = max(2, bars_in(pattern))
    bars = [_decided(pattern, bar, time, wishes, rng) for bar in range(cycle)]
    turnaround = _decided(pattern, cycle - 1, time, wishes, rng)
    spans: list[Span] = []
    for bar in range(time.bars):
        events = turnaround if bar % 8 == 7 else bars[bar % cycle]
        for event in events:
            start, end = time.beat(bar, event.step), time.beat(bar, event.step + event.steps)
            spans += _cut_at_changes(start, end, chance_and_level(event.character)[1], harmony, time)
    return spans


def _decided(pattern: str, bar: int, time: Time, wishes: Wishes, rng: random.Random) -> list[Event]:
    """One bar of the pattern with its chances decided and thinned to the density."""
    weight = time.grid.weight
    return [
        event
        for event in bar_events(pattern, bar % bars_in(pattern), time.grid)
        if rng.random()
        < chance_and_level(event.character)[0] * keep_chance(max(0.5, weight[event.step]), wishes.density)
    ]


def _cut_at_changes(start: float, end: float, level: float, harmony: Harmony, time: Time) -> list[Span]:
    """A held chord that meets a change is struck again as the new one."""
    spans: list[Span] = []
    while start < end - 1e-6:
        index = harmony.index_at(start)
        stop = min(end, harmony.end_of(index, time.length_beats))
        if stop <= start:
            stop = end
        spans.append((index, start, stop, level * 0.85))
        start = stop
    return spans
