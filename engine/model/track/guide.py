"""Oscillators that play the score, as the codec's low band has them: a model need not guess any phase.

    fundamental  sine, cosine   |  harmonics 1/k  sine, cosine  |  an octave below  sine, cosine

Below some 1.2 kHz the latents of a spectral codec carry the waveform itself (lapped cosines, companded).
What a note's waveform is follows from its pitch and its onset, but for a gain and a phase: and any phase is a
sum of a sine and a cosine. So each frame is told what a sine and a cosine at the score's pitches would have in
the very places of `Grid.by_frame`, companded as the encoder does; a linear layer could copy them.

Phases are 0 at each note's onset, as those of `pitched.start_phases` for a single oscillator, and tied notes
go on. There an oscillator starts as a sine of phase 0, and so does every overtone: the sine channels are such
a palette's own waveform before its filter. A unison starts spread by the golden ratio, from where the palette
and the number of the note say: its beating is none of the guide's, only its middle. Soundfonts and samples
start wherever their recordings do, at every stroke alike: one phase a pitch, which a model can learn.

Computed at every 7th sample: what is asked for ends below 1.3 kHz. A codec that is not of the spectral pair
is told lapped cosines of whole frames.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.instruments.control import LN_1000, VIBRATO_FADE_S
from engine.instruments.palette import Instrument
from engine.instruments.pitched import ARTICULATED_GAIN
from engine.instruments.settings import octaves_of, settings_of
from engine.model.codec.config import CodecConfig, SpectralConfig
from engine.model.track.frames import Frames, within
from engine.model.track.played import Stretches, gliding, instrument_of
from engine.music.score import ARTICULATIONS, Score
from engine.units import STEM_SAMPLE_RATE

CHANNELS = 6
GUIDE_VALUES = 48  # of a channel and frame: as many as codec `pitched` has below its bound
GUIDE_SIZE = CHANNELS * GUIDE_VALUES
TOP_HZ = 1300.0
MOST_HARMONICS = 63
TABLE_SIZE = 4096  # the nearest entry is 60 dB right
THINNEST = 7  # samples from one point to the next: 6.3 kHz
LEVEL = 0.1  # of a note of velocity 127: coefficients come to about 1
HEARD = 0.6  # of a release: 44 dB down


def guide_frames(
    score: Score, notes: Stretches, codec: CodecConfig, first_frame: int, num_frames: int, cents: float = 0.0
) -> NDArray[np.float32]:
    """Frames from `first_frame` on, tuned `cents` above A4 = 440 Hz: [F, GUIDE_SIZE]."""
    band = LowBand.of(codec)
    frames = Frames(first_frame, num_frames, codec.hop, score.length_samples)
    values = band.coefficients(oscillators(score, notes, frames, band, cents))  # [CHANNELS, F, lows]
    values = np.sign(values) * np.sqrt(np.abs(values))  # `grid.companded`
    guide = np.zeros((num_frames, CHANNELS, GUIDE_VALUES), dtype=np.float32)
    lows = min(values.shape[-1], GUIDE_VALUES)
    guide[:, :, :lows] = values.transpose(1, 0, 2)[:, :, :lows]
    return guide.reshape(num_frames, GUIDE_SIZE)


class LowBand:
    """The low band of a codec's grid, read from one sample in `thin`.

    A piece of 2 sub_hop samples begins `lead` before its sub-frame; the points are the middles of groups:

        |. . . x . . .|. . . x . . .|      thin = 7
    """

    def __init__(self, hop: int, config: SpectralConfig) -> None:
        import torch

        from engine.model.codec.grid import Grid

        with torch.inference_mode():
            grid = Grid(hop, config.low_bins * config.sub_frames, config)
            kernel = (grid.shape[:, None] * grid.cosines).numpy()
        self.sub_frames, self.sub_hop, self.lead = grid.sub_frames, grid.sub_hop, grid.lead
        self.thin = max(n for n in range(1, THINNEST + 1, 2) if grid.sub_hop % n == 0)
        self.kernel = kernel[self.thin // 2 :: self.thin] * self.thin  # [points of a piece, low_bins]

    @staticmethod
    def of(codec: CodecConfig) -> LowBand:
        settings = codec.settings
        if not isinstance(settings, SpectralConfig):
            settings = SpectralConfig(sub_frames=1, low_bins=GUIDE_VALUES, gates=1)
        return _low_band(codec.hop, settings)

    def first_sample(self, frames: Frames) -> int:
        """Of the points."""
        return frames.start - self.lead + self.thin // 2

    def num_points(self, frames: Frames) -> int:
        return (frames.count * self.sub_frames + 1) * self.sub_hop // self.thin

    def coefficients(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """[channels, points] -> [channels, F, sub_frames * low_bins] as `Grid.by_frame` has them."""
        piece, hop = len(self.kernel), self.sub_hop // self.thin
        pieces = np.lib.stride_tricks.sliding_window_view(points, piece, axis=1)[:, ::hop]
        values = np.ascontiguousarray(pieces).reshape(-1, piece) @ self.kernel
        return np.asarray(values.reshape(len(points), -1, self.sub_frames * self.kernel.shape[1]))


@cache
def _low_band(hop: int, settings: SpectralConfig) -> LowBand:
    return LowBand(hop, settings)


def oscillators(
    score: Score, notes: Stretches, frames: Frames, band: LowBand, cents: float
) -> NDArray[np.float32]:
    """The guide itself at the band's points: [CHANNELS, points]."""
    instrument, num_points = instrument_of(score), band.num_points(frames)
    sound = np.zeros((CHANNELS, num_points))
    release_s = instrument.release_s * 2.0 ** octaves_of(settings_of(score)["release"], 4.0)
    note, shift, point = _points(notes, frames, band, int(HEARD * release_s * STEM_SAMPLE_RATE))
    if not len(point):
        return sound.astype(np.float32)
    sample = band.first_sample(frames) + point * band.thin - shift
    hz = _hz(instrument, notes, note, sample, cents)
    turn = _gestures(notes)[note] * (1 << 32) + shift  # another for each gesture of each turn
    cycles = _cycles(hz, turn, sample - notes.struck[note], band.thin)
    seen = point >= 0  # what came before was needed for the phase
    note, sample, point, hz, cycles = note[seen], sample[seen], point[seen], hz[seen], cycles[seen]
    level = _level(instrument, score, notes, note, sample, release_s)
    for pair, wave in enumerate(_waves(cycles, hz)):
        sound[2 * pair] = np.bincount(point, level * wave.imag, num_points)
        sound[2 * pair + 1] = np.bincount(point, level * wave.real, num_points)
    return sound.astype(np.float32)


