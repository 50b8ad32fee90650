"""How far apart two takes are: 0 the same idea, 1 nothing in common.

Half of it is the rhythm, half what is played in it, both as a Jaccard distance weighted by loudness:

    drums     which voice strikes on which sixteenth
    pitched   where notes begin, and which pitch begins there
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.music.grid import STEP_BEATS
from engine.music.score import Score

Weights = dict[tuple[object, ...], float]


def distance(one: Score, other: Score) -> float:
    """0..1, over the bars that both have; 0 for two empty scores."""
    beats = min(one.length_beats, other.length_beats)
    rhythm = _jaccard(_rhythm(one, beats), _rhythm(other, beats))
    events = _jaccard(_events(one, beats), _events(other, beats))
    return round(0.5 * rhythm + 0.5 * events, 6)


def nearest(score: Score, others: Iterable[Score]) -> float:
    """Distance to the nearest of several takes of the same kind of loop; 1 where there is none."""
    return min((distance(score, other) for other in others if comparable(score, other)), default=1.0)


def comparable(one: Score, other: Score) -> bool:
    """Other signatures, and empty scores, are no attempts at the same thing."""
    return (
        one.signature == other.signature and bool(one.notes or one.hits) and bool(other.notes or other.hits)
    )


def _jaccard(one: Weights, other: Weights) -> float:
    keys = one.keys() | other.keys()
    most = sum(max(one.get(key, 0.0), other.get(key, 0.0)) for key in keys)
    least = sum(min(one.get(key, 0.0), other.get(key, 0.0)) for key in keys)
    return 1.0 - least / most if most else 0.0


def _rhythm(score: Score, beats: float) -> Weights:
    return _weights(score, beats, False)


def _events(score: Score, beats: float) -> Weights:
    return _weights(score, beats, True)


def _weights(score: Score, beats: float, named: bool) -> Weights:
    """The loudest velocity on each place, as a share of 1."""
    found: Weights = {}
    items = [(n.start_beats, n.pitch, n.velocity) for n in score.notes]
    strikes = [(h.start_beats, h.voice, h.velocity) for h in score.hits]
    for start, name, velocity in (*items, *strikes):
        if start >= beats:
            continue
        # Which drum sounds is part of a drummer's rhythm.
        place = (round(start / STEP_BEATS), name) if named or score.hits else (round(start / STEP_BEATS),)
        found[place] = max(found.get(place, 0.0), velocity / 127.0)
    return found
