"""Conversions between units, and nowhere else.

A *beat* is a quarter note, as in every DAW's tempo field; a bar of 7/8 is 3.5 beats long.
"""

from __future__ import annotations

import math

STEM_SAMPLE_RATE = 44_100
MIN_TEMPO_BPM, MAX_TEMPO_BPM = 40.0, 240.0
MIN_BARS, MAX_BARS = 1, 64
SILENCE_DB = -120.0


def beats_to_seconds(beats: float, tempo_bpm: float) -> float:
    return beats * 60.0 / tempo_bpm


def seconds_to_beats(seconds: float, tempo_bpm: float) -> float:
    return seconds * tempo_bpm / 60.0


def beats_to_samples(beats: float, tempo_bpm: float, sample_rate: int = STEM_SAMPLE_RATE) -> int:
    """The nearest whole sample, halves up (never to even: lengths must not depend on parity)."""
    return math.floor(beats * 60.0 * sample_rate / tempo_bpm + 0.5)


def samples_to_beats(samples: float, tempo_bpm: float, sample_rate: int = STEM_SAMPLE_RATE) -> float:
    return samples * tempo_bpm / (60.0 * sample_rate)


def ms_to_samples(ms: float, sample_rate: int = STEM_SAMPLE_RATE) -> int:
    return math.floor(ms * sample_rate / 1000.0 + 0.5)


def db_to_gain(db: float) -> float:
    return 10.0 ** (db / 20.0)


def gain_to_db(gain: float) -> float:
    return 20.0 * math.log10(gain) if gain > 1e-6 else SILENCE_DB


def pitch_to_hz(pitch: float) -> float:
    """MIDI note number (69 = A4 = 440 Hz, equal temperament) to frequency."""
    return 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)


def hz_to_pitch(hz: float) -> float:
    return 69.0 + 12.0 * math.log2(hz / 440.0)
