r"""Bars that stay: bit for bit those of the standing take, new ones faded in beside them.

kept     ======|                      |========
new             \____________________/           the fades lie in the new part only
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.model.track.loop import Audio, fade_in
from engine.music.score import Score
from engine.performing import Given
from engine.units import beats_to_samples

Stretch = tuple[int, int]  # samples start .. end of a loop


def stretches(given: Given, score: Score) -> tuple[Stretch, ...]:
    """Where the bars that stay lie; EngineError `range` for bars or a take that are not this loop's."""
    if given.audio.shape != (score.length_samples, 2):
        raise EngineError(
            "range",
            f"a standing take of shape {given.audio.shape}; this loop is {(score.length_samples, 2)}",
        )
    wrong = sorted(bar for bar in given.bars if not 0 <= bar < score.bars)
    if wrong:
        raise EngineError("range", f"bars {wrong} are to stay; this loop has 0..{score.bars - 1}")
    return tuple(bar_samples(score, bar) for bar in sorted(given.bars))


def bar_samples(score: Score, bar: int) -> Stretch:
    """The first sample of a bar, and of the bar after it."""
    beats = score.signature.bar_beats
    start, end = (beats_to_samples(b * beats, score.tempo_bpm) for b in (bar, bar + 1))
    return start, end


def spliced(new: Audio, standing: Audio, share: NDArray[np.float32]) -> Audio:
    """new and standing [N, C] by how much of the standing take is heard [N]: where that is 1, its samples."""
    weight = share[:, None]
    mixed = new * (np.float32(1.0) - weight) + standing * weight
    return np.where(weight == 1.0, standing, mixed).astype(np.float32)


def kept_share(num_samples: int, kept: Iterable[Stretch], fade_samples: int) -> NDArray[np.float32]:
    """How much of the standing take is heard [N]: 1 where it stays, falling to 0 beside it."""
    share = np.zeros(num_samples, dtype=np.float32)
    steps = np.arange(min(fade_samples, num_samples))
    falling = np.minimum(fade_in(len(steps))[::-1], np.float32(1.0 - 1e-6))  # below 1: not kept
    stays = list(kept)
    for start, end in stays:
        for places in ((end + steps) % num_samples, (start - 1 - steps) % num_samples):
            share[places] = np.maximum(share[places], falling)
    for start, end in stays:
        share[start:end] = 1.0
    return share
