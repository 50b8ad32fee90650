"""The door to the musicians: a new take, or the standing one changed as the prompt asks."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

from engine.context.track_context import TrackContext
from engine.music.blend import genre_of
from engine.music.compose import compose
from engine.music.conform import in_key
from engine.music.past import NOTHING, Past
from engine.music.plan import Time
from engine.music.revise import Change, heard_with, revisable, revise, source_of
from engine.music.score import Score
from engine.music.wishes import wishes_of
from engine.prompt.music_context import MusicContext, TrackIntent


def write(
    track: str,
    context: MusicContext,
    heard: Mapping[str, TrackContext],
    seed: int,
    params: Mapping[str, float],
    past: Past = NOTHING,
) -> Score:
    """A valid score, the same for the same arguments."""
    if not revisable(track, context, past):
        return compose(track, context, heard, seed, params)
    source = source_of(track, context, past)
    assert source is not None and past.context is not None
    old = in_key(source, context.key)
    keeps_chords = (
        bool(old.notes) and context.intent(track).keep != "rhythm" and old.key.mode == context.key.mode
    )
    new = compose(track, context, heard_with(old, heard) if keeps_chords else heard, seed, params)
    return revise(old, new, _change(track, past.context, context, params, seed)).validate()


def _change(
    track: str, before: MusicContext, after: MusicContext, params: Mapping[str, float], seed: int
) -> Change:
    genre = genre_of(after)
    was, now = wishes_of(track, before, genre, params), wishes_of(track, after, genre, params)
    others = {*before.tracks, *after.tracks} - {track}
    return Change(
        was, now, before.intent(track), after.intent(track),
        Time.of(after, was.swing, genre.swing_unit), Time.of(after, now.swing, genre.swing_unit),
        random.Random(f"{seed}/{track}/revise"),
        (before.tempo_bpm, before.key, before.bars) != (after.tempo_bpm, after.key, after.bars),
        any(_asked(before, name) != _asked(after, name) for name in others),
    )  # fmt: skip


def _asked(context: MusicContext, track: str) -> TrackIntent:
    """What is asked of a track, in whatever words."""
    return replace(context.intent(track), words=())
