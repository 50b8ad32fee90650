"""The chord player: pads, stabs and comping in voicings that move as little as they can."""

from __future__ import annotations

import random

from engine.music.genre import HarmonyStyle
from engine.music.patterns import Event, bar_events, bars_in, chance_and_level, choose, keep_chance
from engine.music.plan import Harmony, Time
from engine.music.score import Note
from engine.music.voicing import CEILING, FLOOR, voice
from engine.music.wishes import Wishes, lateness_ms, velocity

LONGEST_PAD_BARS = 4  # a pad is struck anew after this, lest it die away
SUSTAINED = ("pad", "strings")
STRUCK = ("stab", "rhodes")


def play_harmony(
    style: HarmonyStyle, time: Time, harmony: Harmony, wishes: Wishes, rng: random.Random
) -> tuple[Note, ...]:
    """Chord notes over the loop, in order of time."""
    voicings = voiced(style, harmony, wishes)
    sustain = style.sustain
    if wishes.palette is not None and wishes.palette != style.palette:
        sustain = wishes.palette in SUSTAINED or (sustain and wishes.palette not in STRUCK)
    spans = _pad_spans(time, harmony) if sustain else _comped_spans(style, time, harmony, wishes, rng)
    gate = 0.98 if sustain else style.gate
    articulation = "normal" if sustain or style.gate > 0.8 else "staccato"
    notes: list[Note] = []
    for index, start, end, level in spans:
        late = lateness_ms(wishes, rng)
        for place, pitch in enumerate(voicings[index]):
            top = 0.06 if place == len(voicings[index]) - 1 else 0.0
            strum = min(30.0, place * style.strum_ms)
            notes.append(
                Note(
                    start, (end - start) * gate, pitch, velocity(min(1.0, level + top), wishes, rng),
                    round(min(50.0, late + strum), 2), articulation,
                )
            )  # fmt: skip
    return tuple(notes)


def voiced(style: HarmonyStyle, harmony: Harmony, wishes: Wishes) -> list[tuple[int, ...]]:
    """One voicing a chord, each the nearest to the one before."""
    centre = max(FLOOR + 7, min(CEILING - 7, style.centre + 12 * wishes.octave))
    found: list[tuple[int, ...]] = []
    for chord in harmony.chords:
        before = found[-1] if found else None
        found.append(voice(chord.pitch_classes, before, centre, style.spread))
    return found


Span = tuple[int, float, float, float]  # chord, start and end in beats, level


def _pad_spans(time: Time, harmony: Harmony) -> list[Span]:
    """The whole length of every chord, in pieces of at most four bars."""
    longest = LONGEST_PAD_BARS * time.grid.bar_beats
    spans: list[Span] = []
    for index, chord in enumerate(harmony.chords):
        start, end = max(0.0, chord.start_beats), harmony.end_of(index, time.length_beats)
        while start < end - 1e-6:
            stop = min(end, start + longest)
            spans.append((index, start, stop, 0.62))
            start = stop
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
