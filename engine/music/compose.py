"""One track's score from the musical context and the tracks heard."""

from __future__ import annotations

import random
from collections.abc import Mapping

from engine.context.track_context import TrackContext
from engine.music.key import Key
from engine.music.score import Chord, Hit, Note, Score
from engine.prompt.music_context import MusicContext

PALETTES = {"drums": "909", "bass": "pluck_bass", "harmony": "stab"}


def warm() -> None:
    """Load the genres, so that the first score is as fast as the next."""


def _triad(key: Key, degree: int) -> tuple[int, ...]:
    return tuple(key.scale[(degree + third) % 7] for third in (0, 2, 4))


def compose(
    track: str,
    context: MusicContext,
    heard: Mapping[str, TrackContext],
    seed: int,
    params: Mapping[str, float],
) -> Score:
    """A valid score, the same for the same arguments."""
    rng = random.Random(f"{seed}/{track}")
    bar = context.signature.bar_beats
    degrees = rng.choice(((0, 5, 2, 6), (0, 3, 5, 4)))
    chords = tuple(
        Chord(i * bar, bar, f"{degrees[i % 4] + 1}", _triad(context.key, degrees[i % 4]))
        for i in range(context.bars)
    )
    chords = next((says.chords for says in heard.values() if says.chords), chords)
    hits, notes = [], []
    steps = int(context.bars * bar * 2)
    for step in range(steps):
        beat = step * 0.5
        chord = next((c for c in reversed(chords) if c.start_beats <= beat), chords[0])
        tones = [48 + pc for pc in chord.pitch_classes]
        if track == "drums":
            hits.append(Hit(beat, "closed_hat" if step % 2 else "kick", 70 + rng.randrange(40)))
        elif track == "bass":
            notes.append(Note(beat, 0.4, tones[0] - 12, 100))
        elif track == "harmony":
            notes += [Note(beat, 0.4, tone, 80) for tone in tones] if step % 2 else []
        elif rng.random() < 0.6:
            notes.append(Note(beat, 0.4, rng.choice(tones) + 24, 90))
    return Score(
        track, context.tempo_bpm, context.key, context.signature, context.bars, context.genre,
        PALETTES.get(track, "lead"), tuple(notes), tuple(hits), chords,
    ).validate()  # fmt: skip
