"""The notes of a score in samples of its loop, as they are played live: where the instruments begin them.

0                                                     N
|--A--|--B--|----C----|                         |--D--|--      D ends in the loop's next turn
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.audio.midi_file import STACCATO_SHARE
from engine.instruments.gestures import LEGATO_OVERLAP_SAMPLES, MIN_GATE_SAMPLES
from engine.music.score import DRUM_VOICES, Hit, Note, Score
from engine.units import beats_to_samples, ms_to_samples

HIT_BEATS = 0.125


@dataclass(frozen=True, slots=True)
class Played:
    """One note: 0 <= start < N, 1 <= gate <= N samples. `from_pitch`: where it slides from."""

    start: int
    gate: int
    pitch: int
    velocity: int
    is_hit: bool = False
    from_pitch: int | None = None


def played_notes(score: Score) -> list[Played]:
    """What sounds, by start, slides after the others. A pitch struck again ends its earlier note."""
    by_pitch: dict[int, list[Played]] = defaultdict(list)
    for note in (*(_hit(score, hit) for hit in score.hits), *_pitched(score)):
        by_pitch[note.pitch].append(note)
    kept = [note for same in by_pitch.values() for note in _in_turn(same, score.length_samples)]
    return sorted(kept, key=lambda note: (note.start, note.from_pitch is not None, note.pitch))


def _onset(score: Score, item: Hit | Note) -> int:
    """The sample on which the instruments begin it: what is pushed before the loop lies at its end."""
    start = beats_to_samples(item.start_beats, score.tempo_bpm) + ms_to_samples(item.offset_ms)
    return start % score.length_samples


def _hit(score: Score, hit: Hit) -> Played:
    gate = min(beats_to_samples(HIT_BEATS, score.tempo_bpm), score.length_samples)
    return Played(_onset(score, hit), gate, DRUM_VOICES[hit.voice], hit.velocity, is_hit=True)


def _pitched(score: Score) -> list[Played]:
    """Who slides is struck before the note it comes from ends: a synth of one voice goes over unbroken."""
    notes = sorted(score.notes, key=lambda note: (note.start_beats, note.pitch))
    made = [
        Played(
            _onset(score, note), _gate(score, note), note.pitch, note.velocity,
            from_pitch=before.pitch if note.slide and before is not None else None,
        )
        for before, note in zip([None, *notes], notes, strict=False)
    ]  # fmt: skip
    for place, (note, following) in enumerate(pairwise(made)):
        gap = (following.start - note.start) % score.length_samples
        if following.from_pitch is not None and note.gate >= gap:
            made[place] = replace(note, gate=min(gap + LEGATO_OVERLAP_SAMPLES, score.length_samples))
    return made


def _gate(score: Score, note: Note) -> int:
    start = beats_to_samples(note.start_beats, score.tempo_bpm)
    gate = beats_to_samples(note.start_beats + note.length_beats, score.tempo_bpm) - start
    if note.articulation == "staccato":
        gate = int(gate * STACCATO_SHARE)
    elif note.articulation == "legato":
        gate += LEGATO_OVERLAP_SAMPLES
    return min(max(gate, MIN_GATE_SAMPLES), score.length_samples)


def _in_turn(same: Iterable[Played], length: int) -> Iterable[Played]:
    """Notes of one pitch: each ends where the next begins, the last one where the first does again.

    Of two that start together the longer stays.
    """
    longest = {note.start: note for note in sorted(same, key=lambda note: note.gate)}
    starts = sorted(longest)
    for start, following in zip(starts, [*starts[1:], starts[0] + length], strict=True):
        yield replace(longest[start], gate=min(longest[start].gate, following - start))
