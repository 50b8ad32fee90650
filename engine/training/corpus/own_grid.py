"""Where the bars of a musician's song lie: tempo, first bar line, and the parts it is cut into.

A loop of whole bars begins on its first one. Anything else is laid under its onsets:

    onsets   .   x   x x x   x x x   x       strokes, from which the beat's length and place are refined
    beats    |   |   |   |   |   |   |
    parts        [ 8 bars       ][ 8 ...     each laid anew, so that a band that drifts keeps its bar lines
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.audio.mono import mono_of
from engine.context.analysis import heard_tempo
from engine.context.downbeat import downbeat_of
from engine.context.loop_length import WHOLE, fit_bars, folded
from engine.context.rhythm import HOPS_PER_SECOND, onset_peaks, onset_strength
from engine.music.key import Signature
from engine.prompt.music_context import Frame
from engine.units import STEM_SAMPLE_RATE, beats_to_samples, beats_to_seconds

LONGEST_PART_S = 24.0
MOST_PART_BARS = 16
EXCERPT_S = 48.0  # enough to tell a tempo; the whole song makes it exact
REFINED, REFINED_STEPS = 0.008, 801  # the beat's length is looked for this far off, as a share
ROUND_S = 0.03  # a whole number of bpm is meant where it drifts no further from what is heard
TELLING_STROKES = 8  # fewer do not make a tempo exact
WHOLE_LOOP = (
    0.0025  # of a loop: the tempo is exact to a tenth of it, and ends are trimmed by some milliseconds
)
AT_START_S = 0.035  # a first beat this near to the file's start is at its start
DRIFT_S = 0.015  # what a part's own beat must be off, to be laid anew
CLEAR_BEAT = 0.35  # how much of the strokes must agree on where sixteenths are, 0..1


@dataclass(frozen=True)
class Grid:
    """`first_s`: the first bar line. `sure` 0..1 of the tempo."""

    tempo_bpm: float
    signature: Signature
    first_s: float
    sure: float

    @property
    def bar_s(self) -> float:
        return beats_to_seconds(self.signature.bar_beats, self.tempo_bpm)

    @property
    def part_bars(self) -> int:
        """As many, by doublings, as last LONGEST_PART_S at most."""
        bars = MOST_PART_BARS
        while bars > 1 and bars * self.bar_s > LONGEST_PART_S:
            bars //= 2
        return bars


@dataclass(frozen=True)
class Part:
    """Whole bars of a song: from `start_sample` on."""

    start_sample: int
    bars: int


@dataclass(frozen=True)
class Strokes:
    """When something starts, in seconds, and how strongly."""

    at_s: NDArray[np.float64]
    strength: NDArray[np.float64]

    @classmethod
    def of(cls, strength: NDArray[np.float64]) -> Strokes:
        peaks = onset_peaks(strength)
        return cls(
            np.array([hop for hop, _ in peaks]) / HOPS_PER_SECOND, np.array([share for _, share in peaks])
        )

    def between(self, start_s: float, end_s: float) -> Strokes:
        inside = (self.at_s >= start_s) & (self.at_s < end_s)
        return Strokes(self.at_s[inside], self.strength[inside])

    def phase(self, period_s: float) -> complex:
        """Where in a period they lie (angle), and how much they agree on it (length 0..1)."""
        if not len(self.at_s):
            return 0j
        turns = np.exp(2j * np.pi * self.at_s / period_s)
        return complex((self.strength * turns).sum() / self.strength.sum())


def hear_grid(
    beating: NDArray[np.float32], track: str, mix: NDArray[np.float32], said_bpm: float | None, frame: Frame
) -> tuple[Grid, Strokes]:
    """The grid of a song, and its strokes. beating [N, C=2]: what tells the beat best, of role `track`."""
    strength = onset_strength(mono_of(beating))
    strokes = Strokes.of(strength)
    tempo_bpm, sure = (folded(said_bpm), 1.0) if said_bpm else _tempo(beating, strength, track, frame)
    if not said_bpm:
        tempo_bpm = _refined(strokes, tempo_bpm, len(mix) / STEM_SAMPLE_RATE)
    whole_bpm, bars = fit_bars(len(mix), tempo_bpm, frame.signature)
    exact = beats_to_samples(bars * frame.signature.bar_beats, tempo_bpm)
    if abs(exact - len(mix)) <= (WHOLE_LOOP if len(strokes.at_s) >= TELLING_STROKES else WHOLE) * len(mix):
        return Grid(whole_bpm, frame.signature, 0.0, sure), strokes
    first_s = _first_beat_s(strokes, tempo_bpm, _sound_start_s(mix))
    first_s += beats_to_seconds(_turn(mix, tempo_bpm, first_s, frame.signature), tempo_bpm)
    return Grid(tempo_bpm, frame.signature, first_s, sure), strokes


def parts_of(grid: Grid, strokes: Strokes, bar_sounds: list[bool], num_samples: int) -> Iterator[Part]:
    """Parts end to end, without the silent bars around them. bar_sounds: [bar] of the song."""
    drift_s, bar = 0.0, 0
    at_first = strokes.phase(_sixteenth_s(grid))
    while bar < len(bar_sounds):
        if not bar_sounds[bar]:
            bar += 1
            continue
        sounding = bar_sounds[bar : bar + grid.part_bars]
        bars = len(sounding) - sounding[::-1].index(True)
        start_s = grid.first_s + bar * grid.bar_s + drift_s
        drift_s += _drift_s(grid, strokes.between(start_s, start_s + bars * grid.bar_s), at_first, drift_s)
        start = max(0, round((grid.first_s + bar * grid.bar_s + drift_s) * STEM_SAMPLE_RATE))
        if start + length_samples(grid, bars) - num_samples <= STEM_SAMPLE_RATE // 10:
            yield Part(start, bars)
        bar += bars


def length_samples(grid: Grid, bars: int) -> int:
    return beats_to_samples(bars * grid.signature.bar_beats, grid.tempo_bpm)


def num_bars(grid: Grid, num_samples: int) -> int:
    """Whole bars after the first bar line; a tenth of a second may lack at the end."""
    left_s = num_samples / STEM_SAMPLE_RATE - grid.first_s + 0.1
    return max(0, int(left_s / grid.bar_s))


# --- tempo ------------------------------------------------------------------------------------------


def _tempo(
    beating: NDArray[np.float32], strength: NDArray[np.float64], track: str, frame: Frame
) -> tuple[float, float]:
    """Of the whole, or of its busiest EXCERPT_S."""
    length = int(EXCERPT_S * STEM_SAMPLE_RATE)
    if len(beating) <= length:
        return heard_tempo(beating, strength, track, frame)
    hops = int(EXCERPT_S * HOPS_PER_SECOND)
    sums = np.cumsum(np.pad(strength, (1, 0)))
    start_hop = int(np.argmax(sums[hops:] - sums[:-hops]))
    start = int(start_hop / HOPS_PER_SECOND * STEM_SAMPLE_RATE)
    excerpt = beating[start : start + length]
    return heard_tempo(excerpt, strength[start_hop : start_hop + hops], track, frame)


def _refined(strokes: Strokes, tempo_bpm: float, seconds: float) -> float:
    """The tempo at which beats, halves and quarters meet the strokes best; a round one where that does."""
    if len(strokes.at_s) < TELLING_STROKES:
        return tempo_bpm
    tempi = tempo_bpm * np.linspace(1.0 - REFINED, 1.0 + REFINED, REFINED_STEPS)
    met = [sum(abs(strokes.phase(60.0 / bpm / parts)) for parts in (1, 2, 4)) for bpm in tempi]
    found = float(tempi[int(np.argmax(met))])
    whole = float(round(found))
    return whole if abs(whole / found - 1.0) * seconds <= ROUND_S else round(found, 3)


# --- bar lines --------------------------------------------------------------------------------------


def _first_beat_s(strokes: Strokes, tempo_bpm: float, sound_start_s: float) -> float:
    """The beat on which the sound begins, or the start of the file where that is on a beat."""
    beat_s = 60.0 / tempo_bpm
    place_s = _beat_place_s(strokes, beat_s)
    late_s = place_s if place_s <= beat_s / 2 else place_s - beat_s
    if abs(late_s) <= AT_START_S:
        # Of a song exported from its first bar line, silent bars in front are bars.
        late_s = 0.0
        beats = 0 if sound_start_s < beat_s else int((sound_start_s + AT_START_S) / (4 * beat_s)) * 4
        return beats * beat_s
    beats_before = np.floor((sound_start_s - late_s + AT_START_S) / beat_s)
    return float(max(late_s + beats_before * beat_s, late_s if late_s > 0 else late_s + beat_s))


def _beat_place_s(strokes: Strokes, beat_s: float) -> float:
    """Where in a beat the beats are: of the four sixteenths that the strokes lie on, the heaviest."""
    sixteenth_s = beat_s / 4
    late_s = np.angle(strokes.phase(sixteenth_s)) / (2 * np.pi) * sixteenth_s % sixteenth_s
    candidates = late_s + sixteenth_s * np.arange(4)
    place = (
        np.mod(strokes.at_s[:, None] - candidates + beat_s / 2, beat_s) - beat_s / 2
    )  # [stroke, candidate]
    near = np.exp(-0.5 * (place / 0.02) ** 2)
    weight = strokes.strength @ near if len(strokes.at_s) else np.array([1.0, 0.0, 0.0, 0.0])
    on_start = np.minimum(candidates, beat_s - candidates) <= AT_START_S
    return float(candidates[int(np.argmax(weight * np.where(on_start, 1.5, 1.0)))])  # files begin on beats


def _sound_start_s(mix: NDArray[np.float32]) -> float:
    level = np.abs(mix).max(axis=1)
    return float(np.argmax(level > 0.02 * level.max(initial=1e-9))) / STEM_SAMPLE_RATE


def _turn(mix: NDArray[np.float32], tempo_bpm: float, first_s: float, signature: Signature) -> int:
    """Beats from the first one to the first bar line; 0 unless the harmony surely says so."""
    start = max(0, round(first_s * STEM_SAMPLE_RATE))
    length = min(len(mix) - start, int(EXCERPT_S * STEM_SAMPLE_RATE))
    bars = int(length / beats_to_samples(signature.bar_beats, tempo_bpm))
    if bars < 1:
        return 0
    audio = mix[start : start + beats_to_samples(bars * signature.bar_beats, tempo_bpm)]
    mono = mono_of(audio)
    return downbeat_of(mono, onset_strength(mono), tempo_bpm, bars, signature).turned_beats


def _sixteenth_s(grid: Grid) -> float:
    return beats_to_seconds(0.25, grid.tempo_bpm)


def _drift_s(grid: Grid, strokes: Strokes, at_first: complex, already_s: float) -> float:
    """How far the strokes of a part have drifted from the grid since the song as a whole was laid."""
    here, period_s = strokes.phase(_sixteenth_s(grid)), _sixteenth_s(grid)
    if min(abs(here), abs(at_first)) < CLEAR_BEAT:
        return 0.0
    turn = here / abs(here) * np.conj(at_first) * np.exp(-2j * np.pi * already_s / period_s)
    late_s = float(np.angle(turn)) / (2 * np.pi) * period_s
    return late_s if abs(late_s) > DRIFT_S else 0.0
