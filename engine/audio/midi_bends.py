"""Slides as pitch bends: the glide that the instruments play, in steps of 5 ms.

    pitch   A ------.                      bend +12  A
                     `-.__  B              down to 0, which B was struck at
            note A   | note B

A bend moves its whole channel. So a note is bent only where it slides alone, and the wheel stands in its
centre again before another note begins.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from engine.audio.midi_notes import Played
from engine.instruments.palette import PALETTES, Instrument
from engine.instruments.settings import settings_of
from engine.instruments.stroke import Hand
from engine.music.score import Score
from engine.units import STEM_SAMPLE_RATE, ms_to_samples

WHEEL_CENTRE = 8192
STEP_SAMPLES = ms_to_samples(5.0)
ARRIVED_SEMITONES = 0.02


def bends(score: Score, notes: Sequence[Played], bend_range: int) -> Iterator[tuple[int, int]]:
    """(sample of the loop, wheel 0..16383) for `notes` by start; `bend_range` in semitones either way."""
    length, glide = score.length_samples, glide_samples(score)
    starts = np.array([note.start for note in notes])
    gates = np.array([note.gate for note in notes])
    for place, note in enumerate(notes):
        if note.from_pitch is None:
            continue
        held = np.flatnonzero((note.start - starts) % length < gates)
        if any(notes[other].pitch != note.from_pitch for other in held.tolist() if other != place):
            continue
        room = (notes[(place + 1) % len(notes)].start - note.start) % length or length
        for sample, semitones in _glide(note.from_pitch - note.pitch, glide, room):
            wheel = WHEEL_CENTRE + round(semitones / bend_range * WHEEL_CENTRE)
            yield (note.start + sample) % length, min(max(wheel, 0), 2 * WHEEL_CENTRE - 1)


def glide_samples(score: Score) -> float:
    """How long the score's palette glides, as the instruments take it."""
    palette = PALETTES.get(score.palette)
    if not isinstance(palette, Instrument):
        return Instrument.glide_s * STEM_SAMPLE_RATE
    return Hand.of(palette, settings_of(score)).glide_s * STEM_SAMPLE_RATE


def _glide(semitones: int, glide: float, room: int) -> Iterator[tuple[int, float]]:
    """(sample, semitones from the goal): exponential, the goal itself last and within `room` samples."""
    sample, away = 0, float(semitones)
    while sample < room and abs(away) >= ARRIVED_SEMITONES:
        yield sample, away
        sample += STEP_SAMPLES
        away = semitones * math.exp(-3.0 * sample / max(glide, 1.0))
    yield min(sample, room), 0.0
