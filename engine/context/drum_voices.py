"""Which drums strike at an onset, told by what rises in three bands: the body, the middle, the cymbals.

The numbers are medians of our own kits and of recorded loops: a kick's rise is nine tenths low, a snare's
two thirds middle with a third above it, a tom's all middle, and a hat adds a tenth of the loudest highs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KICK_LEVEL, KICK_SHARE = 0.3, 0.25
SNARE_LEVEL, SNARE_SHARE = 0.12, 0.42  # down to ghost notes
SNARE_ON_KICK, HIGHS_ON_KICK = 0.4, 0.25  # a kick has a middle of its own, but hardly any highs
TOM_SHARE, TOM_HIGHS = 0.9, 0.06
HAT_ON_KICK, HAT_PART = 0.1, 0.6


def voices_of(rises: NDArray[np.float64]) -> list[tuple[str, ...]]:
    """The voices of each onset, one at least. rises: [onset, 3] of the low, middle and high band."""
    level = rises / np.maximum(rises.max(axis=0), 1e-12)
    share = rises / np.maximum(rises.sum(axis=1, keepdims=True), 1e-12)
    is_kick = (level[:, 0] >= KICK_LEVEL) & (share[:, 0] > KICK_SHARE)
    alone = ~is_kick & (level[:, 1] >= SNARE_LEVEL) & (share[:, 1] > SNARE_SHARE)
    is_tom = alone & (share[:, 1] > TOM_SHARE) & (level[:, 2] < TOM_HIGHS)
    together = is_kick & (level[:, 1] >= SNARE_ON_KICK) & (level[:, 2] >= HIGHS_ON_KICK)
    is_snare = (alone & ~is_tom) | together
    hats = level[~(is_kick | is_snare | is_tom), 2]
    usual_hat = float(np.median(hats)) if len(hats) else 1.0
    is_hat = is_kick & ~is_snare & (level[:, 2] >= max(HAT_ON_KICK, HAT_PART * usual_hat))
    found = []
    for kick, snare, tom, hat in zip(is_kick, is_snare, is_tom, is_hat, strict=True):
        named = zip(("kick", "snare", "mid_tom", "closed_hat"), (kick, snare, tom, hat), strict=True)
        found.append(tuple(name for name, sounds in named if sounds) or ("closed_hat",))
    return found
