"""A band for tests: plain contexts of a genre, and the four tracks played one after another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from engine.context.track_context import TrackContext
from engine.music.compose import compose
from engine.music.genre import genres
from engine.music.key import Signature
from engine.music.score import Chord, Hit, Note, Score
from engine.prompt.music_context import MusicContext, TrackIntent

TRACKS = ("drums", "bass", "harmony", "melody")


def plain(genre: str, **changes: Any) -> MusicContext:
    """What the genre alone says, eight bars of 4/4."""
    found = genres()[genre]
    context = MusicContext(
        "", genre, found.typical_tempo_bpm, found.key, Signature(), 8,
        found.energy, found.density, found.brightness, found.swing, found.humanize,
    )  # fmt: skip
    return replace(context, **changes)


def asking(genre: str, track: str, **wishes: Any) -> MusicContext:
    """A prompt that speaks of one track, played straight and by a machine."""
    return plain(genre, swing=0.0, humanize=0.0, tracks={track: TrackIntent(**wishes)})


def play(
    context: MusicContext,
    seed: int,
    params: Mapping[str, float] | None = None,
    tracks: Iterable[str] = TRACKS,
) -> dict[str, Score]:
    """The tracks in order, each hearing the ones before."""
    heard: dict[str, TrackContext] = {}
    scores = {}
    for track in tracks:
        scores[track] = compose(track, context, heard, seed, params or {})
        heard[track] = TrackContext.from_score(scores[track])
    return scores


@cache
def band(genre: str, seed: int) -> Mapping[str, Score]:
    """What `play(plain(genre), seed)` gives, once for all the laws that look at it: scores are frozen."""
    return play(plain(genre), seed)


def chord_at(score: Score, beat: float) -> Chord:
    """The chord that sounds at a beat."""
    sounding = [chord for chord in score.chords if chord.start_beats <= beat + 1e-6]
    return sounding[-1] if sounding else score.chords[0]


def starts_in(score: Score, bar: int) -> list[float]:
    """Where in one bar notes or hits begin, in beats from the bar line."""
    bar_beats = score.signature.bar_beats
    items: tuple[Note | Hit, ...] = (*score.notes, *score.hits)
    inside = (item.start_beats - bar * bar_beats for item in items)
    return sorted({round(start, 4) for start in inside if -1e-9 <= start < bar_beats - 1e-9})
