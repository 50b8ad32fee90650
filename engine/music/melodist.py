"""The melody: a motif that is repeated, answered and developed over the chords heard.

    unit      0     1     2     3        question  ends open: on a tone of the chord that is not the tonic
    motif     A     B     A     C        answer    ends at rest: on the tonic, or the chord's root
    role      question answer …          C, D, E, F   developments of A, or a rest

Strong steps and long notes are chord tones; the others are steps of the scale.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.context.track_context import TrackContext
from engine.music.gaps import overlap
from engine.music.genre import MelodyStyle
from engine.music.key import Key
from engine.music.line import bent, in_reach, led
from engine.music.motif import Motif, developed, fragment, line_over, other_ending
from engine.music.patterns import bar_events, bars_in, chance_and_level, choose, keep_chance
from engine.music.plan import Harmony, Time
from engine.music.score import Chord, Note
from engine.music.structure import Form
from engine.music.theory import Ladder, nearest_of, nearest_pitch
from engine.music.wishes import Hand, Wishes, velocity

# Which idea each unit of a phrase tells: A the motif, B its other ending, C and on what grows from it.
FORMS = {
    "motif": "ABACABAD", "hook": "AAABAAAC", "riff": "AAABAAAB", "call": "ACAEABAD", "solo": "ABCDEFGH",
}  # fmt: skip
RESTS = "CDEFGH"  # ideas that may be left out
LONG_STEPS = 3
YIELDS = 0.35  # chance that a note off the beat is left to chords that always sound there
CLEAR_OF_CHORDS = 5  # semitones between the top of the chords and the middle of the melody
ARP_FIGURES = ((0, 1, 2, 3), (0, 2, 1, 3), (3, 2, 1, 0), (0, 1, 2, 3, 2, 1), (0, 2, 4, 2), (0, 3, 2, 1))
# Semitones above the tonic, for keys with a minor and with a major third.
SCALES = {
    "pentatonic": ((0, 3, 5, 7, 10), (0, 2, 4, 7, 9)),
    "blues": ((0, 3, 5, 6, 7, 10), (0, 2, 3, 4, 7, 9)),
}
# Patterns of the manners that a prompt may ask for, where the genre has none of its own.
MANNERS = {
    "hook": ("x.x. x.x- ..x. x---", "x--x --x- x--- ....", "x.xx ..x. x.x- ----"),
    "riff": ("x.xx .x.x ..x. x.x.", "x..x ..x. x.x. ..x.", "xx.x .xx. x..x ..x."),
    "call": ("x.x. x--- .... ....", "..x. x.x. x--- ....", "x--x x--- .... ...."),
    "solo": ("x.x. x.xx .x.x x...", "..xx x.x. x.xx x---", "xxx. xx.x x.x. x.x."),
    "arp": ("xxxx xxxx xxxx xxxx", "x.x. x.x. x.x. x.x.", "x.xx .xx. x.xx .xx."),
}


@dataclass(frozen=True)
class Singer:
    style: MelodyStyle
    time: Time
    harmony: Harmony
    key: Key
    wishes: Wishes
    rng: random.Random
    form: Form
    chords_top: float | None = None  # mean highest pitch of the harmony heard
    busy: tuple[float, ...] = ()  # how much the others say on each step of the bar

    @property
    def manner(self) -> str:
        return self.wishes.manner or self.style.style

    @property
    def ladder(self) -> Ladder:
        return ladder_of(self.key, self.style.scale)

    @property
    def centre(self) -> int:
        """The genre's place for a melody, lifted where the chords would cover it."""
        clear = self.style.centre if self.chords_top is None else round(self.chords_top) + CLEAR_OF_CHORDS
        lifted = max(self.style.centre, min(clear, self.style.centre + 7))
        return max(36, min(100, lifted + 12 * self.wishes.octave))

    @property
    def gate(self) -> float:
        match self.wishes.articulation:
            case "staccato":
                return min(0.45, self.style.gate)
            case "legato" | "slides":
                return 1.0
            case _:
                return self.style.gate

    def patterns(self) -> tuple[str, ...]:
        asked = self.wishes.manner or ""
        own = self.style.manners.get(self.manner)
        return own or (MANNERS.get(asked) if asked != self.style.style else None) or self.style.patterns

    def rests(self, bar: int) -> bool:
        """The melody waits through an intro, and leaves an outro early."""
        name = self.form.name(bar)
        return name == "intro" or (name == "outro" and self.form.place(bar) > 0.5)


