"""The frame that four tracks share: time as it is felt, and the chords."""

from __future__ import annotations

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from engine.context.track_context import TrackContext
from engine.music.genre import Genre
from engine.music.grid import STEP_BEATS, Grid, grid_of, swung
from engine.music.key import Key
from engine.music.score import Chord, Curve
from engine.music.theory import diatonic_chord, parse_degree
from engine.prompt.music_context import MusicContext

FROM_HOME = 0.85  # chance that a progression begins on its tonic
NINTHS = 0.3  # share of the extensions that reach the ninth
HABIT_MS = 2.0  # what is later than this is how somebody plays; less is what hearing adds


@dataclass(frozen=True)
class Time:
    """Where steps fall: `places[s]` is the swung beat of step s inside its bar; one more for the bar line.

    `late` is how late the drums heard play each step, in ms; 0 where there are none.
    """

    grid: Grid
    bars: int
    tempo_bpm: float
    places: tuple[float, ...]
    late: tuple[float, ...] = ()

    @classmethod
    def heard(
        cls, context: MusicContext, swing: float, swing_unit: int, heard: Mapping[str, TrackContext]
    ) -> Time:
        """As the drums heard swing and drag; as the wishes have it where none are heard."""
        drums = heard.get("drums")
        groove = drums.groove if drums else None
        if groove is None or drums is None or drums.signature != context.signature:
            return cls.of(context, swing, swing_unit)
        time = cls.of(context, min(1.0, groove.swing), groove.swing_unit)
        habits = (groove.late_ms[step % len(groove.late_ms)] for step in range(time.grid.steps))
        late = tuple(habit if abs(habit) >= HABIT_MS else 0.0 for habit in habits)
        return replace(time, late=late)

    @classmethod
    def of(cls, context: MusicContext, swing: float, swing_unit: int) -> Time:
        grid = grid_of(context.signature)
        pair_beats = 8.0 / swing_unit
        places = [swung(step * STEP_BEATS, grid.bar_beats, swing, pair_beats) for step in range(grid.steps)]
        return cls(grid, context.bars, context.tempo_bpm, (*places, grid.bar_beats))

    @property
    def length_beats(self) -> float:
        return self.bars * self.grid.bar_beats

    def beat(self, bar: int, step: int) -> float:
        """Beat from the start of the loop; a step past the bar's end falls into the bars that follow."""
        more, rest = divmod(step, self.grid.steps)
        return min(self.length_beats, (bar + more) * self.grid.bar_beats + self.places[rest])

    def habit_ms(self, step: int) -> float:
        """How late the groove heard plays a step of the bar."""
        return self.late[step % self.grid.steps] if self.late else 0.0

    def nearest(self, beat: float) -> tuple[int, int]:
        """(bar, step) whose swung place lies nearest to a heard beat."""
        bar, place = divmod(beat, self.grid.bar_beats)
        right = min(bisect_left(self.places, place), self.grid.steps)
        left = max(0, right - 1)
        step = left if place - self.places[left] <= self.places[right] - place else right
        return (int(bar) + 1, 0) if step == self.grid.steps else (int(bar), step)

    def late_ms(self, beat: float, bar: int, step: int) -> float:
        """How late a heard beat is against the place of its step."""
        return (beat - self.beat(bar, step)) * 60_000.0 / self.tempo_bpm


@dataclass(frozen=True)
class Harmony:
    """The chords over the loop, in order of time."""

    chords: tuple[Chord, ...]

    @cached_property
    def starts(self) -> list[float]:
        return [chord.start_beats for chord in self.chords]

    def index_at(self, beat: float) -> int:
        """The chord that sounds at a beat (just before a change counts as the change: 1e-6 beats)."""
        return max(0, bisect_right(self.starts, beat + 1e-6) - 1)

    def at(self, beat: float) -> Chord:
        return self.chords[self.index_at(beat)]

    def after(self, beat: float) -> Chord:
        """The chord that follows the one at `beat`; the first one after the last, as in a loop."""
        return self.chords[(self.index_at(beat) + 1) % len(self.chords)]

    def end_of(self, index: int, length_beats: float) -> float:
        return self.starts[index + 1] if index + 1 < len(self.starts) else length_beats


def harmony_of(context: MusicContext, genre: Genre, heard: Mapping[str, TrackContext], seed: int) -> Harmony:
    """The chords heard from the first track that has any, else a progression of the genre.

    Drums carry the chords they were written beside; those count only in the key asked for now.
    """
    length_beats = context.bars * context.signature.bar_beats
    pitched = [says for name, says in heard.items() if name != "drums" and says.chords]
    beside = [
        says for name, says in heard.items() if name == "drums" and says.key == context.key and says.chords
    ]
    for says in (*pitched, *beside):
        span = says.bars * says.signature.bar_beats
        return Harmony(fitted(says.chords, span, length_beats))
    return Harmony(planned(context, genre, seed))


