"""Whether a single voice has the pitches of its score, moment by moment.

Heard by the tracker of `engine.context`, in the reference and in the performed alike: where it mishears the
reference (an octave layer, a bell), the moment says nothing of the performed and is not counted. The tracker
lifts the highs, for plucked strings of clean recordings; a codec's hiss is up there too, so both are dulled
first: it took a bass that went through the bundled codec for noise from end to end (0.00), dulled it heard it
(0.92).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.context.pitch_track import HEARINGS, pitch_track
from engine.context.rhythm import HOP
from engine.evaluation.models.material import Audio
from engine.music.score import Score
from engine.units import STEM_SAMPLE_RATE, beats_to_seconds

Track = NDArray[np.float64]  # MIDI pitch or NaN, one a hop of 256 samples

NEAR = 0.5  # semitones: nearer to this note than to any other
ATTACK_S, RELEASE_S = 0.04, 0.02  # of a note, in which it may not have come to its pitch yet, or left it
DULL_HZ = {"bass": 300.0, "melody": 1000.0}  # from there down by 12 dB an octave
SOFTEST = 0.01  # -40 dB beside the reference's loudest moment: below it, nothing sounds
FEWEST = 20  # hops (0.12 s): of fewer, a share says nothing


def pitch_to_score(score: Score, reference: Audio, performed: Audio) -> float:
    """Share of moments where the performed has the score's pitch, of those where the reference has it."""
    heard, level = heard_pitch(reference, score.track)
    wanted = written_pitch(score, len(heard))
    counted = _near(heard, wanted) & (level > SOFTEST * level.max(initial=0.0))
    return _share(_near(heard_pitch(performed, score.track)[0], wanted), counted)


def pitch_to_reference(score: Score, reference: Audio, performed: Audio) -> float:
    """Share of moments where both have the same pitch, of those where the reference has any; or NaN."""
    heard, level = heard_pitch(reference, score.track)
    counted = np.isfinite(heard) & (level > SOFTEST * level.max(initial=0.0))
    return _share(_near(heard_pitch(performed, score.track)[0], heard), counted)


def heard_pitch(audio: Audio, role: str) -> tuple[Track, Track]:
    """(pitch, level) of every hop of [N, C=2]."""
    from scipy.signal import butter, sosfiltfilt

    filters = butter(1, DULL_HZ[role], fs=STEM_SAMPLE_RATE, output="sos")
    dulled = sosfiltfilt(filters, audio.mean(axis=1)).astype(np.float32)
    found, _, level = pitch_track(dulled, HEARINGS[role])
    return found, level


def written_pitch(score: Score, hops: int) -> Track:
    """The note that the score writes for every hop; NaN where it writes none, two, or a slide's glide."""
    wanted, notes_there = np.full(hops, np.nan), np.zeros(hops, int)
    for note in score.notes:
        start_s = beats_to_seconds(note.start_beats, score.tempo_bpm) + note.offset_ms / 1000.0
        end_s = start_s + beats_to_seconds(note.length_beats, score.tempo_bpm)
        first, end = (_hop(s, hops) for s in (start_s, end_s))
        notes_there[first:end] += 1
        settled = _hop(start_s + (2 if note.slide else 1) * ATTACK_S, hops)
        wanted[settled : _hop(end_s - RELEASE_S, hops)] = note.pitch
    wanted[notes_there != 1] = np.nan
    return wanted


def _hop(seconds: float, hops: int) -> int:
    return min(hops, max(0, round(seconds * STEM_SAMPLE_RATE / HOP)))


def _near(found: Track, wanted: Track) -> NDArray[np.bool_]:
    return np.isfinite(found) & np.isfinite(wanted) & (np.abs(found - wanted) < NEAR)


def _share(right: NDArray[np.bool_], counted: NDArray[np.bool_]) -> float:
    return float(right[counted].mean()) if counted.sum() >= FEWEST else float("nan")
