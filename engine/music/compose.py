"""One track's score from the musical context and the tracks heard.

context, params -> Wishes        genre -> Style        heard -> Harmony, Form, groove, kicks
                   \\__________________|____________________/
                    drummer, bassist, harmonist or melodist -> Score
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.context.track_context import TrackContext
from engine.music.bassist import Player, kicks_of, play_bass
from engine.music.blend import genre_of
from engine.music.drummer import Drummer, play_drums
from engine.music.ducking import duck_curve
from engine.music.gaps import busy_steps
from engine.music.genre import (
    PALETTES,
    BassStyle,
    DrumStyle,
    Genre,
    HarmonyStyle,
    MelodyStyle,
    genres,
)
from engine.music.harmonist import Comper, melody_of, play_harmony
from engine.music.melodist import Singer, chords_top, play_melody
from engine.music.plan import Harmony, Time, curve, harmony_of
from engine.music.score import Curve, Hit, Note, Score
from engine.music.structure import Form, form_of
from engine.music.theory import Ladder
from engine.music.wishes import Wishes, style_settings, wishes_of
from engine.prompt.music_context import MusicContext

Style = DrumStyle | BassStyle | HarmonyStyle | MelodyStyle
DUCKED = {"harmony": 1.0, "bass": 0.6, "melody": 0.5}  # share of the genre's sidechain a role takes
PLAINEST = {"bass": "held", "harmony": "pad", "melody": "arp"}  # manners that leave no loop empty
SHUFFLE = 1.0  # the swing of a shuffle: eighths as the first and last of three
SWAY = 0.14  # of the density, at its middle
FILTER_LIFT = 0.6  # how far a section's energy opens the filter


@dataclass(frozen=True)
class Sheet:
    """All that one musician has before them."""

    role: str
    context: MusicContext
    genre: Genre
    heard: Mapping[str, TrackContext]
    wishes: Wishes
    harmony: Harmony
    form: Form
    time: Time
    rng: random.Random

    @property
    def style(self) -> Style:
        style: Style = getattr(self.genre, self.role)
        return style


def warm() -> None:
    """Load the genres, and write one score for each track: what is looked up on a first score is looked up
    for every genre. The tables of its own cost another genre about a millisecond."""
    from engine.prompt.music_context import Frame

    frame = Frame()
    genre = next(iter(genres().values()))
    context = MusicContext("", genre.name, genre.typical_tempo_bpm, genre.key, frame.signature, 8)
    heard: dict[str, TrackContext] = {}
    for track in PALETTES:
        heard[track] = TrackContext.from_score(compose(track, context, heard, 1, {}))


def compose(
    track: str,
    context: MusicContext,
    heard: Mapping[str, TrackContext],
    seed: int,
    params: Mapping[str, float],
) -> Score:
    """A valid score, the same for the same arguments. A track that no role is named after sings a melody."""
    sheet = _sheet(track, context, heard, seed, params)
    notes, hits = ((), ()) if context.intent(track).silent else _surely_played(sheet)
    style, wishes, genre = sheet.style, sheet.wishes, sheet.genre
    return Score(
        track=track, tempo_bpm=context.tempo_bpm, key=context.key, signature=context.signature,
        bars=context.bars, genre=genre.name, palette=_palette(sheet), notes=notes, hits=hits,
        chords=sheet.harmony.chords, curves=_curves(sheet),
        settings=style_settings(style.settings, wishes, genre.brightness), sections=sheet.form.sections,
    ).validate()  # fmt: skip


def _sheet(
    track: str,
    context: MusicContext,
    heard: Mapping[str, TrackContext],
    seed: int,
    params: Mapping[str, float],
) -> Sheet:
    genre = genre_of(context)
    role = track if track in PALETTES else "melody"
    wishes = wishes_of(track, context, genre, params)
    if wishes.manner is None:  # a manner is played as it is written
        wishes = replace(wishes, density=_of_this_take(wishes.density, seed, track))
    shuffles = context.intent("drums").manner == "shuffle"
    swing, unit = (SHUFFLE, 8) if shuffles else (wishes.swing, genre.swing_unit)
    time = Time.heard(context, swing, unit, {} if role == "drums" else heard)
    return Sheet(
        role, context, genre, heard, wishes, harmony_of(context, genre, heard, seed),
        form_of(context, genre, heard, seed), time,
        random.Random(f"{seed}/{track}/{genre.name}/{context.signature.name}"),
    )  # fmt: skip


def _of_this_take(density: float, seed: int, track: str) -> float:
    """A little fuller or emptier from take to take, lest the same few patterns are always the answer."""
    sway = random.Random(f"{seed}/{track}/sway").uniform(-SWAY, SWAY)
    return min(1.0, max(0.0, density + sway * 4.0 * density * (1.0 - density)))


def _surely_played(sheet: Sheet) -> tuple[tuple[Note, ...], tuple[Hit, ...]]:
    """What the musician plays, who was asked to: chance, a form or an odd meter may leave nothing of it, then
    without the form, fuller, and at last in the manner that always sounds."""
    free = replace(sheet, form=Form(sheet.context.bars))
    fuller = replace(sheet.wishes, density=1.0)
    plainest = replace(fuller, manner=PLAINEST.get(sheet.role))
    attempts = (sheet, free, replace(free, wishes=fuller), replace(free, wishes=plainest))
    played: tuple[tuple[Note, ...], tuple[Hit, ...]] = ((), ())
    for attempt in attempts:
        played = _played(attempt)
        if any(played):
            break
    return played


def _played(sheet: Sheet) -> tuple[tuple[Note, ...], tuple[Hit, ...]]:
    time, harmony, wishes, form, rng = sheet.time, sheet.harmony, sheet.wishes, sheet.form, sheet.rng
    heard, key = sheet.heard, sheet.context.key
    match sheet.style:
        case DrumStyle() as style:
            return (), play_drums(Drummer(style, time, wishes, form, rng))
        case BassStyle() as style:
            ladder, kicks = Ladder(key.scale), kicks_of(heard, time)
            return play_bass(Player(style, time, harmony, ladder, wishes, kicks, rng, form)), ()
        case HarmonyStyle() as style:
            return play_harmony(
                Comper(style, time, harmony, wishes, form, rng, key.scale, melody_of(heard))
            ), ()
        case MelodyStyle() as style:
            top, busy = chords_top(heard), busy_steps(heard, time)
            return play_melody(Singer(style, time, harmony, key, wishes, rng, form, top, busy)), ()


def _palette(sheet: Sheet) -> str:
    """The palette asked for, where this role has it."""
    asked = sheet.wishes.palette
    return asked if asked in PALETTES[sheet.role] else sheet.style.palette


def _curves(sheet: Sheet) -> tuple[Curve, ...]:
    """The energy lifts a little towards the end of the loop; the filter moves as the genre has it, and both
    with the form; harmony, bass and melody give way to the kicks they hear."""
    style, wishes, time = sheet.style, sheet.wishes, sheet.time
    energy = lifted(curve("energy", "wave", wishes.energy, 0.08, time.length_beats), sheet.form, time, 1.0)
    if isinstance(style, DrumStyle):
        return (energy,)
    depth = 0.0 if style.curve == "flat" else 0.12 + 0.13 * wishes.energy
    shape = curve("filter", style.curve, wishes.brightness, depth, time.length_beats)
    found = [energy, lifted(shape, sheet.form, time, FILTER_LIFT)]
    ducking = duck_curve(_kick_beats(sheet), _duck_depth(sheet), time.length_beats, time.tempo_bpm)
    return (*found, ducking) if ducking else tuple(found)


def lifted(line: Curve, form: Form, time: Time, share: float) -> Curve:
    """The curve with every bar lifted or lowered as the form has it: in steps, in ramps through a build."""
    lifts = [(share * form.lift(bar), share * form.lift_after(bar)) for bar in range(form.bars)]
    if not any(lift for lift, _ in lifts):
        return line
    bar_beats = time.grid.bar_beats
    points: list[tuple[float, float]] = []
    for bar, (lift, after) in enumerate(lifts):
        points.append((bar * bar_beats, lift))
        points.append(((bar + 1) * bar_beats - 1e-3, after))
    points[-1] = (time.length_beats, points[-1][1])
    base = dict(line.points)
    beats = sorted({beat for beat, _ in points} | {beat for beat in base if beat <= time.length_beats})
    rows = ((beat, _at(line.points, beat) + _at(tuple(points), beat)) for beat in beats)
    return Curve(line.name, tuple((round(b, 6), round(min(1.0, max(0.0, v)), 4)) for b, v in rows))


def _at(points: tuple[tuple[float, float], ...], beat: float) -> float:
    """The value of a line of points at a beat."""
    before = points[0]
    for point in points:
        if point[0] >= beat:
            width = point[0] - before[0]
            return point[1] if width <= 0 else before[1] + (point[1] - before[1]) * (beat - before[0]) / width
        before = point
    return before[1]


def _kick_beats(sheet: Sheet) -> list[float]:
    """Where the kicks heard really fall, micro-timing and all."""
    kicks = kicks_of(sheet.heard, sheet.time)
    ms = sheet.time.tempo_bpm / 60_000.0
    return [sheet.time.beat(bar, step) + late * ms for (bar, step), late in kicks.items()]


def _duck_depth(sheet: Sheet) -> float:
    """How deep: the genre's sidechain, deeper with energy; a bass that plays on the kick gives way less."""
    depth = sheet.genre.sidechain * DUCKED.get(sheet.role, 0.0) * (0.6 + 0.8 * sheet.wishes.energy)
    return min(0.9, depth)
