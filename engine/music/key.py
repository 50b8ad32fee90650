"""Keys and time signatures: the two words every score needs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.errors import EngineError

PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLAT_PITCH_CLASSES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

# Semitones above the tonic.
MODES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
}
SHORT = {
    "major": "", "minor": "m", "dorian": "dor", "phrygian": "phr", "lydian": "lyd",
    "mixolydian": "mix", "locrian": "loc", "harmonic minor": "hm",
}  # fmt: skip
MODE_WORDS = {
    **{mode: mode for mode in MODES},
    **{short: mode for mode, short in SHORT.items() if short},
    "": "major", "maj": "major", "dur": "major", "ionian": "major", "min": "minor", "moll": "minor",
    "aeolian": "minor", "natural minor": "minor", "harm": "harmonic minor",
}  # fmt: skip
KEY_PATTERN = re.compile(r"\s*([A-Ga-g])\s*([#b♯♭]|sharp|flat)?\s*[- ]?\s*([A-Za-z ]*?)\s*")


@dataclass(frozen=True)
class Key:
    """A tonic (pitch class 0..11, C = 0) and a mode of `MODES`."""

    tonic: int = 9
    mode: str = "minor"

    def __post_init__(self) -> None:
        assert 0 <= self.tonic < 12 and self.mode in MODES

    @classmethod
    def parse(cls, text: str) -> Key:
        """`Am`, `F# minor`, `Bb`, `D dorian`, `c# moll`; EngineError `range` for anything else."""
        match = KEY_PATTERN.fullmatch(text)
        word = match.group(3).strip() if match else "?"
        # "M" alone is major, "m" minor: the only place where case tells.
        mode = "major" if word == "M" else "minor" if word == "m" else MODE_WORDS.get(word.lower())
        if match is None or mode is None:
            raise EngineError(
                "range", f"key {text!r} is not a key; write a note and a mode: Am, F# minor, Bb, D dorian"
            )
        shift = {"#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}.get(match.group(2) or "", 0)
        return cls((LETTERS[match.group(1).upper()] + shift) % 12, mode)

    @property
    def name(self) -> str:
        """Short form for file names and OSC: `Am`, `F#m`, `C`, `Ddor`."""
        return PITCH_CLASSES[self.tonic] + SHORT[self.mode]

    @property
    def scale(self) -> tuple[int, ...]:
        """Pitch classes of the scale, from the tonic upward."""
        return tuple((self.tonic + step) % 12 for step in MODES[self.mode])

    @property
    def is_minor(self) -> bool:
        return MODES[self.mode][2] == 3


@dataclass(frozen=True)
class Signature:
    """Time signature: `beats` of a 1/`unit` note in a bar (7/8 is beats 7, unit 8)."""

    beats: int = 4
    unit: int = 4

    def __post_init__(self) -> None:
        if self.unit not in (1, 2, 4, 8, 16) or not 1 <= self.beats <= 32:
            raise EngineError(
                "range",
                f"signature {self.beats}/{self.unit} is not allowed: 1 to 32 beats of unit 1, 2, 4, 8 or 16",
            )

    @property
    def bar_beats(self) -> float:
        """Length of a bar in quarter notes."""
        return self.beats * 4.0 / self.unit

    @property
    def name(self) -> str:
        return f"{self.beats}/{self.unit}"
