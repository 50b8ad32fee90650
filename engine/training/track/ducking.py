"""What a corpus did to a stem that gives way to its drums: when and how far, and the stem as it was before.

A model learns to play as if nobody stood in its way, and apart from that when to give way: it is played as a
gain (engine/model/track/giving_way.py). A room that was around all tracks came after the ducking: with it, a
stem cannot be had as it was.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.model.track.giving_way import KEY, points_of_frames
from engine.training.corpus.reading import StemFile
from engine.training.corpus.together import duck_share, kicks_of

ROOM = "shared_room"
ATTACK_MS, HOLD_MS, RELEASE_BEATS = (1.0, 12.0), (10.0, 60.0), (0.15, 0.6)


@dataclass(frozen=True)
class Duck:
    """`kicks`: (start sample, strength) of a loop of `samples`; `shape`: attack_ms, hold_ms, release_ms."""

    kicks: tuple[tuple[int, float], ...]
    depth_db: float
    shape: tuple[tuple[str, float], ...]
    samples: int

    def share(self) -> NDArray[np.float64]:
        """Of the depth, 0..1, of every sample of the loop."""
        return duck_share(self.samples, self.kicks, **dict(self.shape))

    def gain(self) -> NDArray[np.float32]:
        return (10.0 ** (-self.depth_db / 20.0 * self.share())).astype(np.float32)


@dataclass(frozen=True)
class UnduckedStem(StemFile):
    """A stem without what it gave way: read at the same places, louder where it was made softer."""

    duck: Duck

    def read(self, samples: int = -1, start: int = 0) -> NDArray[np.float32]:
        audio = super().read(samples, start)
        return audio / self.duck.gain()[start : start + len(audio), None]


@dataclass(frozen=True)
class DryStem(StemFile):
    """A stem before its palette's effects and the mix; room for the others is made in it."""


def duck_of(stem: StemFile, others: Sequence[StemFile]) -> Duck | None:
    """What the corpus told of it; None where it did not duck the stem, or the drums are not at hand."""
    told: Any = stem.line["tracks"][stem.role].get("effects", {}).get("duck")
    if not isinstance(told, dict) or all(other.role != KEY for other in others):
        return None
    shape = tuple((name, float(told[name])) for name in ("attack_ms", "hold_ms", "release_ms"))
    return Duck(kicks_beside(others), float(told["depth_db"]), shape, stem.samples)


def kicks_beside(others: Sequence[StemFile]) -> tuple[tuple[int, float], ...]:
    """(start sample, strength) of the kicks of a song's drums; none where it has no drums."""
    drums = next((other for other in others if other.role == KEY), None)
    return () if drums is None else tuple(kicks_of(drums.score()))


def drawn_duck(kicks: Sequence[tuple[int, float]], samples: int, beat_s: float, dice: random.Random) -> Duck:
    """One by lot, as engineers set it: how a kick is given way to is learnt from any drums, ducked or not."""
    attack_ms, hold_ms, release_beats = (
        dice.uniform(*bounds) for bounds in (ATTACK_MS, HOLD_MS, RELEASE_BEATS)
    )
    shape = (("attack_ms", attack_ms), ("hold_ms", hold_ms), ("release_ms", 1000.0 * beat_s * release_beats))
    return Duck(tuple(kicks), 1.0, shape, samples)


def undone(stem: StemFile, duck: Duck | None) -> StemFile | None:
    """The stem as it was before it gave way, dry where the corpus has it so; None where it cannot be had."""
    dry = stem.line["tracks"][stem.role].get("dry")
    if dry is not None:
        return DryStem(stem.path.with_name(dry), stem.role, stem.samples, stem.source, stem.line)
    if duck is None:
        return stem
    if ROOM in stem.line["tracks"][stem.role].get("effects", {}):
        return None
    return UnduckedStem(stem.path, stem.role, stem.samples, stem.source, stem.line, duck)


def share_at_points(duck: Duck, frames: int, hop: int) -> NDArray[np.float32]:
    """Of the depth, at the points in `frames` frames of the drums, round the seam [frames, POINTS]."""
    places = points_of_frames(0, frames, hop).astype(np.int64) % duck.samples
    return duck.share()[places].astype(np.float32).reshape(frames, -1)
