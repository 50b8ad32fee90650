"""What was heard, written down as a score, so that the others hear it exactly like one of ours."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.context.rhythm import HOPS_PER_SECOND
from engine.context.track_context import Onset
from engine.context.transcribe import HeardNote
from engine.music.grid import STEP_BEATS, grid_of
from engine.music.key import Key, Signature
from engine.music.score import DRUM_VOICES, Chord, Hit, Note, Score
from engine.units import beats_to_seconds, seconds_to_beats

GENRE = "import"
PALETTES = {"drums": "909", "bass": "pluck_bass", "harmony": "rhodes", "melody": "keys"}
MAX_OFFSET_MS = 45.0
SLOTS_A_BAR = 2  # chords change at half bars where the bar has a half
Span = tuple[float, float, int]  # start and end in beats, pitch


def slots_of(signature: Signature) -> int:
    """How many chords a bar may hold: two, where half of it is a beat."""
    grid = grid_of(signature)
    return SLOTS_A_BAR if grid.steps % 2 == 0 and grid.steps // 2 in grid.beat_starts else 1


def heard_score(
    track: str, tempo_bpm: float, key: Key, signature: Signature, bars: int,
    chords: tuple[Chord, ...] = (), notes: Iterable[HeardNote] = (), onsets: Iterable[Onset] = (),
) -> Score:  # fmt: skip
    """A valid score: notes of a single voice, or hits where the onsets name drum voices."""
    length_beats = bars * signature.bar_beats
    written = [_note(note, tempo_bpm, length_beats) for note in notes]
    hits = [_hit(onset, tempo_bpm, length_beats) for onset in onsets if onset.voice in DRUM_VOICES]
    return Score(
        track=track, tempo_bpm=tempo_bpm, key=key, signature=signature, bars=bars, genre=GENRE,
        palette=PALETTES.get(track, "keys"), chords=chords,
        notes=tuple(note for note in written if note is not None),
        hits=tuple(hit for hit in hits if hit is not None),
    ).validate()  # fmt: skip


def spans_of(notes: Iterable[HeardNote], tempo_bpm: float) -> list[Span]:
    return [(_beat(note.start, tempo_bpm), _beat(note.end, tempo_bpm), note.pitch) for note in notes]


def note_weights(
    spans: Iterable[Span], slot_beats: float, slots: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Beats that each pitch class sounds, [slot, 12]: of all notes, and of each slot's lowest."""
    weights, lowest = np.zeros((slots, 12)), np.zeros((slots, 12))
    bottom = np.full(slots, 128)
    for start, end, pitch in spans:
        for slot in range(int(start // slot_beats), min(slots, int(np.ceil(end / slot_beats)))):
            beats = min(end, (slot + 1) * slot_beats) - max(start, slot * slot_beats)
            weights[slot, pitch % 12] += max(beats, 0.0)
            if pitch < bottom[slot]:
                bottom[slot] = pitch
                lowest[slot] = 0.0
                lowest[slot, pitch % 12] = 1.0
    return weights, lowest


def _beat(hop: int, tempo_bpm: float) -> float:
    return seconds_to_beats(hop / HOPS_PER_SECOND, tempo_bpm)


def _placed(beat: float, tempo_bpm: float) -> tuple[float, float]:
    """(start, offset in ms): on the nearest sixteenth with what is left as micro-timing, where it is near."""
    step = round(beat / STEP_BEATS) * STEP_BEATS
    late_ms = beats_to_seconds(beat - step, tempo_bpm) * 1000.0
    return (step, round(late_ms, 2)) if abs(late_ms) <= MAX_OFFSET_MS else (beat, 0.0)


def _inside(beat: float, tempo_bpm: float, length_beats: float) -> tuple[float, float] | None:
    if beat >= length_beats:
        return None
    start, offset_ms = _placed(beat, tempo_bpm)
    return (start, offset_ms) if start < length_beats else (beat, 0.0)


def _note(note: HeardNote, tempo_bpm: float, length_beats: float) -> Note | None:
    beat = _beat(note.start, tempo_bpm)
    place = _inside(beat, tempo_bpm, length_beats)
    if place is None:
        return None
    start, offset_ms = place
    length = min(_beat(note.end, tempo_bpm) - beat, length_beats - start)
    return Note(start, max(length, 1e-3), note.pitch, _velocity(note.level), offset_ms)


def _hit(onset: Onset, tempo_bpm: float, length_beats: float) -> Hit | None:
    place = _inside(onset.beat, tempo_bpm, length_beats)
    return Hit(place[0], onset.voice, _velocity(onset.strength), place[1]) if place else None


def _velocity(share: float) -> int:
    """MIDI's from a share of the loudest: 20 dB below it is still a third."""
    return int(np.clip(round(25 + 95 * share), 1, 127))
