"""One stroke of a palette under a score's settings: its pitch and its level, a value a block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.instruments import control
from engine.instruments.control import BLOCK
from engine.instruments.gestures import Gesture
from engine.instruments.palette import Instrument
from engine.instruments.settings import octaves_of
from engine.units import STEM_SAMPLE_RATE

ARTICULATED_GAIN = {"ghost": 0.6, "accent": 1.3}
LEGATO_S = 0.012  # a finger's move to another fret
SHORTEST_ATTACK_S = 0.001


@dataclass(frozen=True)
class Hand:
    """How fast an instrument speaks, ends and glides where a score has set it."""

    instrument: Instrument
    attack_s: float
    release_s: float
    glide_s: float

    @classmethod
    def of(cls, instrument: Instrument, settings: Mapping[str, float]) -> Hand:
        return cls(
            instrument,
            instrument.attack_s * 2.0 ** octaves_of(settings["attack"], 6.0),
            instrument.release_s * 2.0 ** octaves_of(settings["release"], 4.0),
            instrument.glide_s * 2.0 ** octaves_of(settings["glide"], 4.0),
        )

    def blocks(self, gesture: Gesture, of_release: float = 1.0) -> int:
        """How long the stroke is heard, with that much of its release."""
        tail = of_release * self.release_s * STEM_SAMPLE_RATE
        return -(-int(gesture.gate_samples + tail) // BLOCK) + 1

    def pitch(self, gesture: Gesture, num_blocks: int) -> NDArray[np.float64]:
        """Semitones: [num_blocks]."""
        instrument = self.instrument
        track: NDArray[np.float64] = control.pitch_control(
            num_blocks,
            np.array(gesture.starts, dtype=np.int64),
            np.array(gesture.pitches, dtype=np.float64),
            np.array([self.glide_s if slides else LEGATO_S for slides in gesture.sliding]),
            gesture.from_pitch,
            instrument.bend_semitones,
            instrument.bend_s,
            instrument.vibrato_semitones,
            instrument.vibrato_hz,
        )
        return track

    def level(self, gesture: Gesture, num_blocks: int) -> NDArray[np.float64]:
        """Of velocity, articulation and envelope, 1 at the loudest: [num_blocks + 1]."""
        instrument = self.instrument
        gate_s = gesture.gate_samples / STEM_SAMPLE_RATE
        # A slow attack still arrives within half of a short note.
        attack_s = max(SHORTEST_ATTACK_S, min(self.attack_s, 0.5 * gate_s))
        level: NDArray[np.float64] = control.level_control(
            num_blocks, gate_s, attack_s, instrument.decay_s, instrument.sustain, self.release_s
        )
        return level * (ARTICULATED_GAIN.get(gesture.articulation, 1.0) * (gesture.velocity / 127) ** 1.4)
