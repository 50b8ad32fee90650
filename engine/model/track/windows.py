r"""Any length in windows of equal length, put together without a seam.

frames   |first ................................................. stop|
windows  |---------------|
                     |---------------|
                                 |---------------|     each as long as the others
weights  -------------\               a fade in the middle of the overlap, where both windows
                       \____          see the most of what lies around
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

SOONER = 4 / 3  # so much longer are windows that an opening one is split off from


@dataclass(frozen=True)
class Window:
    """Frames `first` .. `stop` of a loop, counted from its start."""

    first: int
    stop: int

    @property
    def num_frames(self) -> int:
        return self.stop - self.first


def windows(first: int, stop: int, longest: int, overlap: int, opening: int = 0) -> tuple[Window, ...]:
    """As few as cover `first` .. `stop`, none longer than `longest`, neighbours sharing `overlap` frames.

    `opening`: the first window ends there at the latest (0: as the others), so that it is soon done; unless
    it would be about as long as the others anyhow: then it would only be one window more.
    """
    assert 0 <= 2 * overlap <= longest, (overlap, longest)
    even = tuple(_even(first, stop, longest, overlap))
    if not first + 2 * overlap < opening < min(stop, first + longest):
        return even
    if even[0].num_frames < SOONER * (opening - first):
        return even
    return Window(first, opening), *_even(opening - overlap, stop, longest, overlap)


def _even(first: int, stop: int, longest: int, overlap: int) -> list[Window]:
    total = stop - first
    if total <= longest:
        return [Window(first, stop)]
    count = -(-(total - overlap) // (longest - overlap))
    length = -(-(total - overlap) // count) + overlap
    starts = [first + round(i * (total - length) / (count - 1)) for i in range(count)]
    return [Window(start, start + length) for start in starts]


class Stitching:
    """Takes the windows' latents in order; gives out the frames that no later window will change."""

    def __init__(self, plan: Sequence[Window], fade_frames: int) -> None:
        assert fade_frames >= 0, fade_frames
        self.plan, self.fade_frames = plan, fade_frames
        self.done = 0  # windows
        self.place = plan[0].first  # the next frame to give out
        self.held: Tensor | None = None  # [B, D, n] from `place` on: what the next window may change

    def add(self, latents: Tensor) -> Tensor:
        """latents [B, D, F] of the next window -> the frames that are final by now [B, D, n]."""
        window = self.plan[self.done]
        assert latents.shape[-1] == window.num_frames, (latents.shape, window)
        whole = latents if self.held is None else self._joined(self.held, latents, window)
        self.done += 1
        last = self.done == len(self.plan)
        ready = whole.shape[-1] if last else self._fade(window, self.plan[self.done])[0] - self.place
        self.place += ready
        self.held = whole[..., ready:]
        return whole[..., :ready]

    def _joined(self, held: Tensor, latents: Tensor, window: Window) -> Tensor:
        """What was held, faded into the new window, from `place` on."""
        start, stop = self._fade(self.plan[self.done - 1], window)
        old = held[..., : stop - start]  # `place` is where the fade starts
        new = latents[..., start - window.first :]
        share = (torch.arange(stop - start, device=new.device, dtype=new.dtype) + 0.5) / max(1, stop - start)
        faded = old * (1.0 - share) + new[..., : stop - start] * share
        return torch.cat([faded, new[..., stop - start :]], -1)

    def _fade(self, before: Window, after: Window) -> tuple[int, int]:
        """The frames where two neighbours are mixed, in the middle of what they share."""
        shared = before.stop - after.first
        fade = min(self.fade_frames, shared)
        start = after.first + (shared - fade) // 2
        return start, start + fade
