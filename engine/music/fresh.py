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


def freshest(write: Callable[[int], Score], seed: int, takes: Sequence[Score | None]) -> tuple[Score, int]:
    """The score of the first seed that differs enough from the recent takes, and that seed."""
    recent = [Profile.of(take) for take in takes[-RECENT:] if take is not None]
    found: list[tuple[float, Score, int]] = []
    for _ in range(TRIES):
        score = write(seed)
        away = Profile.of(score).nearest(recent)
        found.append((away, score, seed))
        if away >= ENOUGH:
            return score, seed
        seed = following(seed)
    _, score, seed = max(found, key=lambda row: row[0])
    return score, seed


def following(seed: int) -> int:
    """Another seed, the same after the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"{seed}/again".encode()).digest()[:4], "big") & 0x7FFFFFFF
