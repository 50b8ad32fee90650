"""The melody: a motif that is repeated, answered and varied over the chords heard.

units    A    A'   A    B        A' = A with another ending; B = its own idea; a rest now and then
strong steps and long notes are chord tones; the others are steps of the scale
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.context.track_context import TrackContext
from engine.music.genre import MelodyStyle
from engine.music.patterns import bar_events, bars_in, chance_and_level, choose, keep_chance
from engine.music.plan import Harmony, Time
from engine.music.score import Chord, Note
from engine.music.theory import Ladder, fold, nearest_of, nearest_pitch
from engine.music.wishes import Wishes, lateness_ms, velocity

FORM = "ABACABAD"  # which idea each unit of a phrase tells: A motif, B its varied ending, C and D answers
LONG_STEPS = 3
CLEAR_OF_CHORDS = 5  # semitones between the top of the chords and the middle of the melody
CONTOURS = ((0, 2, 1, -1), (0, -1, -2, 0), (0, 1, 3, 2), (2, 1, 0, -2), (0, 2, 0, 3), (0, 0, 2, -1))


@dataclass(frozen=True)
class MotifNote:
    """A note of the motif: bar and step inside the unit, length in steps, rungs above the anchor."""

    bar: int
    step: int
    steps: int
    rungs: int
    level: float


Motif = tuple[MotifNote, ...]


@dataclass(frozen=True)
class Singer:
    style: MelodyStyle
    time: Time
    harmony: Harmony
    ladder: Ladder
    wishes: Wishes
    rng: random.Random
    chords_top: float | None = None  # mean highest pitch of the harmony heard

    @property
    def centre(self) -> int:
        """The genre's place for a melody, lifted where the chords would cover it."""
        clear = self.style.centre if self.chords_top is None else round(self.chords_top) + CLEAR_OF_CHORDS
        lifted = max(self.style.centre, min(clear, self.style.centre + 7))
        return max(36, min(100, lifted + 12 * self.wishes.octave))


def chords_top(heard: Mapping[str, TrackContext]) -> float | None:
    """Mean highest pitch of the chords of the harmony heard; None where no score says it."""
    says = heard.get("harmony")
    if says is None or says.score is None or not says.score.notes:
        return None
    tops: dict[float, int] = {}
    for note in says.score.notes:
        tops[note.start_beats] = max(note.pitch, tops.get(note.start_beats, 0))
    return sum(tops.values()) / len(tops)


