"""Samples as they come out of the decoder, made into the loop: closed, at its level, with the bars that stay.

A model was trained on finished stems, so it plays at the level of its place in the mix. What it is off by
more than NEAR_DB is set right once the whole loop is there, as `engine.audio.finishing` would; no true peak
passes its role's ceiling. Nothing is filtered, since the stems that it learnt from were, but for what lies
between the partials of tones, which no stem has as much of.

A model that performs dry is followed by what follows the instruments: chorus, delay, reverb, processors, the
filters, loudness and ceiling of its role. They are known to the sample, so nothing of them is left to guess.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.audio.limiter import limit
from engine.audio.loudness import SILENCE_LUFS, loudness
from engine.audio.mixing import role_of
from engine.errors import EngineError
from engine.instruments.render import dynamics, in_the_mix
from engine.model.track.loop import Audio, Loop, closed
from engine.model.track.partials import BetweenPartials
from engine.model.track.splicing import Stretch, kept_share, spliced
from engine.music.score import Score
from engine.performing import Given
from engine.units import db_to_gain, gain_to_db, ms_to_samples

Gain = NDArray[np.float32] | None
SEAM_SAMPLES = ms_to_samples(20.0)  # one period of 50 Hz
JOINT_SAMPLES = ms_to_samples(15.0)
NEAR_DB = 1.0  # from the loudness of a role: takes of one score differ by as much
MOST_DB = 6.0  # more than that is no matter of level
MOST_DRY_DB = 12.0  # what effects and filters take or give


class Output:
    def __init__(
        self,
        loop: Loop,
        score: Score,
        given: Given | None,
        kept: tuple[Stretch, ...],
        gain: Gain = None,
        between_db: float = 0.0,
        dry: bool = False,
    ) -> None:
        """`gain` of every sample of the frames from the loop's first one on, for what gives way to others.
        `between_db`: how much softer what lies between the partials of a score's notes is made.
        `dry`: what comes is the sound before effects and mix."""
        self.loop, self.score, self.given, self.gain, self.dry = loop, score, given, gain, dry
        self.seam = min(SEAM_SAMPLES, -loop.first_sample, loop.num_samples // 4)
        self.share = None if given is None else kept_share(loop.num_samples, kept, JOINT_SAMPLES)
        self.samples = np.zeros(((loop.num_frames + 2 * loop.margin) * loop.hop, 2), dtype=np.float32)
        tones = between_db > 0.0 and bool(score.notes)
        self.between = BetweenPartials(score, loop, between_db) if tones else None
        self.added = self.filled = 0
        self.told = 0

    def add(self, audio: Tensor) -> None:
        """The next samples [1, C, n] of the frames from the loop's first one on.

        EngineError `internal` for what is no number: nobody is to hear that, nor to measure it.
        """
        new = audio[0].T.float().cpu().numpy()
        if not np.isfinite(new).all():
            raise EngineError("internal", f"the model of {self.score.track} gave numbers that are none")
        self.added += len(new)
        if self.between is not None:
            new = self.between.step(new)
            if self.added == len(self.samples):
                new = np.concatenate((new, self.between.flush()))
        self.samples[self.filled : self.filled + len(new)] = new
        self.filled += len(new)

    def tell(self, first: Callable[[Audio, int, int], None]) -> None:
        """The samples that are finished and were not told yet.

        Of a dry performance only once as much again is there: what follows it takes the time of a whole loop.
        """
        start, end = self.told, self._end()
        if end > start and not (self.dry and end < 2 * start):
            self.told = end
            first(self._made(end)[start:], start, end)

    def finished(self) -> Audio:
        """The loop [N, C=2]."""
        assert self._end() == self.loop.num_samples, (self.filled, self.loop)
        return self._made(self.loop.num_samples)

    def _end(self) -> int:
        """How much of the loop is there; its last samples only together, since they are faded."""
        there = self.filled + self.loop.first_sample
        whole = self.loop.num_samples
        return whole if there >= whole else max(0, min(there, whole - self.seam))

    def _made(self, end: int) -> Audio:
        """The loop's first `end` samples, as they are heard."""
        zero, is_whole = -self.loop.first_sample, end == self.loop.num_samples
        audio = self.samples[zero : zero + end].copy()
        if is_whole:
            before = self.samples[zero - self.seam : zero]
            audio[end - self.seam :] = closed(audio[end - self.seam :], before)
        if self.dry:
            # Round the seam, with silence for what is still to come.
            audio = np.pad(audio, ((0, self.loop.num_samples - end), (0, 0)))
            audio = in_the_mix(audio, self.score)[:end]
        soft, gain_db = self._soft(end), 0.0
        if is_whole:
            gain_db = correction_db(audio * soft, self.score, self.dry)
        limit(audio, db_to_gain(gain_db), db_to_gain(role_of(self.score.track).true_peak_db))
        audio *= soft  # last: a limiter would fill up what gives way
        if self.given is None or self.share is None:
            return audio
        return spliced(audio, self.given.audio[:end], self.share[:end])

    def _soft(self, end: int) -> Audio | np.float32:
        """How much of the loop's first samples is left where they give way [end, 1]."""
        zero = -self.loop.first_sample
        return np.float32(1.0) if self.gain is None else self.gain[zero : zero + end, None]


def correction_db(loop: Audio, score: Score, exact: bool = False) -> float:
    """What brings the loop [N, C=2] to the loudness of its role, 0 where it is near it or silent.

    `exact`: near is not enough, and effects may have moved it further. What is hardly there stays so.
    """
    role, lufs = role_of(score.track), loudness(loop)
    if lufs <= SILENCE_LUFS:
        return 0.0
    wanted_db = role.loudness_lufs + gain_to_db(dynamics(score)) - lufs
    most_db = role.true_peak_db + role.squeeze_db - gain_to_db(float(np.abs(loop).max()))
    correction, bound_db = min(wanted_db, most_db), MOST_DRY_DB if exact else MOST_DB
    near = abs(correction) <= NEAR_DB and not exact
    return 0.0 if near else float(np.clip(correction, -bound_db, bound_db))
