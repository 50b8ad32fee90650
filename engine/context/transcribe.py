"""Notes of a single voice (bass, melody) from audio, as a score that others hear like any other.

A note begins where the pitch settles on another semitone, or where the level jumps under an onset; it
ends where the next begins or the voice falls silent.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.context.pitch_track import HEARINGS, pitch_track
from engine.context.rhythm import HOP, onset_peaks
from engine.context.tones import CLEAR_TUNING, SHARPEST_TUNING
from engine.units import STEM_SAMPLE_RATE, pitch_to_hz

MIN_HOPS = 7  # 40 ms
SETTLED_HOPS = 4
STROKE = 0.25  # of the strongest onset
DRIFT = 1.6
ECHO_HOPS, ECHO_SHARE = 260, 0.5  # 1.5 s
DRAGGED = (0.2, 1.5)
BETWEEN = 0.3  # semitones off every note
SOFT = 0.06  # of the loudest: softer is the tail of a note, or its echo
RISE = 1.25  # how much the level must grow for a note of the same pitch to be struck again
PARTIAL_HOPS, PARTIAL_SHARE = 40, 0.15  # of the loudest of eight partials, over the first 0.23 s
FALL = 0.3  # of the note's own loudest: below, it has ended


class HeardNote(NamedTuple):
    """Hops from the start of the audio; level against the loudest note."""

    start: int
    end: int
    pitch: int
    level: float
    sure: float  # 0..1


def notes_of(mono: NDArray[np.float32], strength: NDArray[np.float64], track: str) -> list[HeardNote]:
    """What a bass or a melody plays, in order and never two at once. strength: [hop] of `onset_strength`."""
    pitch, roughness, level = pitch_track(mono, HEARINGS[track])
    hops = min(len(pitch), len(strength))
    pitch, roughness, level = pitch[:hops], roughness[:hops], level[:hops]
    if level.max(initial=0.0) <= 1e-5:
        return []
    # Of a bass the filter bends more than its tuning is off.
    shift = _tuning(pitch, level) if track == "melody" else 0.0
    pitch = np.where(level >= SOFT * level.max(), pitch - shift, np.nan)
    struck = [hop for hop, share in onset_peaks(strength[:hops]) if share >= STROKE and _rises(level, hop)]
    starts = _starts(pitch, level, struck)
    if not starts:
        return []
    notes = [
        note
        for first, after in zip(starts, [*starts[1:], hops], strict=True)
        if (note := _note(pitch, roughness, level, first, after)) is not None
    ]
    if track == "melody":
        notes = _without_echoes([_lifted(note, mono) for note in notes])
    return _joined(notes, set(struck))


def _tuning(pitch: NDArray[np.float64], level: NDArray[np.float64]) -> float:
    """How far the voice stands from equal temperament at 440 Hz, in semitones (circular mean)."""
    voiced = np.isfinite(pitch)
    mean = (np.exp(2j * np.pi * pitch[voiced]) * level[voiced]).sum()
    if abs(mean) <= CLEAR_TUNING * level[voiced].sum():
        return 0.0
    shift = float(np.angle(mean) / (2 * np.pi))
    return shift if shift <= SHARPEST_TUNING else shift - 1.0


def _rises(level: NDArray[np.float64], hop: int) -> bool:
    before = level[max(0, hop - 6) : max(1, hop)].min()
    return bool(level[hop : hop + 10].max(initial=0.0) > RISE * before)


def _starts(pitch: NDArray[np.float64], level: NDArray[np.float64], struck: list[int]) -> list[int]:
    """Hops at which a new note may begin, in order."""
    semitone = np.where(np.isfinite(pitch), np.rint(pitch), -1.0)
    change = np.flatnonzero(np.diff(semitone, prepend=-2.0))
    ends = np.append(change[1:], len(semitone))
    settled = [int(hop) for hop, end in zip(change, ends, strict=True) if end - hop >= SETTLED_HOPS]
    near = np.array(struck) if struck else np.array([-1000])
    # The pitch settles some hops after the stroke: those starts are the stroke's.
    own = [hop for hop in settled if np.abs(near - hop).min() > 9 and _is_new(pitch, level, hop)]
    return sorted({*own, *struck})


def _is_new(pitch: NDArray[np.float64], level: NDArray[np.float64], hop: int) -> bool:
    """Whether an unstruck change of pitch is a note: a drift by a semitone while the sound dies is none."""
    before = pitch[max(0, hop - 10) : hop]
    voiced = before[np.isfinite(before)]
    if not len(voiced) or abs(pitch[hop] - np.median(voiced)) > DRIFT:
        return True
    return bool(level[hop] >= 0.8 * level[max(0, hop - 10) : hop].max())


def _note(
    pitch: NDArray[np.float64], roughness: NDArray[np.float64], level: NDArray[np.float64],
    first: int, after: int,
) -> HeardNote | None:  # fmt: skip
    part, loudness = pitch[first:after], level[first:after]
    voiced = np.isfinite(part)
    if voiced.sum() < SETTLED_HOPS:
        return None
    weight = np.where(voiced, loudness * (1.0 - np.minimum(roughness[first:after], 0.9)), 0.0)
    semitones = np.rint(np.where(voiced, part, 0.0)).astype(int)
    votes = np.bincount(np.maximum(semitones, 0), weight)
    found = int(votes.argmax())
    # A filter that closes over a plucked bass drags its pitch down by up to a semitone and a half, and
    # lets go of it at the end: between two notes, what is reached at the top is what was played.
    top_pitch = float(np.quantile(part[voiced], 0.85))
    middle = float(np.median(part[voiced]))
    if abs(middle - round(middle)) > BETWEEN and DRAGGED[0] < top_pitch - middle < DRAGGED[1]:
        found = round(top_pitch)
    top = float(loudness[voiced].max())
    sounding = np.flatnonzero(voiced & (loudness >= FALL * top))
    end = first + int(sounding[-1]) + 1
    if end - first < MIN_HOPS:
        return None
    return HeardNote(
        first, end, found, top, float(votes[min(found, len(votes) - 1)] / max(votes.sum(), 1e-12))
    )


def _lifted(note: HeardNote, mono: NDArray[np.float32]) -> HeardNote:
    """The note in the octave of its lowest partial: the inharmonic partials of bells repeat together
    only every second or eighth period, and nothing sounds at that pitch."""
    part = mono[note.start * HOP : min(note.end, note.start + PARTIAL_HOPS) * HOP]
    size = 1 << 15
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), size))
    bin_of = pitch_to_hz(note.pitch) * size / STEM_SAMPLE_RATE
    partials = np.array([_near(spectrum, bin_of * number) for number in range(1, 9)])
    lowest = int(np.argmax(partials >= PARTIAL_SHARE * partials.max())) + 1
    return note._replace(pitch=note.pitch + 12 * int(np.log2(lowest))) if lowest in (2, 4, 8) else note


def _without_echoes(notes: list[HeardNote]) -> list[HeardNote]:
    """Without notes that a louder one of their pitch, not long before, explains as its delay."""
    found: list[HeardNote] = []
    for note in notes:
        sources = (old for old in found if old.pitch == note.pitch and note.start - old.start < ECHO_HOPS)
        if not any(note.level < ECHO_SHARE * old.level for old in sources):
            found.append(note)
    return found


def _near(spectrum: NDArray[np.float64], place: float) -> float:
    """The highest level within a third of a semitone."""
    return float(spectrum[int(place * 0.98) : int(place * 1.02) + 2].max(initial=0.0))


def _joined(notes: list[HeardNote], struck: set[int]) -> list[HeardNote]:
    """Without the gaps that a flicker of the pitch tears into one note; levels against the loudest."""
    found: list[HeardNote] = []
    for note in notes:
        last = found[-1] if found else None
        if last and last.pitch == note.pitch and note.start - last.end <= 3 and note.start not in struck:
            found[-1] = last._replace(end=note.end, level=max(last.level, note.level))
        else:
            found.append(note)
    top = max((note.level for note in found), default=1.0)
    return [note._replace(level=note.level / top) for note in found]