def fitted(chords: tuple[Chord, ...], span_beats: float, length_beats: float) -> tuple[Chord, ...]:
    """Chords of a loop of `span_beats` repeated or cut to `length_beats`; unchanged where they fit."""
    if abs(span_beats - length_beats) < 1e-6 or span_beats <= 0.0:
        inside = tuple(chord for chord in chords if chord.start_beats < length_beats)
        return inside or (replace(chords[0], start_beats=0.0, length_beats=length_beats),)
    found: list[Chord] = []
    turn = 0
    while turn * span_beats < length_beats:
        for chord in chords:
            start = chord.start_beats + turn * span_beats
            if start < length_beats:
                length = min(chord.length_beats, length_beats - start)
                found.append(replace(chord, start_beats=start, length_beats=length))
        turn += 1
    return tuple(found) or (replace(chords[0], start_beats=0.0, length_beats=length_beats),)


def planned(context: MusicContext, genre: Genre, seed: int) -> tuple[Chord, ...]:
    """A progression of the genre over the bars, the same for every track of the same seed."""
    rng = random.Random(f"{seed}/chords/{genre.name}/{context.key.name}/{context.bars}")
    choices = genre.progressions.minor if context.key.is_minor else genre.progressions.major
    degrees = _from_home(rng.choice(choices), rng)
    bars_per_chord = rng.choice(genre.progressions.bars_per_chord)
    # A progression that does not fit the loop is told faster, down to a bar a chord.
    while bars_per_chord > 1 and bars_per_chord * len(degrees) > context.bars:
        bars_per_chord /= 2
    style = genre.harmony
    return _laid_out(
        context, _tense(_extended(degrees, style.extensions, rng), style.tension, rng), bars_per_chord
    )


def _from_home(degrees: tuple[str, ...], rng: random.Random) -> tuple[str, ...]:
    """The same round of chords, mostly told from its tonic: where a loop begins, the ear hears its key."""
    home = next((place for place, degree in enumerate(degrees) if degree.split(":")[0] == "1"), 0)
    return degrees[home:] + degrees[:home] if rng.random() < FROM_HOME else degrees


def _extended(degrees: tuple[str, ...], readiness: float, rng: random.Random) -> tuple[str, ...]:
    """Plain triads with a seventh, now and then a ninth, as readily as the genre has it."""

    def one(degree: str) -> str:
        if not degree.isdecimal() or rng.random() >= readiness:
            return degree
        return f"{degree}:9" if rng.random() < NINTHS else f"{degree}:7"

    return tuple(one(degree) for degree in degrees)


def _tense(degrees: tuple[str, ...], readiness: float, rng: random.Random) -> tuple[str, ...]:
    """The last chord as a dominant that wants back to the first, where the first is the tonic."""
    if len(degrees) < 3 or degrees[0][0] != "1" or degrees[-1][0] == "5" or rng.random() >= 0.5 * readiness:
        return degrees
    return (*degrees[:-1], rng.choice(("5:sus4", "5:7")))


def _laid_out(context: MusicContext, degrees: tuple[str, ...], bars_per_chord: float) -> tuple[Chord, ...]:
    bar_beats = context.signature.bar_beats
    half = _half_bar(grid_of(context.signature))
    found: list[Chord] = []
    for slot in range(math.ceil(context.bars / bars_per_chord)):
        bar = slot * bars_per_chord
        if bar % 1 and not half:
            continue
        start = int(bar) * bar_beats + (half if bar % 1 else 0.0)
        symbol, classes = _chord(context.key, degrees[slot % len(degrees)])
        if found and found[-1].symbol == symbol:
            continue
        found.append(Chord(start, 0.0, symbol, classes))
    ends = [chord.start_beats for chord in found[1:]] + [context.bars * bar_beats]
    return tuple(
        replace(chord, length_beats=end - chord.start_beats) for chord, end in zip(found, ends, strict=True)
    )


def _chord(key: Key, degree: str) -> tuple[str, tuple[int, ...]]:
    return diatonic_chord(key, *parse_degree(degree))


def _half_bar(grid: Grid) -> float:
    """Beat of the felt beat nearest to the middle of the bar (0 where the bar has but one)."""
    middle = grid.steps / 2
    return min(grid.beat_starts, key=lambda step: (abs(step - middle), -step)) * STEP_BEATS


def curve(name: str, shape: str, centre: float, depth: float, length_beats: float) -> Curve:
    """A control curve over the loop; all but `rise` end where they begin, so that the seam is unheard."""
    places = {
        "flat": ((0.0, 0.0), (1.0, 0.0)),
        "rise": ((0.0, -1.0), (0.9, 1.0), (1.0, 1.0)),
        "arch": ((0.0, -1.0), (0.6, 1.0), (1.0, -1.0)),
        "wave": ((0.0, -0.5), (0.25, 0.5), (0.5, -0.5), (0.75, 1.0), (1.0, -0.5)),
    }[shape]
    return Curve(
        name,
        tuple(
            (round(place * length_beats, 6), round(min(1.0, max(0.0, centre + depth * side)), 4))
            for place, side in places
        ),
    )
