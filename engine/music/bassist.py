"""The bass player: one note at a time, on the kick it hears, through the chords it hears."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from engine.context.track_context import Onset, TrackContext
from engine.music.genre import BassStyle
from engine.music.patterns import LEVELS, Event, bar_events, bars_in, choose, keep_chance
from engine.music.plan import Harmony, Time
from engine.music.score import Chord, Note
from engine.music.structure import Form
from engine.music.theory import Ladder, fold, nearest_pitch
from engine.music.wishes import Hand, Wishes, turned, velocity

LOW, HIGH = 28, 55  # E1 to G3: where a bass is felt and still has a pitch
LOWEST = 24  # C1, 33 Hz: below this no loudspeaker of a club or a room follows
UNNAMED_KICK_STRENGTH = 0.6  # of the strongest, for audio whose onsets have no voices
KICKS_PER_BAR = 6
# Patterns of the ways of playing that a prompt may ask for, where the genre has none of its own.
MANNERS = {
    "driving": ("R.R. R.R. R.R. R.R.", "RrRr RrRr RrRr RrR8", "R.RR R.RR R.RR R.R8"),
    "rolling": (".RRR .RRR .RRR .RRR", ".RRr .RR8 .RRr .RR7"),
    "offbeat": ("..R. ..R. ..R. ..R.", "..R. ..R. ..R. ..8."),
    "walking": ("R--- 3--- 5--- a---", "R--- 5--- 3--- a---", "R--- 5--- 8--- a---"),
    "octaves": ("R.8. R.8. R.8. R.8.", "R.8R .8R. R.8. R.8.", "RR88 RR88 RR88 RR8a"),
    "syncopated": ("R..R ..R. .R.. R.a.", "R... ..R. .R.R ..a.", "..R. .R.. R..R ..8."),
    "riff": ("R.R. 7R.. R.5. 7.8.", "R..R ..7. R.5. 7.a. | R..R ..8. R.5. 3.a."),
}
# Manners whose rhythm is the manner itself: no kick draws a note away from it.
FIRM = ("driving", "rolling", "offbeat", "walking", "octaves")
APPROACH = "a"  # the character of a step towards the next note
TURNED, TURN = "R3578", 0.2  # characters that may stand for one another, and how often
SHORT_GATE, SLIDE_SHARE = 0.45, 0.85
Kicks = Mapping[tuple[int, int], float]  # (bar, step) -> how late it is, in ms


@dataclass(frozen=True)
class Player:
    """All that the bass needs to know, in one hand."""

    style: BassStyle
    time: Time
    harmony: Harmony
    ladder: Ladder
    wishes: Wishes
    kicks: Kicks
    rng: random.Random
    form: Form

    @property
    def manner(self) -> str | None:
        return self.wishes.manner or ("held" if self.style.sustain else None)

    @property
    def is_acid(self) -> bool:
        return "acid" in (self.wishes.palette or self.style.palette, self.wishes.manner)

    @property
    def gate(self) -> float:
        """Sounding share of a note's steps."""
        match self.wishes.articulation:
            case "staccato":
                return min(SHORT_GATE, self.style.gate)
            case "legato":
                return 1.0
            case _:
                return self.style.gate

    def patterns(self) -> tuple[str, ...]:
        manner = self.manner or ""
        return self.style.manners.get(manner) or MANNERS.get(manner) or self.style.patterns

    def rests(self, bar: int) -> bool:
        """The bass waits through an intro, and leaves an outro early."""
        name = self.form.name(bar)
        return name == "intro" or (name == "outro" and self.form.place(bar) > 0.5)

    @property
    def centre(self) -> int:
        return max(LOWEST + 6, self.style.centre + 12 * self.wishes.octave)


