"""What a step is drawn by lot: which windows, who is heard, what stands already, what is left out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from engine.model.track.giving_way import KEY
from engine.training.track.config import TrackTrainingConfig
from engine.training.track.windows import Batch, Part, Windows, given_frames

GIVEN_ITEMS = 0.5  # of the items of the last phase
PHASES = ("alone", "context", "regeneration")


def phase_at(share_done: float, config: TrackTrainingConfig) -> str:
    """alone | context | regeneration"""
    if share_done >= config.given_from:
        return "regeneration"
    return "context" if share_done >= config.context_from else "alone"


def drawn(
    windows: Windows, config: TrackTrainingConfig, phase: str, dice: random.Random
) -> tuple[Batch, list[tuple[Part, int]]]:
    """A batch, and where its windows lie."""
    places = windows.draw(config.batch_size, dice)
    batch = windows.batch(places, heard(places, phase, config, dice))
    dropped = [dice.random() < config.no_style for _ in places]
    batch = replace(batch, no_style=torch.tensor(dropped) if any(dropped) else None)
    if phase == "regeneration":
        batch = replace(batch, given=_given(windows, places, dice))
    return batch, places


def drawn_ducked(
    windows: Windows, config: TrackTrainingConfig, dice: random.Random
) -> tuple[Batch, list[tuple[Part, int]]]:
    """A batch of parts that give way, ducked by lot, each of which hears the drums alone."""
    drawn_places = windows.draw(config.batch_size, dice, windows.giving)
    places = [(windows.drawn_ducking(part, dice), first) for part, first in drawn_places]
    return windows.batch(places, [(KEY,)] * len(places)), places


def heard(
    places: Sequence[tuple[Part, int]], phase: str, config: TrackTrainingConfig, dice: random.Random
) -> list[Sequence[str]]:
    """The other roles that each item hears: some of them, the same for all, because rows of a track that only
    one item hears cost as much as if all did; `no_context` of the items hear none."""
    roles = sorted({role for part, _ in places for role in part.heard})
    if phase == "alone" or not roles:
        return [()] * len(places)
    chosen = tuple(dice.sample(roles, dice.randint(1, len(roles))))
    return [() if dice.random() < config.no_context else chosen for _ in places]


def _given(windows: Windows, places: Sequence[tuple[Part, int]], dice: random.Random) -> torch.Tensor | None:
    """bool [B, F]"""
    hop, frames = windows.codec.hop, windows.frames
    rows = [
        given_frames(first, frames, part.bar_samples / hop, dice)
        if dice.random() < GIVEN_ITEMS
        else np.zeros(frames, dtype=bool)
        for part, first in places
    ]
    return torch.from_numpy(np.stack(rows)) if any(row.any() for row in rows) else None
