"""Oscillators that play the score, as the codec's low band has them: a model need not guess any phase.

    fundamental: sine, cosine | harmonics 1/k: sine, cosine | the palette's waves: as they are, a quarter on

Hits have their kit's strokes instead (engine/model/track/bodies.py).

Below some 1.2 kHz the latents of a spectral codec carry the waveform itself (lapped cosines, companded).
What a note's waveform is follows from its pitch and its onset, but for a gain and a phase: and any phase is
a sum of a sine and a cosine. So each frame is told what a sine and a cosine at the score's pitches would have
in the very places of `Grid.by_frame`, companded as the encoder does; a linear layer could copy them.

Phases are 0 at each note's onset and go on through tied notes, as those of a single oscillator in
`pitched.start_phases`: such a palette's waveform before its filter is the sines of the first two pairs. A
unison starts spread by the golden ratio, from where the palette's name and the gesture's number say, and
beats as it is detuned: no sum of one oscillator's sine and cosine follows that, so the third pair has the
palette's own waves, octaves and unisons. Of a palette without waves, or one that is not ours, it has a sine
an octave below. Soundfonts and samples start wherever their recordings do, at every stroke alike: one phase a
pitch, which a model can learn. What a corpus moves of a palette (its detuning, say) the guide does not know.

Measured against the palettes' own low band, four bars each: the guide's six values explain linearly, place by
place, 0.95 to 0.97 of the power of lead, saw_lead and supersaw (the first two pairs alone 0.43, 0.05, 0.06),
0.7 to 0.95 of most others, 0.1 to 0.3 of plucked strings, whose phases are their noise's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.instruments.control import BLOCK
from engine.instruments.gestures import Gesture
from engine.instruments.settings import settings_of
from engine.instruments.stroke import Hand
from engine.model.codec.config import CodecConfig
from engine.model.track.bodies import hit_points
from engine.model.track.frames import Frames
from engine.model.track.low_band import LowBand
from engine.model.track.oscillators import Waves, add_gesture, waves_of
from engine.model.track.played import instrument_of
from engine.music.score import Score

CHANNELS = 6
# Those that are the palette's own sound, as it is: of notes its waves, of hits each group of voices.
AS_PLAYED = {"pitched": (4,), "drums": (0, 2, 4)}
GUIDE_VALUES = 48  # of a channel and frame: as many as codec `pitched` has below its bound
GUIDE_SIZE = CHANNELS * GUIDE_VALUES
LEVEL = 0.1  # of a note of velocity 127: coefficients come to about 1
HEARD = 0.6  # of a release: 44 dB down


def guide_of_notes(
    score: Score, played: list[Gesture], codec: CodecConfig, frames: Frames, cents: float = 0.0
) -> NDArray[np.float32]:
    """The guide of those frames, tuned `cents` above A4 = 440 Hz: [F, GUIDE_SIZE]."""
    band = LowBand.of(codec, GUIDE_VALUES)
    return guide_frames(guide_points(score, played, frames, band, cents), band, frames)


def guide_of_hits(score: Score, codec: CodecConfig, frames: Frames) -> NDArray[np.float32]:
    """The guide of those frames: [F, GUIDE_SIZE]."""
    band = LowBand.of(codec, GUIDE_VALUES)
    return guide_frames(hit_points(score, frames, band, CHANNELS), band, frames)


def guide_frames(points: NDArray[np.float32], band: LowBand, frames: Frames) -> NDArray[np.float32]:
    """[CHANNELS, points] -> [F, GUIDE_SIZE], companded."""
    values = band.coefficients(points)  # [CHANNELS, F, lows]
    values = np.sign(values) * np.sqrt(np.abs(values))  # `grid.companded`
    guide = np.zeros((frames.count, CHANNELS, GUIDE_VALUES), dtype=np.float32)
    lows = min(values.shape[-1], GUIDE_VALUES)
    guide[:, :, :lows] = values.transpose(1, 0, 2)[:, :, :lows]
    return guide.reshape(frames.count, GUIDE_SIZE)


def guide_points(
    score: Score, played: list[Gesture], frames: Frames, band: LowBand, cents: float
) -> NDArray[np.float32]:
    """The oscillators at the band's points: [CHANNELS, points]."""
    player = Player.of(score, cents)
    sound = np.zeros((band.num_points(frames), CHANNELS), dtype=np.float32)
    for gesture in played:
        length = player.blocks(gesture) * BLOCK
        starts = np.array([gesture.start])
        _, shifts = frames.turns(starts - band.lead, starts + length + band.sub_hop)
        if len(shifts):
            pitch, level, phases = player.track(gesture)
            for shift in shifts:
                ahead = band.first_sample(frames) - int(shift) - gesture.start
                add_gesture(sound, pitch, level, ahead, band.thin, player.waves, phases)
    return np.ascontiguousarray(sound.T)


@dataclass(frozen=True)
class Player:
    """An instrument's pitch, envelope and waves, set up for a score."""

    hand: Hand
    waves: Waves
    cents: float

    @classmethod
    def of(cls, score: Score, cents: float) -> Player:
        instrument = instrument_of(score)
        return cls(Hand.of(instrument, settings_of(score)), waves_of(instrument, score.track), cents)

    def blocks(self, gesture: Gesture) -> int:
        """How long it is heard."""
        return self.hand.blocks(gesture, HEARD)

    def track(self, gesture: Gesture) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Semitones [num_blocks], level [num_blocks + 1], and the phase of each wave at the onset."""
        num_blocks = self.blocks(gesture)
        pitch = self.hand.pitch(gesture, num_blocks) + self.cents / 100.0
        return pitch, LEVEL * self.hand.level(gesture, num_blocks), self.waves.phases(gesture.index)
