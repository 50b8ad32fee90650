r"""How far a track gives way to the drums that it hears: decibels, moment by moment, as the style says.

drums' latents, as they are and their size -> layers -> a look around -> 0..1 --\
style's amount of ducking -------------------------------------------------------x--> dB softer -> gain

The curve has a few points in each of the drums' frames. It is played as a gain, after the codec: a model
plays as if nobody stood in its way, and what the kick does to it is exact to the sample.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from engine.model.track.context import ContextFrames
from engine.model.track.style import DEEPEST_DB, amount_place

KEY = "drums"  # whose kick others give way to
AMOUNT = "duck"
HIDDEN, REACH = 96, 65  # frames of the drums: 0.4 s ahead, where a loop is heard round its seam, and back
POINTS = 4  # of the curve in a frame of the drums: one every 3 ms
SELDOM = -2.0  # an untrained one gives way by an eighth


class GivingWay(nn.Module):
    def __init__(self, codec: str, drums_width: int) -> None:
        """`codec`: that of the drums, and `drums_width` its latents."""
        super().__init__()
        self.codec = codec
        self.read = nn.Linear(2 * drums_width, HIDDEN)
        self.around = nn.Conv1d(HIDDEN, HIDDEN, REACH, padding=REACH // 2)
        self.say = nn.Linear(HIDDEN, POINTS)
        nn.init.constant_(self.say.bias, SELDOM)

    def forward(self, drums: Tensor) -> Tensor:
        """The drums' latents [B, D, F] -> the share of the depth at each point, as logits [B, F, POINTS]."""
        latents = drums.transpose(1, 2)
        seen = functional.gelu(self.read(torch.cat((latents, latents.abs()), -1)))
        around = functional.gelu(self.around(seen.transpose(1, 2)).transpose(1, 2))
        said: Tensor = self.say(around)
        return said

    def drums_in(self, context: Sequence[ContextFrames]) -> ContextFrames | None:
        return next((track for track in context if track.role == KEY and track.codec == self.codec), None)

    @torch.inference_mode()
    def down_db(self, drums: Tensor, style: Tensor) -> NDArray[np.float32]:
        """The drums' latents [D, F] and style [style size] -> dB at each point, 0 or more [F * POINTS]."""
        share = torch.sigmoid(self(drums[None].float()))[0].flatten()
        depth_db = DEEPEST_DB * float(style[amount_place(AMOUNT)])
        curve: NDArray[np.float32] = (depth_db * share).cpu().numpy().astype(np.float32)
        return curve


def points_of_frames(first: int, frames: int, hop: int) -> NDArray[np.float64]:
    """Where the curve's points stand in frames of `hop` samples from frame `first` on: [frames * POINTS]."""
    return np.asarray((first * POINTS + np.arange(frames * POINTS) + 0.5) * (hop / POINTS), np.float64)


def gain_of(
    down_db: NDArray[np.floating], at: NDArray[np.float64], first: int, count: int
) -> NDArray[np.float32]:
    """dB [P] at the samples `at` -> the gain of `count` samples from `first` on, a line between points."""
    falls = np.interp(np.arange(first, first + count), at, down_db)
    return (10.0 ** (-falls / 20.0)).astype(np.float32)
