"""The chord player: pads, stabs, comping, strums and broken chords, in voicings that move as little as they
can and stay out of the melody's way."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from engine.context.track_context import TrackContext
from engine.music.genre import HarmonyStyle
from engine.music.patterns import Event, bar_events, bars_in, chance_and_level, choose, keep_chance
from engine.music.plan import Harmony, Time
from engine.music.score import Note
from engine.music.structure import Form
from engine.music.voicing import CEILING, FLOOR, suspended, voicings
from engine.music.wishes import Hand, Wishes, bounded_ms, velocity

PAD_BARS = (4, 4, 2, 1)  # a pad is struck anew after so many, lest it die away
STAGGERS = (0.0, 0.0, 0.0, 0.25, 0.5)  # beats between the entries of a pad's voices
SUSTAINED = ("pad", "strings", "choir", "warm_pad", "glass_pad", "juno")
STRUCK = ("stab", "rhodes", "piano", "house_piano", "clav", "guitar", "nylon", "skank", "epiano")
BELOW_MELODY = 7  # semitones between the middle of the chords and the mean of the melody heard
STILL = ("intro", "break", "outro")  # sections in which chords lie
TWO_PATTERNS = 0.6  # chance that two patterns take turns
PUSHED = 0.4  # chance that one chord comes early
LYING_BEATS, LYING = 3.0, 0.95  # chords of such a length are held to their end, however short the others
SUSPENDED_BEATS = 6.0  # a chord shorter than this has no time to resolve
STRUM_MS, STRUM_BACK_MS = 16.0, 9.0
# Patterns of the manners that a prompt may ask for, where the genre has none of its own.
MANNERS = {
    "comp": ("x--. ..x- .... x-..", "..x- ---- x--. ....", "x-x. ..x. .x-- ....", "x... ..x. .... ..x."),
    "stab": ("...x .... ..x. ....", "x... ...x .... ....", "..x. ..x. .... ..x.", "x..x ..x. .... ...."),
    "skank": ("..x. ..x. ..x. ..x.", ".... x... .... x...", "..x. ..xx ..x. ..xx"),
    "strum": ("x-x- xxx- x-x- xxx-", "x--- x-xx -xx- x-xx", "x--x -xx- x--x -xxx"),
    "arp": ("xxxx xxxx xxxx xxxx", "x.x. x.x. x.x. x.x.", "x.xx .xx. x.xx .xx."),
}
FIGURES = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 1, 2, 1), (3, 2, 1, 0), (0, 2, 3, 2), (0, 1, 2, 3, 2, 1))
Span = tuple[int, float, float, float]  # chord, start and end in beats, level


@dataclass(frozen=True)
class Comper:
    style: HarmonyStyle
    time: Time
    harmony: Harmony
    wishes: Wishes
    form: Form
    rng: random.Random
    scale: tuple[int, ...]  # pitch classes of the key
    melody: float | None = None  # mean pitch of the melody heard

    @property
    def manner(self) -> str | None:
        return self.wishes.manner

    @property
    def lies(self) -> bool:
        """Whether the sound holds its chords: as asked, else as the genre or the chosen sound has it."""
        if self.manner:
            return self.manner == "pad"
        if self.wishes.palette is None or self.wishes.palette == self.style.palette:
            return self.style.sustain
        return self.wishes.palette in SUSTAINED or (self.style.sustain and self.wishes.palette not in STRUCK)

    @property
    def gate(self) -> float:
        match self.wishes.articulation or self.manner:
            case "staccato" | "stab" | "skank":
                return min(0.5, self.style.gate)
            case "legato" | "strum" | "pad":
                return 0.98
            case _:
                return 0.98 if self.lies else self.style.gate

    def patterns(self) -> tuple[str, ...]:
        manner = self.manner or ""
        return self.style.manners.get(manner) or MANNERS.get(manner) or self.style.patterns


def melody_of(heard: Mapping[str, TrackContext]) -> float | None:
    """Mean pitch of the melody heard; None where no score says it."""
    says = heard.get("melody")
    if says is None or says.score is None or not says.score.notes:
        return None
    return sum(note.pitch for note in says.score.notes) / len(says.score.notes)


def play_harmony(comper: Comper) -> tuple[Note, ...]:
    """Chord notes over the loop, in order of time."""
    voiced = chosen_voicings(comper)
    # Patterns written for stabs are too short for a pad that the prompt put in their place.
    asked = comper.manner == "pad"
    pads = comper.lies and (asked or not comper.style.sustain or comper.rng.random() < 0.7)
    spans = _pad_spans(comper) if pads else _comped_spans(comper)
    if not pads:
        spans = _still_where_sections_are(spans, comper)
    elif comper.rng.random() < comper.style.tension:
        spans, voiced = _suspended_end(spans, voiced, comper)
    if comper.manner == "arp" and not pads:
        return _broken(spans, voiced, comper)
    stagger = comper.rng.choice(STAGGERS) if pads else 0.0
    hand = Hand(comper.wishes, comper.rng)
    return tuple(
        note
        for place, (index, start, end, level) in enumerate(spans)
        for note in _struck(voiced[index], start, end, level, stagger, place, hand, comper)
    )


def _struck(
    voicing: tuple[int, ...], start: float, end: float, level: float, stagger: float, place: int,
    hand: Hand, comper: Comper,
) -> list[Note]:  # fmt: skip
    """One chord: its voices from the lowest, strummed or entering one by one, the top one a little louder."""
    bar, step = comper.time.nearest(start)
    bar = min(bar, comper.time.bars - 1)
    late = hand.lateness_ms(comper.time.habit_ms(step))
    entry = stagger if end - start >= 8.0 * stagger else 0.0
    gate = comper.gate if end - start < LYING_BEATS or comper.wishes.articulation else max(LYING, comper.gate)
    articulation = "normal" if gate > 0.8 else "staccato"
    level = level * (1.0 + 0.5 * comper.form.lift(bar))
    notes = []
    for rank, pitch in enumerate(voicing):
        begin = start + rank * entry
        top = 0.06 if rank == len(voicing) - 1 else 0.0
        spread = _strum_ms(rank, len(voicing), place, comper)
        loud = velocity(min(1.0, level + top), comper.wishes, comper.rng)
        notes.append(Note(begin, (end - begin) * gate, pitch, loud, bounded_ms(late + spread), articulation))
    return notes


def _strum_ms(rank: int, count: int, place: int, comper: Comper) -> float:
    """How much later than the first string a string sounds; every second strum goes up, and faster."""
    if comper.manner != "strum":
        return min(30.0, rank * comper.style.strum_ms)
    up = place % 2 == 1
    return (count - 1 - rank) * STRUM_BACK_MS if up else rank * max(STRUM_MS, comper.style.strum_ms) * 0.6


# --- voicings ---------------------------------------------------------------------------------------


def chosen_voicings(comper: Comper) -> list[tuple[int, ...]]:
    """One voicing a chord; where they lie is the take's own, but under the melody heard."""
    rng, style = comper.rng, comper.style
    centre = style.centre + rng.randint(-6, 5) + 12 * comper.wishes.octave
    if comper.melody is not None and centre > round(comper.melody) - BELOW_MELODY:
        centre = round(comper.melody) - BELOW_MELODY - rng.randint(0, 6)
    centre = max(FLOOR + 7, min(CEILING - 7, centre))
    spread = style.spread if rng.random() < 0.75 else not style.spread
    return voicings(tuple(chord.pitch_classes for chord in comper.harmony.chords), centre, spread)