def ladder_of(key: Key, scale: str) -> Ladder:
    """The rungs that a melody climbs: the key's scale, or its pentatonic or blues."""
    if not scale:
        return Ladder(key.scale)
    return Ladder(tuple((key.tonic + step) % 12 for step in SCALES[scale][0 if key.is_minor else 1]))


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
    pattern = _between_the_others(singer)
    hand = Hand(singer.wishes, singer.rng)
    if singer.manner == "arp":
        return _articulated(_arpeggio(pattern, hand, singer), singer)
    unit_bars = max(1, bars_in(pattern))
    ideas = _ideas(pattern, unit_bars, singer)
    notes: list[Note] = []
    for unit in range(-(-singer.time.bars // unit_bars)):
        idea = _idea_of(unit, unit * unit_bars, ideas, singer)
        before = tuple(note.pitch for note in notes[-2:])
        notes += _sung(idea, unit, unit * unit_bars, before, hand, singer)
    return _articulated(_apart(notes), singer)


def _between_the_others(singer: Singer) -> str:
    """Of two patterns that suit the density, the one that speaks more where chords and bass are silent."""
    offers = [choose(singer.patterns(), singer.wishes.density, singer.rng) for _ in range(2)]
    return min(offers, key=lambda pattern: overlap(pattern, singer.busy, singer.time))


# --- ideas ------------------------------------------------------------------------------------------


def _ideas(pattern: str, unit_bars: int, singer: Singer) -> dict[str, Motif]:
    """The motif and what grows from it."""
    rng, steps = singer.rng, singer.time.grid.steps
    motif = _invented(pattern, unit_bars, singer)
    ideas = {"A": motif, "B": other_ending(motif, rng, steps)}
    for letter in RESTS:
        if singer.manner == "solo" or (letter == "C" and rng.random() < 0.4):
            other = choose(singer.patterns(), singer.wishes.density, rng)
            ideas[letter] = _invented(other, unit_bars, singer)
        else:
            ideas[letter] = developed(motif, rng, steps)
    return ideas


def _idea_of(unit: int, first_bar: int, ideas: Mapping[str, Motif], singer: Singer) -> Motif:
    """What a unit tells: the form's letter, thinned or left out as the section has it."""
    form = FORMS.get(singer.manner, FORMS["motif"])
    letter = form[unit % len(form)]
    bar = min(first_bar, singer.time.bars - 1)
    if singer.rests(bar):
        return ()
    if singer.form.name(bar) == "break":
        return fragment(ideas["A"], singer.rng, singer.time.grid.steps) if unit % 2 == 0 else ()
    if singer.form.name(bar) == "build":
        return fragment(ideas["A"], singer.rng, singer.time.grid.steps)
    if letter in RESTS and singer.rng.random() < singer.style.rest * (1.5 - singer.wishes.density):
        return ()
    return ideas[letter]


def _invented(pattern: str, unit_bars: int, singer: Singer) -> Motif:
    """A rhythm from the pattern and a line that follows a contour, mostly by step."""
    rng, grid = singer.rng, singer.time.grid
    rhythm: list[tuple[int, int, int, float, bool]] = []
    for bar in range(unit_bars):
        for event in bar_events(pattern, bar % bars_in(pattern), grid):
            chance, level = chance_and_level(event.character)
            weight = grid.weight[event.step]
            yields = YIELDS * singer.busy[event.step] if singer.busy and weight < 0.7 else 0.0
            keeps = keep_chance(max(0.4, weight), singer.wishes.density)
            if rng.random() < chance * keeps * (1.0 - yields):
                rhythm.append((bar, event.step, event.steps, level, weight >= 0.7))
    return line_over(rhythm, grid.steps * unit_bars, grid.steps, singer.style.leap, rng)


# --- singing an idea over the chords ----------------------------------------------------------------


def _sung(
    motif: Motif, unit: int, first_bar: int, before: tuple[int, ...], hand: Hand, singer: Singer
) -> list[Note]:
    """The motif over the chords of its bars; its anchor is the chord tone nearest to the centre."""
    time = singer.time
    notes: list[Note] = []
    for index, note in enumerate(motif):
        bar = first_bar + note.bar
        if bar >= time.bars:
            break
        start, end = time.beat(bar, note.step), time.beat(bar, note.step + note.steps)
        chord = singer.harmony.at(start)
        last = index == len(motif) - 1
        strong = time.grid.weight[note.step] >= 0.7 or note.steps >= LONG_STEPS
        pitch = _pitch(note.rungs, chord, strong, before, singer)
        if last:
            pitch = in_reach(_cadence(pitch, chord, unit % 2 == 1, singer), singer.centre, pitch)
        level = min(1.0, note.level + (0.08 if note.step in time.grid.beat_starts else 0.0))
        loud = velocity(level * (1.0 + 0.5 * singer.form.lift(bar)), singer.wishes, singer.rng)
        late = hand.lateness_ms(time.habit_ms(note.step))
        articulation = "normal" if note.steps > 1 else "staccato"
        notes.append(Note(start, (end - start) * singer.gate, pitch, loud, late, articulation))
        before = (*before[-1:], pitch)
    return notes


def _pitch(rungs: int, chord: Chord, strong: bool, before: tuple[int, ...], singer: Singer) -> int:
    """The rung above the anchor, as the line before and the chord let it be; see `line`."""
    ladder = singer.ladder
    anchor = nearest_of(chord.pitch_classes, singer.centre)
    wanted = ladder.pitch(ladder.rung(anchor) + rungs)
    return bent(led(wanted, chord, strong, before, ladder, singer.centre), chord, singer.key)


def _cadence(pitch: int, chord: Chord, answers: bool, singer: Singer) -> int:
    """How a unit ends: an answer at rest, a question open."""
    tonic = singer.key.tonic
    if answers:
        return nearest_pitch(tonic if tonic in chord.pitch_classes else chord.pitch_classes[0], pitch)
    open_tones = tuple(pc for pc in chord.pitch_classes if pc != tonic) or chord.pitch_classes
    return nearest_of(open_tones, pitch)


def _articulated(notes: tuple[Note, ...], singer: Singer) -> tuple[Note, ...]:
    how = singer.wishes.articulation
    if how == "slides":
        return tuple(
            replace(note, articulation="legato", slide=index > 0 and index % 2 == 0)
            for index, note in enumerate(notes)
        )
    return tuple(replace(note, articulation=how) for note in notes) if how else notes


def _apart(notes: list[Note]) -> tuple[Note, ...]:
    """No note sounds into the next."""
    found = []
    for note, following in pairwise(notes):
        gap = following.start_beats - note.start_beats
        found.append(replace(note, length_beats=min(note.length_beats, gap)))
    return (*found, *notes[-1:])


# --- arpeggios --------------------------------------------------------------------------------------


def _arpeggio(pattern: str, hand: Hand, singer: Singer) -> tuple[Note, ...]:
    """The chord's tones one after another over the pattern's rhythm, in one figure for the whole loop."""
    time, rng, wishes = singer.time, singer.rng, singer.wishes
    figure = rng.choice(ARP_FIGURES)
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
        if singer.rests(bar):
            continue
        for place, event in enumerate(kept[bar % len(kept)]):
            start, end = time.beat(bar, event.step), time.beat(bar, event.step + event.steps)
            tones = _tones(singer.harmony.at(start), singer)
            pitch = tones[figure[place % len(figure)] % len(tones)]
            level = chance_and_level(event.character)[1] * (1.0 + 0.5 * singer.form.lift(bar))
            notes.append(
                Note(
                    start, (end - start) * singer.gate, pitch, velocity(level, wishes, rng),
                    hand.lateness_ms(time.habit_ms(event.step)),
                    "staccato" if event.steps == 1 else "normal",
                )
            )  # fmt: skip
    return _apart(notes)


def _tones(chord: Chord, singer: Singer) -> list[int]:
    """Five tones of the chord, one above the other, from the centre's fourth below."""
    low = singer.centre - 5
    return [pitch for pitch in range(low, low + 36) if pitch % 12 in chord.pitch_classes][:5]