def play_melody(singer: Singer) -> tuple[Note, ...]:
    """Notes over the loop, never two at once."""
    pattern = choose(singer.style.patterns, singer.wishes.density, singer.rng)
    if singer.style.style == "arp":
        return _arpeggio(pattern, singer)
    unit_bars = max(1, bars_in(pattern))
    ideas = _ideas(pattern, unit_bars, singer)
    notes: list[Note] = []
    for unit in range(-(-singer.time.bars // unit_bars)):
        letter = FORM[unit % len(FORM)]
        if letter in "CD" and singer.rng.random() < singer.style.rest * (1.5 - singer.wishes.density):
            continue
        notes += _sung(ideas[letter], unit * unit_bars, notes[-1].pitch if notes else None, singer)
    return _apart(notes)


# --- ideas ------------------------------------------------------------------------------------------


def _ideas(pattern: str, unit_bars: int, singer: Singer) -> dict[str, Motif]:
    """The motif and what grows from it."""
    answer_pattern = choose(singer.style.patterns, singer.wishes.density, singer.rng)
    motif = _invented(pattern, unit_bars, singer)
    return {
        "A": motif,
        "B": _other_ending(motif, singer.rng),
        "C": _invented(answer_pattern, unit_bars, singer),
        "D": _inverted(motif) if singer.rng.random() < 0.5 else _fragment(motif, singer.time.grid.steps),
    }


def _invented(pattern: str, unit_bars: int, singer: Singer) -> Motif:
    """A rhythm from the pattern and a line that follows a contour, mostly by step."""
    rng, grid = singer.rng, singer.time.grid
    contour = rng.choice(CONTOURS)
    total = grid.steps * unit_bars
    found: list[MotifNote] = []
    rungs = contour[0]
    for bar in range(unit_bars):
        for event in bar_events(pattern, bar % bars_in(pattern), grid):
            chance, level = chance_and_level(event.character)
            keep = chance * keep_chance(max(0.4, grid.weight[event.step]), singer.wishes.density)
            if rng.random() >= keep:
                continue
            target = contour[int(4 * (bar * grid.steps + event.step) / total)]
            rungs += _step_towards(target - rungs, singer.style.leap, rng)
            rungs = max(-5, min(6, rungs))
            found.append(MotifNote(bar, event.step, event.steps, rungs, level))
    return tuple(found)


def _step_towards(distance: int, leap: float, rng: random.Random) -> int:
    """A step of the scale, more often towards the contour than away; now and then a leap or a repeat."""
    if rng.random() < leap:
        return rng.choice((-4, -3, 3, 4)) if abs(distance) < 3 else distance
    if rng.random() < 0.18:
        return 0
    direction = 1 if distance > 0 else -1 if distance < 0 else rng.choice((-1, 1))
    return direction if rng.random() < 0.75 else -direction


def _other_ending(motif: Motif, rng: random.Random) -> Motif:
    """The same beginning; the last third of the notes goes elsewhere."""
    turn = len(motif) - max(1, len(motif) // 3)
    shift = rng.choice((-2, -1, 1, 2))
    return (*motif[:turn], *(replace(note, rungs=note.rungs + shift) for note in motif[turn:]))


def _inverted(motif: Motif) -> Motif:
    return tuple(replace(note, rungs=-note.rungs) for note in motif)


def _fragment(motif: Motif, steps: int) -> Motif:
    """The first half of the motif, its last note held; then silence for somebody else to answer."""
    half = motif[: max(1, (len(motif) + 1) // 2)]
    if not half:
        return half
    return (*half[:-1], replace(half[-1], steps=min(steps - half[-1].step, half[-1].steps + 4)))


# --- singing an idea over the chords ----------------------------------------------------------------


def _sung(motif: Motif, first_bar: int, before: int | None, singer: Singer) -> list[Note]:
    """The motif over the chords of its bars; its anchor is the chord tone nearest to the centre."""
    time, rng, wishes = singer.time, singer.rng, singer.wishes
    notes: list[Note] = []
    for index, note in enumerate(motif):
        bar = first_bar + note.bar
        if bar >= time.bars:
            break
        start, end = time.beat(bar, note.step), time.beat(bar, note.step + note.steps)
        chord = singer.harmony.at(start)
        strong = time.grid.weight[note.step] >= 0.7 or note.steps >= LONG_STEPS or index == len(motif) - 1
        pitch = _pitch(note.rungs, chord, strong, before, singer)
        level = min(1.0, note.level + (0.08 if note.step in time.grid.beat_starts else 0.0))
        notes.append(
            Note(
                start, (end - start) * singer.style.gate, pitch, velocity(level, wishes, rng),
                lateness_ms(wishes, rng), "normal" if note.steps > 1 else "staccato",
            )
        )  # fmt: skip
        before = pitch
    return notes


def _pitch(rungs: int, chord: Chord, strong: bool, before: int | None, singer: Singer) -> int:
    """The rung above the anchor; a strong note takes the nearest chord tone; leaps stay inside an octave."""
    anchor = nearest_of(chord.pitch_classes, singer.centre)
    wanted = singer.ladder.pitch(singer.ladder.rung(anchor) + rungs)
    pitch = nearest_of(chord.pitch_classes, wanted) if strong else wanted
    if before is not None and abs(pitch - before) > 12:
        pitch = fold(pitch, before - 6, before + 6)
    return fold(pitch, singer.centre - 12, singer.centre + 12)


def _apart(notes: list[Note]) -> tuple[Note, ...]:
    """No note sounds into the next."""
    found = []
    for note, following in pairwise(notes):
        gap = following.start_beats - note.start_beats
        found.append(replace(note, length_beats=min(note.length_beats, gap)))
    return (*found, *notes[-1:])


# --- arpeggios --------------------------------------------------------------------------------------


def _arpeggio(pattern: str, singer: Singer) -> tuple[Note, ...]:
    """The chord's tones one after another over the pattern's rhythm, in one figure for the whole loop."""
    time, rng, wishes = singer.time, singer.rng, singer.wishes
    figure = rng.choice(
        ((0, 1, 2, 3), (0, 2, 1, 3), (3, 2, 1, 0), (0, 1, 2, 3, 2, 1), (0, 2, 4, 2), (0, 3, 2, 1))
    )
    kept = [
        [
            event
            for event in bar_events(pattern, bar, time.grid)
            if rng.random()
            < chance_and_level(event.character)[0]
            * keep_chance(max(0.4, time.grid.weight[event.step]), wishes.density)
        ]
        for bar in range(max(2, bars_in(pattern)))
    ]
    notes: list[Note] = []
    for bar in range(time.bars):
        for place, event in enumerate(kept[bar % len(kept)]):
            start, end = time.beat(bar, event.step), time.beat(bar, event.step + event.steps)
            tones = _tones(singer.harmony.at(start), singer)
            pitch = tones[figure[place % len(figure)] % len(tones)]
            level = chance_and_level(event.character)[1]
            notes.append(
                Note(
                    start, (end - start) * singer.style.gate, pitch, velocity(level, wishes, rng),
                    lateness_ms(wishes, rng), "staccato" if event.steps == 1 else "normal",
                )
            )  # fmt: skip
    return _apart(notes)


def _tones(chord: Chord, singer: Singer) -> list[int]:
    """The chord upward from the tone nearest below the centre, over about an octave and a half."""
    low = singer.centre - 7
    first = [nearest_pitch(pc, low + 6) for pc in chord.pitch_classes]
    return sorted({*first, *(pitch + 12 for pitch in first[:2])})