def kicks_of(heard: Mapping[str, TrackContext], time: Time) -> dict[tuple[int, int], float]:
    """The kicks of the drums heard, repeated over the loop where theirs is shorter."""
    says = heard.get("drums")
    if says is None or not says.onsets:
        return {}
    span = says.bars * says.signature.bar_beats
    found: dict[tuple[int, int], float] = {}
    turn = 0
    while turn * span < time.length_beats:
        for onset in _kick_onsets(says.onsets):
            beat = onset.beat + turn * span
            if beat < time.length_beats:
                bar, step = time.nearest(beat)
                if bar < time.bars:
                    late = time.late_ms(beat, bar, step)
                    found.setdefault((bar, step), round(max(-45.0, min(45.0, late)), 2))
        turn += 1
    return found


def _kick_onsets(onsets: tuple[Onset, ...]) -> list[Onset]:
    """Onsets named kick; where audio names none, the strong ones."""
    named = [onset for onset in onsets if onset.voice == "kick"]
    if named or any(onset.voice for onset in onsets):
        return named
    loudest = max(onset.strength for onset in onsets)
    return [onset for onset in onsets if onset.strength >= UNNAMED_KICK_STRENGTH * loudest]


def play_bass(player: Player) -> tuple[Note, ...]:
    """Notes over the loop, never two at once."""
    if player.manner == "held":
        return _held(player)
    written_out = player.manner in MANNERS or not player.is_acid
    cell = None if written_out else _acid_cell(player)
    pattern = choose(player.patterns(), player.wishes.density, player.rng)
    salt = player.rng.random()
    plan: list[tuple[int, Event]] = []
    for bar in range(player.time.bars):
        events = _bar_of_cell(cell, bar, player) if cell else _bar_of_pattern(pattern, bar, salt, player)
        plan += [(bar, event) for event in _in_section(events, bar, player)]
    return _sounded(plan, player)


