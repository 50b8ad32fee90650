"""Not the same idea twice: a new take is written again while it is too like the last ones.

seed -> score, at least ENOUGH from the recent takes?  yes: take it
  ^------------- next seed ------------------------ no, TRIES at most, then the farthest of them
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from engine.music.distance import Profile
from engine.music.score import Score

# Of `distance`. Two house grooves that share their kick and backbeat and nothing else lie about 0.35
# apart; below 0.25 a listener takes the second for the first.
ENOUGH = 0.25
TRIES = 8  # at about 3 ms a score
RECENT = 8  # takes that a new one is held against


def freshest(
    write: Callable[[int], Score],
    seed: int,
    takes: Sequence[Score | None],
    part: Callable[[Score], Score] = lambda score: score,
) -> tuple[Score, int]:
    """The score of the first seed that differs enough from the recent takes, and that seed.

    `part`: what of a score is to differ, where that is not all of it.
    """
    recent = [Profile.of(part(take)) for take in takes[-RECENT:] if take is not None]
    found: list[tuple[float, Score, int]] = []
    for _ in range(TRIES):
        score = write(seed)
        away = _away(part(score), recent)
        found.append((away, score, seed))
        if away >= ENOUGH:
            return score, seed
        seed = following(seed)
    _, score, seed = max(found, key=lambda row: row[0])
    return score, seed


def _away(score: Score, recent: Sequence[Profile]) -> float:
    """The distance from the nearest; a rest is no other idea than a rest."""
    is_rest = not (score.notes or score.hits)
    if is_rest and any(not (one.score.notes or one.score.hits) for one in recent):
        return 0.0
    return Profile.of(score).nearest(recent)


def following(seed: int) -> int:
    """Another seed, the same after the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"{seed}/again".encode()).digest()[:4], "big") & 0x7FFFFFFF
