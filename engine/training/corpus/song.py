"""A song for training: four tracks that hear each other, made from a seed.

seed -> plan -> scores -> sounds -> each alone -> together -> levels -> caption, tags
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.instruments.render import render
from engine.music.key import Key, Signature
from engine.music.score import Score
from engine.training.corpus.captions import caption_of, song_tags, track_tags
from engine.training.corpus.plan import plan_song, scores_of
from engine.training.corpus.recipe import Recipe
from engine.units import STEM_SAMPLE_RATE

__all__ = ["Recipe", "Song", "SongTrack", "make_song"]


@dataclass(frozen=True)
class SongTrack:
    """audio: [N, C=2] at 44.1 kHz, a loop, N == score.length_samples. `source`: what made the sound."""

    audio: NDArray[np.float32]
    score: Score
    tags: tuple[str, ...]
    source: str
    effects: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Song:
    seed: int
    tempo_bpm: float
    key: Key
    signature: Signature
    bars: int
    genre: str
    caption: str
    tags: tuple[str, ...]
    tracks: Mapping[str, SongTrack]  # by role

    @property
    def stem_seconds(self) -> float:
        """Audio of all tracks together."""
        return sum(len(track.audio) for track in self.tracks.values()) / STEM_SAMPLE_RATE


def make_song(seed: int, recipe: Recipe) -> Song:
    """The same for the same arguments, in every process."""
    plan = plan_song(seed, recipe)
    tracks = {
        role: SongTrack(render(score), score, track_tags(score, {}), f"instruments:{score.palette}")
        for role, score in scores_of(plan).items()
    }
    context = plan.context
    return Song(
        seed, context.tempo_bpm, context.key, context.signature, context.bars, context.genre,
        caption_of(plan, tracks), song_tags(plan, tracks), tracks,
    )  # fmt: skip