def _suspended_end(
    spans: list[Span], voiced: list[tuple[int, ...]], comper: Comper
) -> tuple[list[Span], list[tuple[int, ...]]]:
    """The last chord enters with its fourth, which falls to the third half way."""
    index, start, end, level = spans[-1]
    chord = comper.harmony.chords[index]
    held = suspended(voiced[index], chord.pitch_classes)
    half = start + (end - start) / 2.0
    inside = (chord.pitch_classes[0] + 5) % 12 in comper.scale
    if not inside or held == voiced[index] or end - start < SUSPENDED_BEATS:
        return spans, voiced
    last = len(voiced)
    return [*spans[:-1], (last, start, half, level), (index, half, end, level * 0.9)], [*voiced, held]


# --- when -------------------------------------------------------------------------------------------


def _pad_spans(comper: Comper) -> list[Span]:
    """The whole length of every chord, in pieces of at most four bars; some takes breathe more often."""
    time, harmony, rng = comper.time, comper.harmony, comper.rng
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


def _comped_spans(comper: Comper) -> list[Span]:
    """The rhythm of a pattern, or of two that take turns; the same choices every time round, so that it
    sounds like a part, and other ones at the end of eight bars."""
    time, rng = comper.time, comper.rng
    pattern = choose(comper.patterns(), comper.wishes.density, rng)
    answer = choose(comper.patterns(), comper.wishes.density, rng) if rng.random() < TWO_PATTERNS else pattern
    cycle = max(2, bars_in(pattern))
    bars = [_decided(answer if bar % 2 else pattern, bar, comper) for bar in range(cycle)]
    if rng.random() < PUSHED:
        bars[-1] = pushed(bars[-1], rng)
    turnaround = _decided(answer, cycle - 1, comper)
    spans: list[Span] = []
    for bar in range(time.bars):
        events = turnaround if bar % 8 == 7 else bars[bar % cycle]
        for event in events:
            start, end = time.beat(bar, event.step), time.beat(bar, event.step + event.steps)
            level = chance_and_level(event.character)[1]
            spans += _cut_at_changes(start, end, level, comper)
    return spans


