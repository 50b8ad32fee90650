"""Chords: symbols, pitch classes, and the chords of a key.

A chord is written in a genre's file as `degree[:shape]`, and stays inside the key whatever its mode:

    "6"  the triad on the sixth degree    "2:7" with its seventh    "5:sus4"    "1:9"    "1:5" root and fifth

or it leaves the key, with a quality of `CHORDS` after `!`:

    "5!7"  just this chord on the fifth degree    "b2!maj7"  on a lowered degree of the major scale
    "b7"   a plain major triad there              "5/2"      the dominant seventh of the second degree
"""

from __future__ import annotations

import re
from functools import lru_cache

from engine.errors import EngineError
from engine.music.key import FLAT_PITCH_CLASSES, LETTERS, MODES, PITCH_CLASSES, Key

# Suffix of a symbol -> semitones above the root, in the order third, fifth, seventh, ninth.
CHORDS: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7), "m": (0, 3, 7), "dim": (0, 3, 6), "aug": (0, 4, 8),
    "5": (0, 7), "sus2": (0, 2, 7), "sus4": (0, 5, 7), "6": (0, 4, 7, 9), "m6": (0, 3, 7, 9),
    "maj7": (0, 4, 7, 11), "7": (0, 4, 7, 10), "m7": (0, 3, 7, 10), "m7b5": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9), "mM7": (0, 3, 7, 11), "maj7#5": (0, 4, 8, 11), "7#5": (0, 4, 8, 10),
    "add9": (0, 4, 7, 2), "madd9": (0, 3, 7, 2), "dimadd9": (0, 3, 6, 2), "augadd9": (0, 4, 8, 2),
    "maj9": (0, 4, 7, 11, 2), "9": (0, 4, 7, 10, 2), "m9": (0, 3, 7, 10, 2), "m9b5": (0, 3, 6, 10, 2),
    "dim9": (0, 3, 6, 9, 2), "mM9": (0, 3, 7, 11, 2), "maj9#5": (0, 4, 8, 11, 2), "9#5": (0, 4, 8, 10, 2),
}  # fmt: skip
SUFFIXES = {intervals: suffix for suffix, intervals in CHORDS.items()}

# Scale steps above the root, for each shape a genre's file may ask for.
SHAPES: dict[str, tuple[int, ...]] = {
    "": (0, 2, 4), "5": (0, 4), "sus2": (0, 1, 4), "sus4": (0, 3, 4),
    "7": (0, 2, 4, 6), "add9": (0, 2, 4, 1), "9": (0, 2, 4, 6, 1),
}  # fmt: skip
DEGREE_PATTERN = re.compile(
    r"(?P<sign>[b#]?)(?P<degree>[1-7])(?::(?P<shape>[^/]*)|!(?P<quality>[^/]*))?(?:/(?P<of>[1-7]))?"
)
SYMBOL_PATTERN = re.compile(r"([A-G])([#b♯♭]?)([^/]*)(?:/.*)?")


def parse_degree(text: str) -> tuple[int, str]:
    """`"6:7"` -> (5, "7"): scale step above the tonic, and shape; EngineError `range` for anything else.

    Chords that leave the key have shapes of their own: `"5!7"` -> (4, "!7"), `"b2"` -> (1, "b!"),
    `"5/2"` -> (1, "/7").
    """
    match = DEGREE_PATTERN.fullmatch(text)
    if match is None:
        raise _no_degree(text)
    sign, quality, of = match["sign"], match["quality"], match["of"]
    degree, shape = int(match["degree"]) - 1, match["shape"] or ""
    if quality is None and not sign and of is None and shape in SHAPES:
        return degree, shape
    if match["shape"] is not None or (quality or "") not in CHORDS or (of and (sign or degree != 4)):
        raise _no_degree(text)
    return (int(of) - 1, f"/{quality or '7'}") if of else (degree, f"{sign}!{quality or ''}")


def _no_degree(text: str) -> EngineError:
    shapes = ", ".join(repr(shape) for shape in SHAPES)
    return EngineError(
        "range",
        f"chord {text!r} is not a degree 1 to 7 with a shape of {shapes}, nor one like 5!7, b2!maj7 or 5/2",
    )


