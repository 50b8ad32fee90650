r"""What lies between the partials of what is played, made softer, as decoded samples come.

score -> pitches that sound -> comb [bins, moments], 1 near their partials
samples -> spectra of 93 ms, a moment every 23 ms -> x (comb, or softer) -> overlap-add -> samples

A codec of few bits puts noise, and lines at its frame rate, between the partials of tones, and a model that
does not know how a voice's phases went on puts more of them there. The score says where partials are. Attacks
keep all they have: for a moment after each onset nothing is made softer. Codecs of
speech and music do so by a pitch that they transmit (Chen and Gersho 1995; Valin et al. 2013, CELT).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from engine.instruments.control import BLOCK
from engine.model.track.guide import LEVEL, Player
from engine.model.track.loop import Audio, Loop
from engine.model.track.played import gestures_of
from engine.music.score import Score
from engine.units import STEM_SAMPLE_RATE, db_to_gain, ms_to_samples

WINDOW, HOP = 4096, 1024
NEAR_HZ, NEAR_CENTS = 12.0, 12.0  # of a partial: all of it is kept; twice as far off, nothing
SOFTEST = 0.02  # of the loudest gesture's level, 34 dB down: its partials are over
OPEN, CLOSING = ms_to_samples(30.0), ms_to_samples(30.0)  # after an onset: left as it is, then closing
NORM = 1.5  # sum of four overlapping squared Hann windows
FINEST = 20  # columns of the comb in a semitone

Comb = NDArray[np.float32]


class BetweenPartials:
    """Takes the samples of a loop's frames in order, and gives them back `db` softer between the partials.

    `step` holds back what a later moment still reaches; `flush` gives that.
    """

    def __init__(self, score: Score, loop: Loop, db: float) -> None:
        self.floor = np.float32(db_to_gain(-db))
        self.window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)[:, None]
        lead = WINDOW - HOP  # silence before, so that as many moments reach the first sample as any other
        self.waiting = np.zeros((lead, 2), dtype=np.float32)
        self.open = np.zeros((lead, 2), dtype=np.float32)  # a sum that later moments add to
        self.skipped = lead
        total = (loop.num_frames + 2 * loop.margin) * loop.hop
        self.comb = comb_of(score, loop.first_sample - lead + WINDOW // 2, -(-(total + lead) // HOP))
        self.moment = 0

    def step(self, audio: Audio) -> Audio:
        """The next samples [n, C=2] -> those that are finished [m, C=2]."""
        self.waiting = np.concatenate((self.waiting, audio))
        count = max(0, (len(self.waiting) - WINDOW) // HOP + 1)
        made = self._made(count)
        self.waiting = self.waiting[count * HOP :]
        return made

    def flush(self) -> Audio:
        """The rest, once all samples were given."""
        left = len(self.waiting)
        self.waiting = np.pad(self.waiting, ((0, WINDOW), (0, 0)))
        return self._made(-(-left // HOP))[:left]

    def _made(self, count: int) -> Audio:
        done = []
        for place in range(count):
            piece = self.waiting[place * HOP : place * HOP + WINDOW] * self.window
            gain = self.floor + (1 - self.floor) * self.comb[:, self.moment]
            piece = irfft(rfft(piece, axis=0) * gain[:, None], axis=0) * (self.window / np.float32(NORM))
            piece[: WINDOW - HOP] += self.open
            done.append(piece[:HOP])
            self.open = piece[HOP:]
            self.moment += 1
        made = np.concatenate(done) if done else np.zeros((0, 2), dtype=np.float32)
        skip = min(self.skipped, len(made))
        self.skipped -= skip
        return np.asarray(made[skip:], dtype=np.float32)


def comb_of(score: Score, first: int, count: int) -> Comb:
    """1 near a partial of what sounds, or where something has just begun: [bins, moments].

    Moment m is centred on sample first + m HOP of the endless repetition of the loop.
    """
    comb = np.zeros((WINDOW // 2 + 1, count), dtype=np.float32)
    fresh = np.zeros(count, dtype=np.float32)
    centres = first + HOP * np.arange(count)
    player, turn = Player.of(score, 0.0), max(1, score.length_samples)
    columns: dict[int, Comb] = {}
    for gesture in gestures_of(score):
        pitch, level, _ = player.track(gesture)
        sounding = np.flatnonzero(level[:-1] >= SOFTEST * LEVEL)
        if not len(sounding):
            continue
        steps = np.round(pitch * FINEST).astype(int)
        begin, end = gesture.start + sounding[0] * BLOCK, gesture.start + (sounding[-1] + 1) * BLOCK
        lowest = -((end + HOP - centres[0]) // turn)
        highest = (centres[-1] - gesture.start + HOP) // turn
        for shift in range(lowest, highest + 1):
            at = centres - shift * turn
            for moment in np.flatnonzero((at >= begin) & (at < end)):
                block = min(max((at[moment] - gesture.start) // BLOCK, 0), sounding[-1])
                step = int(steps[block])
                if step not in columns:
                    columns[step] = _column(step / FINEST)
                np.maximum(comb[:, moment], columns[step], out=comb[:, moment])
            since = at - gesture.start
            opening = np.minimum(1.0 + since / HOP, 1.0 - (since - OPEN) / CLOSING)
            fresh = np.maximum(fresh, np.clip(opening, 0.0, 1.0))
    return np.maximum(comb, fresh)


def _column(pitch: float) -> Comb:
    """Near the partials of a MIDI pitch: [bins]."""
    hz = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
    bins = np.arange(WINDOW // 2 + 1) * (STEM_SAMPLE_RATE / WINDOW)
    away = np.abs(bins - np.maximum(np.round(bins / hz), 1.0) * hz)
    near = NEAR_HZ + bins * (2.0 ** (NEAR_CENTS / 1200.0) - 1.0)
    return np.clip(2.0 - away / near, 0.0, 1.0).astype(np.float32)
