"""A score as the notes of a DAWproject timeline, in beats; slides as pitch expression of their note."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from engine.audio.midi_file import TICKS_PER_BEAT, Sounding, sounding_notes
from engine.dawproject.numbers import plain
from engine.music.score import Score
from engine.units import beats_to_seconds, seconds_to_beats

GLIDE_S = 0.06  # what CC 5 of our MIDI files comes to on most synths
MAX_GLIDE_SEMITONES = 24  # as far as a note's pitch expression reaches in Bitwig


def add_notes(parent: Element, score: Score, identity: str) -> None:
    """`<Notes>` of the whole loop under `parent`."""
    notes = SubElement(parent, "Notes", {"id": identity})
    sounding = sounding_notes(score)
    for index, (start, stop, pitch, velocity, slide) in enumerate(sounding):
        note = SubElement(
            notes, "Note",
            {
                "time": plain(start / TICKS_PER_BEAT), "duration": plain((stop - start) / TICKS_PER_BEAT),
                "channel": "0", "key": str(pitch), "vel": plain(velocity / 127),
            },
        )  # fmt: skip
        distance = _before(sounding, index) - pitch
        if slide and distance:
            _glide(note, distance, min(GLIDE_S, _seconds(stop - start, score)), score.tempo_bpm)


def _before(sounding: list[Sounding], index: int) -> int:
    """The pitch that a slide comes from: the note that started last before it, round the loop."""
    start = sounding[index][0]
    earlier = [note for note in sounding if note[0] < start] or sounding
    return earlier[-1][2]


def _seconds(ticks: int, score: Score) -> float:
    return beats_to_seconds(ticks / TICKS_PER_BEAT, score.tempo_bpm)


def _glide(note: Element, semitones: int, length_s: float, tempo_bpm: float) -> None:
    reach = max(-MAX_GLIDE_SEMITONES, min(MAX_GLIDE_SEMITONES, semitones))
    points = SubElement(note, "Points", {"unit": "semitones"})
    SubElement(points, "Target", {"expression": "transpose"})
    for time, value in ((0.0, float(reach)), (seconds_to_beats(length_s, tempo_bpm), 0.0)):
        SubElement(
            points, "RealPoint", {"time": plain(time), "value": plain(value), "interpolation": "linear"}
        )
