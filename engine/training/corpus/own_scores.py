"""What the stems of a part play, written down: strokes of drums, notes of single voices, notes of chords."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.audio.mono import mono_of
from engine.context.harmony import SINGLE_VOICES, chords_of, hear_harmony
from engine.context.heard_score import heard_score, slots_of
from engine.context.rhythm import HOP, drum_onsets_of, onset_peaks, onset_strength
from engine.context.tones import note_levels, pitch_classes_of
from engine.context.transcribe import HeardNote, notes_of
from engine.music.grid import grid_of
from engine.music.key import Key, Signature
from engine.music.score import Chord, Score

MOST_VOICES = 8
VOICE_SHARE, VOICE_FLOOR = 0.2, 0.06  # of the slice's loudest note, of the loudest of all
STRUCK_AGAIN = 1.4  # how much louder a note that goes on must be, to be a new one
SURE_CHORDS = 0.2


@dataclass(frozen=True)
class PartFrame:
    """What all scores of a part share. A key that was not heard is the set's usual one."""

    tempo_bpm: float
    key: Key
    signature: Signature
    bars: int
    chords: tuple[Chord, ...] = ()

    @property
    def slots(self) -> int:
        return self.bars * slots_of(self.signature)


def score_heard(audio: NDArray[np.float32], role: str, frame: PartFrame) -> Score:
    """The score of a stem [N, C=2], exactly the part's bars long."""
    mono = mono_of(audio)
    strength = onset_strength(mono)
    if role == "drums":
        onsets = drum_onsets_of(mono, strength, frame.tempo_bpm)
        return heard_score(role, frame.tempo_bpm, frame.key, frame.signature, frame.bars, (), (), onsets)
    notes = notes_of(mono, strength, role) if role in SINGLE_VOICES else chord_notes(mono, strength, frame)
    return heard_score(
        role, frame.tempo_bpm, frame.key, frame.signature, frame.bars, frame.chords, notes
    )  # fmt: skip


def chord_notes(
    mono: NDArray[np.float32], strength: NDArray[np.float64], frame: PartFrame
) -> list[HeardNote]:
    """The notes of several voices at once, begun on sixteenths or on the stroke beside one."""
    slices = frame.bars * grid_of(frame.signature).steps
    levels = note_levels(mono, slices)  # [slice, pitch]
    top = levels.max(initial=0.0)
    if top <= 0.0:
        return []
    levels = levels / top
    sounding = levels >= np.maximum(VOICE_SHARE * levels.max(axis=1, keepdims=True), VOICE_FLOOR)
    ranks = np.argsort(np.argsort(-levels, axis=1), axis=1)
    sounding &= ranks < MOST_VOICES
    hops = len(mono) / HOP / slices
    struck = [hop for hop, _ in onset_peaks(strength)]
    notes = [
        _note(int(pitch), first, after, levels, hops, struck)
        for pitch in np.flatnonzero(sounding.any(axis=0))
        for first, after in _runs(sounding[:, pitch], levels[:, pitch])
    ]
    return sorted(note for note in notes if note.end > note.start)


def key_and_chords(
    pitched: Mapping[int, NDArray[np.float32]], frames: Mapping[int, PartFrame], named: Key | None
) -> tuple[Key | None, float, dict[int, tuple[Chord, ...]], float]:
    """(key of the song, how sure, chords of each part, how sure) of its parts' pitched stems mixed, [N, C=2].

    The key is heard in all parts together, the chords of each in that key. No key, no chords.
    """
    if not pitched:
        return named, 1.0 if named else 0.0, {}, 0.0
    weights = {part: pitch_classes_of(mono_of(audio), frames[part].slots) for part, audio in pitched.items()}
    frame = next(iter(frames.values()))
    every, lowest = (np.concatenate([pair[side] for pair in weights.values()]) for side in (0, 1))
    slots = slots_of(frame.signature)
    bar_beats = frame.signature.bar_beats
    key, sure, _, _ = hear_harmony(every, lowest, frame.key, bar_beats, slots, "harmony", named)
    if key is None:
        return None, 0.0, {}, 0.0
    found = {
        part: chords_of(heard, low, key, bar_beats, slots, "harmony")
        for part, (heard, low) in weights.items()
    }
    chords = {part: row if part_sure >= SURE_CHORDS else () for part, (row, part_sure) in found.items()}
    return key, sure, chords, float(np.mean([part_sure for _, part_sure in found.values()]))


def _runs(sounding: NDArray[np.bool_], level: NDArray[np.float64]) -> list[tuple[int, int]]:
    """(first, after) slices of each note of one pitch."""
    before = np.roll(level, 1)
    before[0] = 0.0
    begins = sounding & (~np.roll(sounding, 1) | (level > STRUCK_AGAIN * before))
    begins[0] = sounding[0]
    ends = np.append(np.flatnonzero(~sounding), len(sounding))
    starts = np.flatnonzero(begins)
    after = [min([ends[ends > start][0], *starts[starts > start][:1]]) for start in starts]
    return list(zip(starts.tolist(), [int(end) for end in after], strict=True))


def _note(
    pitch: int, first: int, after: int, levels: NDArray[np.float64], hops: float, struck: list[int]
) -> HeardNote:
    start = first * hops
    near = [hop for hop in struck if abs(hop - start) <= hops / 2]
    begins = min(near, key=lambda hop: abs(hop - start)) if near else round(start)
    level = float(levels[first:after, pitch].max())
    return HeardNote(int(begins), round(after * hops), int(pitch), level, 1.0)