def _in_section(events: list[Event], bar: int, player: Player) -> list[Event]:
    """What a section leaves of a bar: nothing, long roots in a break, a breath before a drop."""
    if player.rests(bar):
        return []
    steps = player.time.grid.steps
    if player.form.name(bar) == "break":
        return [Event(0, steps, "R")]
    if player.form.name(bar) == "build" and player.form.closes(bar):
        return [event for event in events if event.step < steps // 2]
    return events


# --- rhythm -----------------------------------------------------------------------------------------


def _bar_of_pattern(pattern: str, bar: int, salt: float, player: Player) -> list[Event]:
    """One bar of the pattern, thinned or thickened, drawn to the kicks of this bar."""
    phrase = random.Random(f"{salt}/{bar % 4}")  # every fourth bar alike
    weight = player.time.grid.weight
    events = {
        event.step: event
        for event in bar_events(pattern, bar % bars_in(pattern), player.time.grid)
        if phrase.random() < keep_chance(weight[event.step], player.wishes.density)
    }
    kicks = [step for place, step in player.kicks if place == bar][:KICKS_PER_BAR]
    if player.manner not in FIRM:
        _turn(events, salt, player)
    for step in () if player.manner in FIRM else kicks:
        _meet(events, step, phrase, player)
    if player.wishes.density > 0.5:
        _thicken(events, phrase, player)
    return [events[step] for step in sorted(events)]


def _turn(events: dict[int, Event], salt: float, player: Player) -> None:
    """Some of the notes off the downbeat are other tones of the chord in this take, the same in every bar."""
    for step, event in events.items():
        own = random.Random(f"{salt}/turn/{step}")
        if player.time.grid.weight[step] < 1.0 and event.character in TURNED and own.random() < TURN:
            events[step] = Event(step, event.steps, own.choice(TURNED))


def _meet(events: dict[int, Event], kick: int, rng: random.Random, player: Player) -> None:
    """Put a note on a kick: a neighbour moves onto it, or a root is added, as much as the genre locks."""
    if kick in events or rng.random() >= player.style.lock:
        return
    for neighbour in (kick + 1, kick - 1):
        if neighbour in events and (player.kicks and neighbour not in _steps(player)):
            moved = events.pop(neighbour)
            events[kick] = Event(kick, moved.steps, moved.character)
            return
    events[kick] = Event(kick, 2, "R")


def _steps(player: Player) -> set[int]:
    return {step for _, step in player.kicks}


def _thicken(events: dict[int, Event], rng: random.Random, player: Player) -> None:
    """More notes between the notes: soft roots, fifths and octaves on free steps."""
    more = 2.0 * player.wishes.density - 1.0
    for step in range(player.time.grid.steps):
        if step not in events and rng.random() < 0.4 * more:
            events[step] = Event(step, 1, rng.choice("rr58"))


def _acid_cell(player: Player) -> list[Event]:
    """A sequence of one bar as the silver box would hold it: mostly root, some octaves, many sixteenths."""
    rng = player.rng
    chance = 0.45 + 0.6 * (player.wishes.density - 0.1)
    characters = "RRRRRRr8883577a"
    found = [
        Event(step, 1, rng.choice(characters) if step else "R")
        for step in range(player.time.grid.steps)
        if step == 0 or rng.random() < chance
    ]
    return found or [Event(0, 1, "R")]


def _bar_of_cell(cell: list[Event], bar: int, player: Player) -> list[Event]:
    """The cell; in every fourth bar two of its notes are other ones."""
    if bar % 4 != 3 or len(cell) < 3:
        return cell
    changed = list(cell)
    for _ in range(2):
        index = player.rng.randrange(1, len(changed))
        changed[index] = Event(changed[index].step, 1, player.rng.choice("R835"))
    return changed


# --- pitch ------------------------------------------------------------------------------------------


def _sounded(plan: list[tuple[int, Event]], player: Player) -> tuple[Note, ...]:
    """The planned events as notes that end where the next begins."""
    time, rng, wishes = player.time, player.rng, player.wishes
    acid, hand = player.is_acid, Hand(wishes, rng)
    glide = turned(max(player.style.glide, 0.25 if acid else 0.0), wishes.knobs.get("glide", 0.5))
    if wishes.articulation == "slides":
        glide = SLIDE_SHARE
    pitches = _pitches(plan, player)
    notes: list[Note] = []
    slides_in = False
    for index, (bar, event) in enumerate(plan):
        start = time.beat(bar, event.step)
        limit = time.beat(*_place(plan[index + 1])) if index + 1 < len(plan) else time.length_beats
        slides_out = rng.random() < glide and limit - start <= 1.0 and index + 1 < len(plan)
        end = min(limit, time.beat(bar, event.step + event.steps))
        length = limit - start if slides_out else (end - start) * player.gate
        accent = acid and rng.random() < 0.28
        _, level = LEVELS[event.character]
        level = min(1.0, level + (0.1 if accent or event.step == 0 else 0.0) + 0.35 * player.form.lift(bar))
        notes.append(
            Note(
                start, length, pitches[index], velocity(level, wishes, rng),
                _late_ms(bar, event.step, hand, player), _articulation(event, accent, slides_out, player),
                slides_in and index > 0,
            )
        )  # fmt: skip
        slides_in = slides_out
    return tuple(notes)


def _pitches(plan: list[tuple[int, Event]], player: Player) -> list[int]:
    """The pitch of every planned note; steps towards a note are found once that note is known."""
    time = player.time
    pitches: list[int] = []
    for bar, event in plan:
        pitch = pitch_of(event.character, time.beat(bar, event.step), player)
        pitches.append(_nearer(pitch, event.character, pitches, player))
    for index in range(len(plan) - 1, -1, -1):
        if plan[index][1].character == APPROACH:
            bar, event = plan[index]
            root = root_pitch(player.harmony.at(time.beat(bar, event.step)), player)
            pitches[index] = _approach(pitches[(index + 1) % len(plan)], root, player)
    return pitches


def _nearer(pitch: int, character: str, before: list[int], player: Player) -> int:
    """A third, fifth or seventh in the octave where the line is; roots and octaves stay where they belong."""
    if not before or character in "Rr8":
        return pitch
    low, high = _range(player)
    octaves = [each for each in (pitch - 12, pitch, pitch + 12) if low <= each <= high]
    return min(octaves, key=lambda each: (abs(each - before[-1]), each), default=pitch)


def _late_ms(bar: int, step: int, hand: Hand, player: Player) -> float:
    """On a kick exactly where the kick is, elsewhere where the groove and the hand fall."""
    heard = player.kicks.get((bar, step))
    return hand.lateness_ms(player.time.habit_ms(step)) if heard is None else heard


def _articulation(event: Event, accent: bool, slides_out: bool, player: Player) -> str:
    if player.wishes.articulation == "staccato":
        return "staccato"
    if accent:
        return "accent"
    if event.character == "r":
        return "ghost"
    return "legato" if slides_out or player.wishes.articulation == "legato" else "normal"


def _place(planned: tuple[int, Event]) -> tuple[int, int]:
    return planned[0], planned[1].step


SPLIT_BEATS = 4.0  # chords shorter than this are one note of a held bass
# Long notes of a chord: (share of its length, character) one after another.
FIGURES = (
    ((1.0, "R"),),
    ((0.5, "R"), (0.5, "5")),
    ((0.75, "R"), (0.25, "5")),
    ((0.75, "R"), (0.25, "a")),
    ((0.5, "R"), (0.25, "8"), (0.25, "5")),
    ((0.875, "R"), (0.125, "a")),
)


def _held(player: Player) -> tuple[Note, ...]:
    """Long notes on each chord's root, in one figure, or two that take turns."""
    first, second = player.rng.choice(FIGURES), player.rng.choice(FIGURES)
    notes = []
    for index, chord in enumerate(player.harmony.chords):
        start = max(0.0, chord.start_beats)
        if player.rests(player.time.nearest(start)[0] % player.time.bars):
            continue
        length = player.harmony.end_of(index, player.time.length_beats) - start
        figure = second if index % 2 else first
        for share, character in figure if length >= SPLIT_BEATS else FIGURES[0]:
            if length <= 0.0:
                break
            level = velocity(0.75, player.wishes, player.rng)
            gate = player.gate
            pitch = pitch_of(character, start, player)
            if character == APPROACH:
                root = root_pitch(player.harmony.after(start), player)
                pitch = _approach(root, root_pitch(chord, player), player)
            notes.append(Note(start, share * length * gate, pitch, level))
            start += share * length
    return tuple(notes)


def root_pitch(chord: Chord, player: Player) -> int:
    low, high = _range(player)
    return fold(nearest_pitch(chord.pitch_classes[0], player.centre), low, high)


def pitch_of(character: str, beat: float, player: Player) -> int:
    """The pitch that a pattern's character means at this beat; the root for a step towards another note."""
    chord = player.harmony.at(beat)
    root = root_pitch(chord, player)
    low, high = _range(player)
    if character == "8":
        return root + 12 if root + 12 <= high else root
    index = {"3": 1, "5": 2, "7": 3}.get(character, 0)
    classes = chord.pitch_classes
    if index == 2 and len(classes) == 2:
        index = 1
    if index >= len(classes):
        index = 0
    return fold(root + (classes[index] - classes[0]) % 12, low, high)


def _approach(target: int, root: int, player: Player) -> int:
    """The step below the note that follows, or above it where the line comes from above: of the scale, or a
    semitone, as the genre has it."""
    low, high = _range(player)
    from_above = root > target or target - 2 < low
    style = player.style.approach
    if style == "chromatic" or (style == "mixed" and player.rng.random() < 0.5):
        return fold(target + 1 if from_above else target - 1, low, high)
    rung = player.ladder.rung(target)
    return fold(player.ladder.pitch(rung + 1 if from_above else rung - 1), low, high)


def _range(player: Player) -> tuple[int, int]:
    """The range moves with the octave asked for, inside what a MIDI note can be."""
    low = max(LOWEST, min(84, LOW + 12 * player.wishes.octave))
    return low, low + HIGH - LOW
