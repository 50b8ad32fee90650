"""Notes written for some chords, fitted to others: what was a chord's tone becomes a tone of the new chord.

old chord  A C E G   ->   new chord  F A C E
old note     C (2nd)  ->            A (2nd), the nearest one to where the note lay
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.music.key import Key
from engine.music.plan import Harmony
from engine.music.score import Chord, Note, Score
from engine.music.theory import (
    FLAT_PITCH_CLASSES,
    PITCH_CLASSES,
    SYMBOL_PATTERN,
    nearest_of,
    nearest_pitch,
    uses_flats,
)


def in_key(score: Score, key: Key) -> Score:
    """The score transposed to another key, by the shorter way, where the keys are of one mode."""
    if score.key.mode != key.mode or not score.notes:
        return score
    return shifted(score, (key.tonic - score.key.tonic + 5) % 12 - 5, key)


def shifted(score: Score, semitones: int, key: Key) -> Score:
    """Notes and chords `semitones` higher."""
    if not semitones:
        return score
    return replace(
        score,
        key=key,
        notes=tuple(replace(note, pitch=_inside(note.pitch + semitones)) for note in score.notes),
        chords=tuple(_shifted_chord(chord, semitones, key) for chord in score.chords),
    )


def _inside(pitch: int) -> int:
    return pitch - 12 if pitch > 127 else pitch + 12 if pitch < 0 else pitch


def _shifted_chord(chord: Chord, semitones: int, key: Key) -> Chord:
    classes = tuple((pitch_class + semitones) % 12 for pitch_class in chord.pitch_classes)
    match = SYMBOL_PATTERN.fullmatch(chord.symbol)
    names = FLAT_PITCH_CLASSES if uses_flats(key) else PITCH_CLASSES
    symbol = names[classes[0]] + match.group(3) if match and classes else chord.symbol
    return replace(chord, symbol=symbol, pitch_classes=classes)


def conformed(old: Score, new: Score) -> Score:
    """`old` over the chords and key of `new`; the same score where they agree."""
    if not old.notes or not new.chords:
        return old
    before, after = Harmony(old.chords or new.chords), Harmony(new.chords)
    if _agree(before, after) and old.key == new.key:
        return old
    fit = _fitting(before, after, new.key)
    notes = tuple(replace(note, pitch=fit(note)) for note in old.notes)
    return replace(old, key=new.key, chords=new.chords, notes=_distinct(notes))


def _agree(before: Harmony, after: Harmony) -> bool:
    return [(c.start_beats, c.pitch_classes) for c in before.chords] == [
        (c.start_beats, c.pitch_classes) for c in after.chords
    ]


def _fitting(before: Harmony, after: Harmony, key: Key) -> Callable[[Note], int]:
    def fit(note: Note) -> int:
        old, new = before.at(note.start_beats).pitch_classes, after.at(note.start_beats).pitch_classes
        pitch_class = note.pitch % 12
        if old == new and pitch_class in (*new, *key.scale):
            return note.pitch
        if pitch_class in old:
            return nearest_pitch(new[min(old.index(pitch_class), len(new) - 1)], note.pitch)
        return note.pitch if pitch_class in key.scale else nearest_of(key.scale, note.pitch)

    return fit


def _distinct(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """Two voices of a chord that met on one pitch are one note."""
    found: dict[tuple[float, int], Note] = {}
    for note in notes:
        found.setdefault((note.start_beats, note.pitch), note)
    return tuple(found.values())
