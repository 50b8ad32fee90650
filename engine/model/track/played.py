"""A score's notes as they sound: which pitch from which sample to which, round the loop.

gestures   |==A~~~>B=====|  |==C==|        one stroke of a mono voice may reach several pitches
stretches  |==A==|~~>B===|  |==C==|        one pitch each: what a piano roll and an oscillator need

Everything is placed as engine/instruments/pitched.py places it, since `gestures` is where both get it from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.instruments.gestures import Gesture, gestures
from engine.instruments.palette import PALETTES, Instrument
from engine.instruments.settings import octaves_of, settings_of
from engine.instruments.stroke import LEGATO_S
from engine.music.score import ARTICULATIONS, Score
from engine.units import STEM_SAMPLE_RATE

# Of a score whose palette nobody here knows: a voice that plays every pitch and holds it.
UNKNOWN = Instrument(name="", role="", layers=(), low=0, high=127)


@dataclass(frozen=True)
class Stretches:
    """One row a pitch of a gesture, in order of gestures; samples from the loop's start (may be negative).

    `begin` and `end`: where this pitch starts, and where the next one starts or the key is let go.
    `from_pitch`, `pitch`: semitones where it begins and where it goes, within about `glide_s`.
    `tied`: reached without a stroke; `slide`: glided to.
    """

    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    pitch: NDArray[np.float64]
    from_pitch: NDArray[np.float64]
    glide_s: NDArray[np.float64]
    velocity: NDArray[np.float64]  # 0..1
    articulation: NDArray[np.int64]  # place in ARTICULATIONS
    tied: NDArray[np.bool_]
    slide: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.begin)


def as_played(score: Score, source: str) -> Score:
    """The score without its palette where another source than our instruments played it.

    `source` as a corpus writes it: `instruments:moog`, `soundfont:…`, `samples:…`, `own`.
    """
    return score if source.startswith("instruments:") else replace(score, palette="")


def instrument_of(score: Score) -> Instrument:
    """That of the score's palette; UNKNOWN for one that is not ours."""
    palette = PALETTES.get(score.palette)
    return palette if isinstance(palette, Instrument) else UNKNOWN


def glide_seconds(score: Score) -> float:
    """Of the instrument, as the score sets it."""
    return instrument_of(score).glide_s * 2.0 ** octaves_of(settings_of(score)["glide"], 4.0)


def gestures_of(score: Score) -> list[Gesture]:
    """What the score's instrument plays in one turn of the loop."""
    instrument = instrument_of(score)
    holds_samples = instrument.holds_s * STEM_SAMPLE_RATE
    return gestures(score, instrument.mono, instrument.low, instrument.high, holds_samples)


def stretches(played: list[Gesture], glide_s: float) -> Stretches:
    """Gestures pitch by pitch."""
    rows = [row for gesture in played for row in _rows(gesture, glide_s)]
    columns = [np.array(column) for column in zip(*rows, strict=True)] or [np.zeros(0)] * 9
    kinds = (np.int64,) * 2 + (np.float64,) * 4 + (np.int64,) + (np.bool_,) * 2
    return Stretches(*(column.astype(kind) for column, kind in zip(columns, kinds, strict=True)))


def _rows(gesture: Gesture, glide_s: float) -> list[tuple[float, ...]]:
    rows: list[tuple[float, ...]] = []
    ends = (*gesture.starts[1:], max(gesture.gate_samples, gesture.starts[-1] + 1))
    here = gesture.from_pitch
    for i, (start, end) in enumerate(zip(gesture.starts, ends, strict=True)):
        pitch, slides = gesture.pitches[i], gesture.sliding[i]
        within_s = glide_s if slides else LEGATO_S
        rows.append(
            (
                gesture.start + start, gesture.start + end, pitch, here, within_s,
                gesture.velocity / 127, ARTICULATIONS.index(gesture.articulation), i > 0, slides,
            )
        )  # fmt: skip
        here = float(gliding(pitch, here, within_s, (end - start) / STEM_SAMPLE_RATE))
    return rows


def gliding(
    pitch: NDArray[np.float64] | float,
    from_pitch: NDArray[np.float64] | float,
    glide_s: NDArray[np.float64] | float,
    seconds: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """Semitones `seconds` after the start of a glide, as `control.pitch_control` approaches a target."""
    keep = np.exp(-seconds / np.maximum(np.divide(glide_s, 3.0), 1e-4))
    return np.asarray(pitch + (np.subtract(from_pitch, pitch)) * keep)
