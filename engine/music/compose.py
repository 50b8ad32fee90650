"""One track's score from the musical context and the tracks heard.

context, params -> Wishes        genre -> Style        heard -> Harmony, kicks
                   \\__________________|____________________/
                    drummer, bassist, harmonist or melodist -> Score
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from engine.context.track_context import TrackContext
from engine.music.bassist import Player, kicks_of, play_bass
from engine.music.drummer import play_drums
from engine.music.genre import (
    PALETTES,
    BassStyle,
    DrumStyle,
    HarmonyStyle,
    MelodyStyle,
    genre_named,
    genres,
)
from engine.music.harmonist import play_harmony
from engine.music.melodist import Singer, chords_top, play_melody
from engine.music.plan import Harmony, Time, curve, harmony_of
from engine.music.score import Curve, Hit, Note, Score
from engine.music.theory import Ladder
from engine.music.wishes import Wishes, style_settings, wishes_of
from engine.prompt.music_context import MusicContext

Style = DrumStyle | BassStyle | HarmonyStyle | MelodyStyle


def warm() -> None:
    """Load the genres and fill the tables of patterns, so that the first score is as fast as the next."""
    from engine.prompt.music_context import Frame

    frame = Frame()
    for genre in genres().values():
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
    genre = genre_named(context.genre)
    role = track if track in PALETTES else "melody"
    style: Style = getattr(genre, role)
    wishes = wishes_of(track, context, genre, params)
    harmony = harmony_of(context, genre, heard, seed)
    time = Time.of(context, wishes.swing, genre.swing_unit)
    rng = random.Random(f"{seed}/{track}/{genre.name}/{context.signature.name}")
    notes, hits = _played(style, context, time, harmony, wishes, heard, rng)
    if context.intent(track).silent:
        notes, hits = (), ()
    return Score(
        track=track, tempo_bpm=context.tempo_bpm, key=context.key, signature=context.signature,
        bars=context.bars, genre=genre.name, palette=_palette(role, style, wishes), notes=notes, hits=hits,
        chords=harmony.chords, curves=_curves(style, wishes, time),
        settings=style_settings(style.settings, wishes, genre.brightness),
    ).validate()  # fmt: skip


def _played(
    style: Style, context: MusicContext, time: Time, harmony: Harmony, wishes: Wishes,
    heard: Mapping[str, TrackContext], rng: random.Random,
) -> tuple[tuple[Note, ...], tuple[Hit, ...]]:  # fmt: skip
    ladder = Ladder(context.key.scale)
    match style:
        case DrumStyle():
            return (), play_drums(style, time, wishes, rng)
        case BassStyle():
            return play_bass(Player(style, time, harmony, ladder, wishes, kicks_of(heard, time), rng)), ()
        case HarmonyStyle():
            return play_harmony(style, time, harmony, wishes, rng), ()
        case MelodyStyle():
            return play_melody(Singer(style, time, harmony, ladder, wishes, rng, chords_top(heard))), ()


def _palette(role: str, style: Style, wishes: Wishes) -> str:
    """The palette asked for, where this role has it."""
    return wishes.palette if wishes.palette in PALETTES[role] else style.palette


def _curves(style: Style, wishes: Wishes, time: Time) -> tuple[Curve, ...]:
    """The energy lifts a little towards the end of the loop; the filter moves as the genre has it."""
    energy = curve("energy", "wave", wishes.energy, 0.08, time.length_beats)
    if isinstance(style, DrumStyle):
        return (energy,)
    depth = 0.0 if style.curve == "flat" else 0.12 + 0.13 * wishes.energy
    return energy, curve("filter", style.curve, wishes.brightness, depth, time.length_beats)