@lru_cache(maxsize=4096)
def diatonic_chord(key: Key, degree: int, shape: str = "") -> tuple[str, tuple[int, ...]]:
    """(symbol, pitch classes from the root up) of a chord of the key; degree and shape as of `parse_degree`.

    A ninth one semitone above its root grates in every genre here, so it is left out; a suspension that
    the key bends out of recognition (a tritone, a minor second) becomes the plain triad; a diminished
    chord gives way to the one a third below, which holds two of its notes (the tonic stays, and so does
    the second degree of a minor key with its seventh, the half-diminished of a cadence).
    """
    scale = key.scale
    root = scale[degree % 7]
    if shape not in SHAPES:
        return _chromatic_chord(key, degree % 7, shape)
    steps = SHAPES[shape]
    intervals = tuple((scale[(degree + step) % 7] - root) % 12 for step in steps)
    cadence = degree % 7 == 0 or (degree % 7 == 1 and key.is_minor and shape in ("7", "9"))
    if tuple((scale[(degree + step) % 7] - root) % 12 for step in (2, 4)) == (3, 6) and not cadence:
        return diatonic_chord(key, (degree - 2) % 7, shape)
    if len(intervals) > 3 and 1 in intervals:
        return diatonic_chord(key, degree, "7" if shape == "9" else "")
    if shape.startswith("sus") and intervals not in ((0, 2, 7), (0, 5, 7)):
        return diatonic_chord(key, degree)
    if shape == "5" and intervals != (0, 7):
        return diatonic_chord(key, degree)
    names = FLAT_PITCH_CLASSES if uses_flats(key) else PITCH_CLASSES
    return names[root] + SUFFIXES[intervals], tuple((root + interval) % 12 for interval in intervals)


def _chromatic_chord(key: Key, degree: int, shape: str) -> tuple[str, tuple[int, ...]]:
    """A chord that need not stay inside the key."""
    if shape.startswith("/"):
        root, sign, quality = (key.scale[degree] + 7) % 12, "", shape[1:]
    else:
        sign, quality = shape.split("!")
        moved = {"b": -1, "#": 1}.get(sign)
        plain = key.scale[degree] if moved is None else key.tonic + MODES["major"][degree] + moved
        root = plain % 12
    names = FLAT_PITCH_CLASSES if sign == "b" or (uses_flats(key) and sign != "#") else PITCH_CLASSES
    return names[root] + quality, tuple((root + interval) % 12 for interval in CHORDS[quality])


def uses_flats(key: Key) -> bool:
    """Whether the key's signature is written with flats: where its relative major is F, Bb, Eb, Ab or Db."""
    offsets = {
        "dorian": 10,
        "phrygian": 8,
        "lydian": 7,
        "mixolydian": 5,
        "minor": 3,
        "harmonic minor": 3,
        "locrian": 1,
    }
    return (key.tonic + offsets.get(key.mode, 0)) % 12 in (5, 10, 3, 8, 1)


def chord_pitch_classes(symbol: str) -> tuple[int, ...]:
    """`"F#m7"` -> (6, 9, 1, 4), root first; EngineError `range` where the symbol is unknown."""
    match = SYMBOL_PATTERN.fullmatch(symbol)
    if match is None or match.group(3) not in CHORDS:
        raise EngineError(
            "range", f"chord {symbol!r} is not known; write a root and one of {', '.join(CHORDS)}"
        )
    shift = {"#": 1, "♯": 1, "b": -1, "♭": -1}.get(match.group(2), 0)
    root = LETTERS[match.group(1)] + shift
    return tuple((root + interval) % 12 for interval in CHORDS[match.group(3)])


def nearest_pitch(pitch_class: int, target: float) -> int:
    """The MIDI note of this pitch class that lies nearest to `target` (the lower of two equals)."""
    low = int(target) - 6
    first = low + (pitch_class - low) % 12
    return min((first, first + 12), key=lambda pitch: (abs(pitch - target), pitch))


def nearest_of(pitch_classes: tuple[int, ...] | frozenset[int], target: float) -> int:
    """The MIDI note of any of these pitch classes that lies nearest to `target`."""
    return min(
        (nearest_pitch(pitch_class, target) for pitch_class in pitch_classes),
        key=lambda pitch: (abs(pitch - target), pitch),
    )


def fold(pitch: int, low: int, high: int) -> int:
    """`pitch` moved by octaves into low..high (at least an octave wide)."""
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return pitch


class Ladder:
    """The notes of a scale as rungs: `pitch(rung)` over all octaves, `rung(pitch)` its inverse."""

    def __init__(self, scale: tuple[int, ...]) -> None:
        self.classes = tuple(sorted(set(scale)))

    def pitch(self, rung: int) -> int:
        octave, index = divmod(rung, len(self.classes))
        return octave * 12 + self.classes[index]

    def rung(self, pitch: int) -> int:
        octave, pitch_class = divmod(pitch, 12)
        below = sum(1 for known in self.classes if known <= pitch_class)
        return octave * len(self.classes) + below - 1
