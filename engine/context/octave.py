"""Half or double: which octave of a tempo is meant.

The beat alone does not say. What says it is how long typical things last in it: a backbeat comes every
second beat, notes follow each other at about half a beat, a chord holds about a bar. Each is a lean in
octaves (a log-normal around the usual length), beside the two priors: the set's tempo and 120 bpm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.context.track_context import Onset
from engine.units import MAX_TEMPO_BPM, MIN_TEMPO_BPM

# Near what was likeliest on half of our genres and of a shelf of MIDI songs, where set and usual tempo were
# one; between them the set's own tempo counts more.
USUAL_TEMPO_BPM, USUAL_OCTAVES = 116.0, 1.0
SET_OCTAVES = 0.6
MIN_GAPS = 3
MOST_OF_DRUMS = 1.0
BACKBEAT = 0.5  # of the strongest onset: softer snares are ghosts


class Sign(NamedTuple):
    """Something that lasts `seconds`, and usually `beats`, give or take `octaves`.

    `most`: how much it can say at all. Sparse drums are as slow as they like at any tempo.
    """

    seconds: float
    beats: float
    octaves: float
    most: float = np.inf


def octave_of(tempo_bpm: float, set_tempo_bpm: float, signs: Sequence[Sign]) -> tuple[float, float]:
    """(the tempo, halved or doubled where that is likelier; how sure 0..1)."""
    candidates = [
        tempo
        for tempo in (tempo_bpm / 2, tempo_bpm, tempo_bpm * 2)
        if MIN_TEMPO_BPM <= tempo <= MAX_TEMPO_BPM
    ]
    scores = np.array([_score(tempo, set_tempo_bpm, signs) for tempo in candidates])
    shares = np.exp(scores - scores.max())
    best = int(scores.argmax())
    return candidates[best], float(shares[best] / shares.sum())


def _score(tempo_bpm: float, set_tempo_bpm: float, signs: Sequence[Sign]) -> float:
    lean = _lean(tempo_bpm / set_tempo_bpm, SET_OCTAVES) + _lean(tempo_bpm / USUAL_TEMPO_BPM, USUAL_OCTAVES)
    said = (max(_lean(s.seconds * tempo_bpm / 60.0 / s.beats, s.octaves), -s.most) for s in signs)
    return lean + sum(said)


def _lean(ratio: float, octaves: float) -> float:
    return -0.5 * float(np.log2(ratio) / octaves) ** 2


def drum_signs(onsets: Sequence[Onset], seconds_a_beat: float) -> list[Sign]:
    """Backbeat, kick and hand of a drum track. The onsets' beats are of any octave of the tempo.

    Told by ear, a snare is sometimes a tom or a clap: its lean is wide, that of the kicks is narrower.
    """
    snares = [o.beat for o in onsets if o.voice == "snare" and o.strength > BACKBEAT]
    kicks = [onset.beat for onset in onsets if onset.voice == "kick"]
    hand = [onset.beat for onset in onsets]
    usual = ((snares if len(kicks) >= MIN_GAPS else [], 1.25, 1.3), (kicks, 1.0, 0.9), (hand, 0.36, 1.1))
    return [
        Sign(gap * seconds_a_beat, beats, octaves, MOST_OF_DRUMS)
        for places, beats, octaves in usual
        if (gap := _usual_gap(places)) is not None
    ]


def voice_signs(starts_s: Sequence[float]) -> list[Sign]:
    """How fast the notes of a bass or a melody follow each other."""
    gap = _usual_gap(starts_s)
    return [Sign(gap, 0.6, 0.9)] if gap else []


def chord_signs(lengths_s: Sequence[float]) -> list[Sign]:
    """How long chords hold."""
    return [Sign(float(np.mean(lengths_s)), 4.5, 0.9)] if len(lengths_s) >= MIN_GAPS else []


def _usual_gap(places: Sequence[float]) -> float | None:
    gaps = np.diff(np.asarray(sorted(places), float))
    gaps = gaps[gaps > 0.02]
    return float(np.median(gaps)) if len(gaps) >= MIN_GAPS else None