def _decided(pattern: str, bar: int, comper: Comper) -> list[Event]:
    """One bar of the pattern with its chances decided and thinned to the density."""
    weight = comper.time.grid.weight
    return [
        event
        for event in bar_events(pattern, bar % bars_in(pattern), comper.time.grid)
        if comper.rng.random()
        < chance_and_level(event.character)[0]
        * keep_chance(max(0.5, weight[event.step]), comper.wishes.density)
    ]


def pushed(events: list[Event], rng: random.Random) -> list[Event]:
    """One of the chords an eighth early, where nothing stands in its way: an anticipation."""
    taken = {event.step for event in events}
    free = [e for e in events if e.step >= 2 and not taken & {e.step - 1, e.step - 2}]
    if not free:
        return events
    early = rng.choice(free)
    return [Event(e.step - 2, e.steps + 1, e.character) if e is early else e for e in events]


def _cut_at_changes(start: float, end: float, level: float, comper: Comper) -> list[Span]:
    """A held chord that meets a change is struck again as the new one."""
    spans: list[Span] = []
    while start < end - 1e-6:
        index = comper.harmony.index_at(start)
        stop = min(end, comper.harmony.end_of(index, comper.time.length_beats))
        if stop <= start:
            stop = end
        spans.append((index, start, stop, level * 0.85))
        start = stop
    return spans


def _still_where_sections_are(spans: list[Span], comper: Comper) -> list[Span]:
    """In an intro, a break and an outro the chords lie, struck once a chord or a bar."""
    bar_beats = comper.time.grid.bar_beats
    still = [bar for bar in range(comper.time.bars) if comper.form.name(bar) in STILL]
    if not still:
        return spans
    kept = [span for span in spans if int(span[1] / bar_beats + 1e-9) not in still]
    lying = [
        span for bar in still for span in _cut_at_changes(bar * bar_beats, (bar + 1) * bar_beats, 0.6, comper)
    ]
    return sorted([*kept, *lying], key=lambda span: span[1])


# --- broken chords ----------------------------------------------------------------------------------


def _broken(spans: list[Span], voiced: list[tuple[int, ...]], comper: Comper) -> tuple[Note, ...]:
    """One note of the voicing at each place of the pattern, in one figure for the whole loop."""
    figure = comper.rng.choice(FIGURES)
    hand = Hand(comper.wishes, comper.rng)
    notes: list[Note] = []
    for place, (index, start, end, level) in enumerate(spans):
        pitch = voiced[index][figure[place % len(figure)] % len(voiced[index])]
        (note,) = _struck((pitch,), start, end, level, 0.0, 0, hand, comper)
        notes.append(note)
    return tuple(notes)
