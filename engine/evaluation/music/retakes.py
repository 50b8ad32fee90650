"""Asking one track again and again, as on stage: how far each take is from the ones before it.

The others stand, the seed is free, and the guard against repetition (`engine.music.fresh`) is at work.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.evaluation.figures import Figure
from engine.evaluation.music.measures import events_of
from engine.evaluation.music.takes import composed, says_of
from engine.making import derive_seed
from engine.music.fresh import freshest
from engine.music.genre import genres
from engine.music.past import NOTHING
from engine.music.score import Score
from engine.prompt.interpret import interpret
from engine.prompt.music_context import Frame, MusicContext
from engine.registry import BAND, default_registry
from engine.track import PARAMS

AGAIN = 5  # times that each track is asked


def again() -> Iterator[Figure]:
    """For each genre and track: share of events that the nearest two of six takes do not have in common."""
    for genre in genres().values():
        context = interpret(genre.words[0], Frame(bars=8))
        band = composed(context, 1, {})
        for track in BAND:
            takes = _asked(track, context, band)
            apart = [_apart(one, other) for index, one in enumerate(takes) for other in takes[:index]]
            known = [value for value in apart if np.isfinite(value)]
            if known:
                yield Figure("distance.again", min(known), f"{genre.name}/{track}", genre.name)


def _asked(track: str, context: MusicContext, band: dict[str, Score]) -> list[Score]:
    heard = {name: says_of(score) for name, score in band.items() if name != track}
    params = {name: param.default for name, param in PARAMS.items()}
    compose = default_registry()[track].compose
    takes = [band[track]]
    for time in range(1, AGAIN + 1):
        seed = derive_seed(1, track, time)
        score, _ = freshest(lambda own: compose(track, context, heard, own, params, NOTHING), seed, takes)
        takes.append(score)
    return takes


def _apart(one: Score, other: Score) -> float:
    a, b = events_of(one), events_of(other)
    return 1.0 - len(a & b) / len(a | b) if a and b else float("nan")
