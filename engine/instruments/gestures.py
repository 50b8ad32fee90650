"""Notes of a score to gestures: what a voice plays in one breath.

notes      |--A--|--B (slide)--|   |--C--|
mono       |======A~~~>B=======|   |==C==|      one envelope, the pitch glides
poly       |==A==|A~>B=========|   |==C==|      each note its own, B begins at A's pitch

A legato note of a mono voice goes over into the next as a slide does, only at once: the finger moves,
the string is not struck again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.music.score import Note, Score
from engine.units import beats_to_samples, ms_to_samples

TOUCHING_BEATS = 0.03
MIN_GATE_SAMPLES = ms_to_samples(10.0)
STACCATO_SHARE = 0.5
LEGATO_OVERLAP_SAMPLES = ms_to_samples(25.0)


@dataclass(frozen=True)
class Gesture:
    """`starts` (samples from `start`) and `pitches` are its targets in turn; `index` counts gestures.

    `sliding`: which targets are glided to; the others are reached at once.
    """

    index: int
    start: int
    gate_samples: int
    starts: tuple[int, ...]
    pitches: tuple[float, ...]
    sliding: tuple[bool, ...]
    from_pitch: float
    velocity: int
    articulation: str


def fold_pitch(pitch: int, low: int, high: int) -> int:
    """The pitch moved by octaves into low..high (at least an octave wide)."""
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return pitch


def gestures(score: Score, mono: bool, low: int, high: int, holds_samples: float = math.inf) -> list[Gesture]:
    """All gestures of the score in time order; a start may be negative (it wraps) or past other starts.

    `holds_samples`: how long a stroke carries a mono voice; what would be tied to it later is struck anew.
    """
    notes = sorted(score.notes, key=lambda note: (note.start_beats, note.pitch))
    made: list[Gesture] = []
    before: Note | None = None
    for note in notes:
        gesture = single(score, note, len(made), low, high)
        carried = bool(made) and gesture.start - made[-1].start <= holds_samples
        if before is not None and mono and carried and ties(before, note):
            made[-1] = tied(made[-1], gesture)
            before = note
            continue
        if note.slide and before is not None:
            gesture = replace(gesture, from_pitch=float(fold_pitch(before.pitch, low, high)))
        made.append(gesture)
        before = note
    return list(cut_short(made, score.length_samples)) if mono else made


def ties(before: Note, note: Note) -> bool:
    """Whether a mono voice goes from one to the other without a new attack."""
    gap = note.start_beats - (before.start_beats + before.length_beats)
    bound = note.slide or before.articulation == "legato"
    return bound and gap <= TOUCHING_BEATS and note.start_beats > before.start_beats


def single(score: Score, note: Note, index: int, low: int, high: int) -> Gesture:
    start = beats_to_samples(note.start_beats, score.tempo_bpm)
    end = beats_to_samples(note.start_beats + note.length_beats, score.tempo_bpm)
    gate = end - start
    if note.articulation == "staccato":
        gate = int(gate * STACCATO_SHARE)
    elif note.articulation == "legato":
        gate += LEGATO_OVERLAP_SAMPLES
    pitch = float(fold_pitch(note.pitch, low, high))
    return Gesture(
        index=index, start=start + ms_to_samples(note.offset_ms),
        gate_samples=max(gate, MIN_GATE_SAMPLES), starts=(0,), pitches=(pitch,), sliding=(note.slide,),
        from_pitch=pitch,
        velocity=note.velocity, articulation=note.articulation,
    )  # fmt: skip


def tied(first: Gesture, then: Gesture) -> Gesture:
    """`first` gliding on into `then`: one gesture."""
    at = max(then.start - first.start, first.starts[-1] + 1)
    return replace(
        first,
        gate_samples=max(first.gate_samples, at + then.gate_samples),
        starts=(*first.starts, at),
        pitches=(*first.pitches, *then.pitches),
        sliding=(*first.sliding, *then.sliding),
    )


def cut_short(made: list[Gesture], loop_samples: int) -> Iterable[Gesture]:
    """One voice only: each gesture's gate ends where the next begins, the last one's at the first."""
    for place, gesture in enumerate(made):
        following = made[place + 1].start if place + 1 < len(made) else made[0].start + loop_samples
        room = max(following - gesture.start, MIN_GATE_SAMPLES)
        yield replace(gesture, gate_samples=min(gesture.gate_samples, room))