def _gestures(notes: Stretches) -> NDArray[np.int64]:
    """Which gesture each stretch is of."""
    return np.cumsum(~notes.tied)


def _points(
    notes: Stretches, frames: Frames, band: LowBand, tail: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(stretch, samples of its turn, point) of everything that sounds, a gesture's points one after another.

    They begin where the gesture does, however long before the window (points below 0).
    """
    rows, shift = frames.turns(notes.struck - band.lead, notes.let_go + tail + band.sub_hop)
    order = np.lexsort((rows, shift, _gestures(notes)[rows]))
    rows, shift = rows[order], shift[order]
    over = notes.end + np.where(notes.end >= notes.let_go, tail, 0)
    origin = band.first_sample(frames) - shift
    first = -((origin - notes.begin[rows]) // band.thin)
    after = np.minimum(-((origin - over[rows]) // band.thin), band.num_points(frames))
    counts = np.maximum(after - first, 0)
    return np.repeat(rows, counts), np.repeat(shift, counts), np.repeat(first, counts) + within(counts)


def _hz(
    instrument: Instrument,
    notes: Stretches,
    note: NDArray[np.int64],
    sample: NDArray[np.int64],
    cents: float,
) -> NDArray[np.float64]:
    """The pitch as `control.pitch_control` moves it: glide, the palette's bend and vibrato."""
    pitch = notes.pitch[note]
    moving = np.flatnonzero((notes.from_pitch != notes.pitch)[note])
    mine = note[moving]
    seconds = (sample[moving] - notes.begin[mine]) / STEM_SAMPLE_RATE
    pitch[moving] = gliding(notes.pitch[mine], notes.from_pitch[mine], notes.glide_s[mine], seconds)
    if instrument.bend_semitones or instrument.vibrato_semitones:
        seconds = (sample - notes.struck[note]) / STEM_SAMPLE_RATE
        pitch += instrument.bend_semitones * np.exp(-LN_1000 / instrument.bend_s * seconds)
        depth = instrument.vibrato_semitones * np.minimum(1.0, seconds / VIBRATO_FADE_S)
        pitch += depth * np.sin(2.0 * np.pi * instrument.vibrato_hz * seconds)
    return np.asarray(440.0 * np.exp2((pitch - 69.0 + cents / 100.0) / 12.0))


def _cycles(
    hz: NDArray[np.float64], turn: NDArray[np.int64], since: NDArray[np.int64], thin: int
) -> NDArray[np.float64]:
    """Cycles since each gesture was struck `since` samples ago, by trapezoids."""
    starts = np.flatnonzero(np.diff(turn, prepend=turn[0] - 1))
    step = 0.5 * (hz + np.roll(hz, 1)) * (thin / STEM_SAMPLE_RATE)
    step[starts] = hz[starts] * since[starts] / STEM_SAMPLE_RATE
    cycles = np.cumsum(step)
    before = cycles[starts] - step[starts]
    return np.asarray(cycles - np.repeat(before, np.diff(starts, append=len(hz))))


def _level(
    instrument: Instrument,
    score: Score,
    notes: Stretches,
    note: NDArray[np.int64],
    sample: NDArray[np.int64],
    release_s: float,
) -> NDArray[np.float64]:
    """The palette's envelope (`control.level_control`) times how hard the note is struck."""
    shades = np.array([ARTICULATED_GAIN.get(name, 1.0) for name in ARTICULATIONS])
    gain = LEVEL * shades[notes.articulation] * notes.velocity**1.4
    gate_s = (notes.let_go - notes.struck) / STEM_SAMPLE_RATE
    attack_s = instrument.attack_s * 2.0 ** octaves_of(settings_of(score)["attack"], 6.0)
    attack_s = np.maximum(0.001, np.minimum(attack_s, 0.5 * gate_s))[note]
    seconds = (sample - notes.struck[note]) / STEM_SAMPLE_RATE
    held_s = np.minimum(seconds, gate_s[note])
    level = gain[note] * np.minimum(1.0, held_s / attack_s)
    if instrument.sustain < 1.0:
        fallen = np.exp(-LN_1000 / instrument.decay_s * np.maximum(0.0, held_s - attack_s))
        level *= instrument.sustain + (1.0 - instrument.sustain) * fallen
    released = np.flatnonzero(seconds > held_s)
    share = (seconds - held_s)[released] / release_s
    level[released] *= np.exp(-LN_1000 * share) * np.maximum(0.0, 1.0 - share)
    return np.asarray(level)


def _waves(cycles: NDArray[np.float64], hz: NDArray[np.float64]) -> tuple[NDArray[np.complex64], ...]:
    """Fundamental, harmonics, an octave below, as cosine + i sine; silent above TOP_HZ."""
    harmonics, table = np.minimum(TOP_HZ / hz, MOST_HARMONICS).astype(np.int64), _table()
    place = _entry(cycles)
    low = np.where(hz < 2.0 * TOP_HZ, 1, 0)
    one = np.minimum(harmonics, 1)
    return table[one, place], table[harmonics, place], table[low, _entry(0.5 * cycles)]


def _entry(cycles: NDArray[np.float64]) -> NDArray[np.int64]:
    return (cycles * TABLE_SIZE + 0.5).astype(np.int64) & (TABLE_SIZE - 1)


@cache
def _table() -> NDArray[np.complex64]:
    """A cycle of the sum of the first k harmonics 1 / k, for every k: [MOST_HARMONICS + 1, TABLE_SIZE]."""
    k = np.arange(1, MOST_HARMONICS + 1)[:, None]
    turn = np.exp(2j * np.pi / TABLE_SIZE * (k * np.arange(TABLE_SIZE) % TABLE_SIZE)) / k
    return np.concatenate([np.zeros((1, TABLE_SIZE)), np.cumsum(turn, axis=0)]).astype(np.complex64)
