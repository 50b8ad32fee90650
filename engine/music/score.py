"""A score: bars of notes or drum hits that preview, stem and MIDI file are all made from.

Positions are in beats (quarter notes) from the start of the loop; micro-timing is apart, in
milliseconds, so that a score re-rendered at another tempo keeps its feel:

    start_beats  0        1        2        3        4
                 |x  x    |x       |x   x   |x       |     offset_ms: the small push or pull of each x
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from engine.errors import EngineError
from engine.music.key import Key, Signature
from engine.units import MAX_BARS, MAX_TEMPO_BPM, MIN_BARS, MIN_TEMPO_BPM, beats_to_samples, beats_to_seconds

# Voice -> General MIDI percussion note.
DRUM_VOICES = {
    "kick": 36, "rim": 37, "snare": 38, "clap": 39, "low_tom": 41, "closed_hat": 42, "mid_tom": 47,
    "open_hat": 46, "high_tom": 50, "crash": 49, "ride": 51, "shaker": 70, "cowbell": 56, "conga": 63,
    "pedal_hat": 44, "tambourine": 54, "clave": 75, "bongo": 60,
}  # fmt: skip
ARTICULATIONS = ("normal", "staccato", "legato", "accent", "ghost")
CURVES = ("energy", "filter", "duck")  # all 0..1 over the loop; duck: how far the track gives way, 1 = silent
SECTIONS = ("intro", "verse", "build", "drop", "break", "chorus", "main", "outro")


@dataclass(frozen=True, slots=True)
class Note:
    """One pitched note. `slide`: its pitch glides from the note before it."""

    start_beats: float
    length_beats: float
    pitch: int  # MIDI note number
    velocity: int  # 1..127
    offset_ms: float = 0.0
    articulation: str = "normal"
    slide: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """One drum hit of a voice of `DRUM_VOICES`."""

    start_beats: float
    voice: str
    velocity: int  # 1..127
    offset_ms: float = 0.0


@dataclass(frozen=True)
class Chord:
    """A chord sounding from `start_beats`: `pitch_classes[0]` is its root."""

    start_beats: float
    length_beats: float
    symbol: str
    pitch_classes: tuple[int, ...]


@dataclass(frozen=True)
class Curve:
    """A control curve: points (beat, value 0..1), linear between them, first point at beat 0."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the loop with a job of its own: a name of `SECTIONS`, and how hard the band plays there."""

    name: str
    start_bar: int
    bars: int
    energy: float = 0.5  # 0..1


@dataclass(frozen=True)
class Score:
    """What one track plays over the whole loop. Drums use `hits`, the pitched tracks `notes`."""

    track: str
    tempo_bpm: float
    key: Key
    signature: Signature
    bars: int
    genre: str
    palette: str  # the instrument that plays it, a name of engine.instruments
    notes: tuple[Note, ...] = ()
    hits: tuple[Hit, ...] = ()
    chords: tuple[Chord, ...] = ()
    curves: tuple[Curve, ...] = ()
    settings: dict[str, float] = field(default_factory=dict)  # brightness, energy, glide, drive … 0..1
    sections: tuple[Section, ...] = ()  # in order and without gaps; empty: one section, the whole loop

    @property
    def length_beats(self) -> float:
        return self.bars * self.signature.bar_beats

    @property
    def length_samples(self) -> int:
        return beats_to_samples(self.length_beats, self.tempo_bpm)

    @property
    def length_seconds(self) -> float:
        return beats_to_seconds(self.length_beats, self.tempo_bpm)

    def validate(self) -> Score:
        """Self, or an AssertionError naming the first broken law (a composer's defect, not a user's)."""
        assert MIN_TEMPO_BPM <= self.tempo_bpm <= MAX_TEMPO_BPM, self.tempo_bpm
        assert MIN_BARS <= self.bars <= MAX_BARS, self.bars
        items: tuple[Note | Hit, ...] = (*self.notes, *self.hits)
        for item in items:
            assert 0.0 <= item.start_beats < self.length_beats, item
            assert 1 <= item.velocity <= 127 and abs(item.offset_ms) <= 60.0, item
        for note in self.notes:
            assert 0 <= note.pitch <= 127 and note.length_beats > 0.0, note
            assert note.start_beats + note.length_beats <= self.length_beats + 1e-9, note
            assert note.articulation in ARTICULATIONS, note
        for hit in self.hits:
            assert hit.voice in DRUM_VOICES, hit
        for curve in self.curves:
            assert curve.name in CURVES and curve.points and curve.points[0][0] == 0.0, curve
            assert all(0.0 <= value <= 1.0 for _, value in curve.points), curve
        place = 0
        for section in self.sections:
            assert section.name in SECTIONS and section.bars > 0 and section.start_bar == place, section
            place += section.bars
        assert place in (0, self.bars), self.sections
        return self

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Score:
        """The inverse of `to_json`; EngineError `file` where the text is not a score."""
        try:
            data: dict[str, Any] = json.loads(text)
            data["key"] = Key(**data["key"])
            data["signature"] = Signature(**data["signature"])
            data["notes"] = tuple(Note(**note) for note in data["notes"])
            data["hits"] = tuple(Hit(**hit) for hit in data["hits"])
            data["chords"] = tuple(
                Chord(**{**chord, "pitch_classes": tuple(chord["pitch_classes"])}) for chord in data["chords"]
            )
            data["curves"] = tuple(
                Curve(curve["name"], tuple((beat, value) for beat, value in curve["points"]))
                for curve in data["curves"]
            )
            data["sections"] = tuple(Section(**section) for section in data.get("sections", ()))
            return cls(**data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EngineError("file", f"not a score: {error}") from error
