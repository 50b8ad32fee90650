r"""A loop is performed round its seam: frames before its start and after its end, whose time is the loop's.

    frames   -margin ... | 0 ............................ F | ... F + margin
    audio       [tail]   |0                            N|        N need not be a whole number of frames
    end      =========== the last `fade` samples ===\ /==========
             =========== what lies before sample 0 == X  the end becomes the way into the beginning

So the end meets the beginning sample by sample, and the first attack is as it was performed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]


@dataclass(frozen=True)
class Loop:
    """`num_samples` of audio in frames of `hop`, with `margin` frames of the way in and of the way out."""

    num_samples: int
    hop: int
    margin: int

    @property
    def num_frames(self) -> int:
        """That cover the loop; the last one may reach over its end."""
        return -(-self.num_samples // self.hop)

    @property
    def first_frame(self) -> int:
        return -self.margin

    @property
    def stop_frame(self) -> int:
        return self.num_frames + self.margin

    @property
    def first_sample(self) -> int:
        return self.first_frame * self.hop

    def around(self, audio: Audio, more_frames: int = 0) -> Audio:
        """A loop's samples [N, C] -> those of all frames, and of `more_frames` on either side, read round
        the seam. A loop of another length repeats from this loop's start."""
        first = self.first_sample - more_frames * self.hop
        stop = (self.stop_frame + more_frames) * self.hop
        return audio[self._places(first, stop) % len(audio)]

    def whole_frames(self, stretches: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
        """Which of all frames lie wholly in stretches of samples (start, end) of the loop: [F]."""
        inside = np.zeros(self.num_samples, dtype=bool)
        for start, end in stretches:
            inside[start:end] = True
        places = self._places(self.first_sample, self.stop_frame * self.hop)
        frames: NDArray[np.bool_] = np.all(inside[places].reshape(-1, self.hop), axis=1)
        return frames

    def _places(self, first: int, stop: int) -> NDArray[np.int64]:
        """Samples of the loop that are heard from `first` to `stop`, round the seam."""
        return np.arange(first, stop) % self.num_samples


def closed(end: Audio, before: Audio) -> Audio:
    """The loop's last samples [n, C] faded into those that lie before its first one [n, C]."""
    assert end.shape == before.shape, (end.shape, before.shape)
    share = fade_in(len(end))[:, None]
    return (end * (1.0 - share) + before * share).astype(np.float32)


def fade_in(num_samples: int) -> NDArray[np.float32]:
    """0 .. 1 [n], flat at both ends. Both sides of our fades play the same score, so their sum is kept."""
    ramp = (np.arange(num_samples, dtype=np.float32) + 0.5) / max(1, num_samples)
    return np.float32(0.5) - np.float32(0.5) * np.cos(np.float32(np.pi) * ramp)
