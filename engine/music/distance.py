"""How far apart two takes are: 0 the same idea, 1 nothing in common.

Half of it is the rhythm, half what is played in it, both as a Jaccard distance weighted by loudness:

    drums     which voice strikes on which sixteenth
    pitched   where notes begin, and which pitch begins there
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.music.grid import STEP_BEATS
from engine.music.score import Score

Weights = dict[tuple[int, int | str], float]


@dataclass(frozen=True)
class Profile:
    """A score as it is compared: made once, held against many."""

    score: Score
    rhythm: Weights
    events: Weights

    @classmethod
    def of(cls, score: Score) -> Profile:
        rhythm = _weights(score, False)
        return cls(score, rhythm, _weights(score, True) if score.notes else rhythm)

    def distance(self, other: Profile) -> float:
        """0..1, over the bars that both have; 0 for two empty scores."""
        steps = round(min(self.score.length_beats, other.score.length_beats) / STEP_BEATS)
        rhythm = _jaccard(self.rhythm, other.rhythm, steps)
        events = rhythm if self.events is self.rhythm else _jaccard(self.events, other.events, steps)
        return round(0.5 * rhythm + 0.5 * events, 6)

    def nearest(self, others: Iterable[Profile]) -> float:
        """Distance to the nearest of several takes of the same kind of loop; 1 where there is none."""
        return min((self.distance(o) for o in others if comparable(self.score, o.score)), default=1.0)


def distance(one: Score, other: Score) -> float:
    """0..1, over the bars that both have; 0 for two empty scores."""
    return Profile.of(one).distance(Profile.of(other))


def nearest(score: Score, others: Iterable[Score]) -> float:
    """Distance to the nearest of several takes of the same kind of loop; 1 where there is none."""
    return Profile.of(score).nearest(Profile.of(other) for other in others)


def comparable(one: Score, other: Score) -> bool:
    """Other signatures, and empty scores, are no attempts at the same thing."""
    return (
        one.signature == other.signature and bool(one.notes or one.hits) and bool(other.notes or other.hits)
    )


def _jaccard(one: Weights, other: Weights, steps: int) -> float:
    """Over the first `steps` sixteenths."""
    most = least = 0.0
    for place in one.keys() | other.keys():
        if place[0] < steps:
            a, b = one.get(place, 0.0), other.get(place, 0.0)
            most, least = (most + a, least + b) if a > b else (most + b, least + a)
    return 1.0 - least / most if most else 0.0


def _weights(score: Score, named: bool) -> Weights:
    """(step, what) -> the loudest velocity on each place, as a share of 1."""
    found: Weights = {}
    # Which drum sounds is part of a drummer's rhythm.
    items: list[tuple[float, int | str, int]] = [
        (note.start_beats, note.pitch if named else "", note.velocity) for note in score.notes
    ]
    items += [(hit.start_beats, hit.voice, hit.velocity) for hit in score.hits]
    for start, name, velocity in items:
        place = (round(start / STEP_BEATS), name)
        found[place] = max(found.get(place, 0.0), velocity / 127.0)
    return found
