"""Keys and chords from weights of the twelve pitch classes, whether they were heard or written.

Keys: correlation with the profiles of Krumhansl and Kessler (1982, what listeners say) and of Temperley
(1999, what pieces hold) in equal parts: on our own stems they name an eighth more keys than the first
alone. Chords: cosine with templates, leaning towards the key and towards the lowest note as root.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.music.key import FLAT_PITCH_CLASSES, MODES, PITCH_CLASSES, Key
from engine.music.score import Chord
from engine.music.theory import CHORDS, uses_flats

KRUMHANSL = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
TEMPERLEY = {
    "major": (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0),
    "minor": (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0),
}
# Added to correlations of 0..1: relative keys lie about 0.1 apart, so these settle them and no more.
OPENING_BONUS = 0.1  # the first bar's lowest note is the tonic
FRAME_BONUS = 0.06  # the set is in this key already
MIN_KEY_CORRELATION = 0.35  # below it, no key: noise and drums reach 0.3

SINGLE_VOICES = ("bass", "melody")
TRIADS = ("", "m")
TEMPLATES = (*TRIADS, "dim", "sus4", "7", "m7", "maj7")
DIATONIC_BONUS, ROOT_BONUS, TRIAD_BONUS = 0.1, 0.15, 0.06


def key_of(
    weights: NDArray[np.float64], opening: NDArray[np.float64], frame_key: Key
) -> tuple[Key | None, float]:
    """The key and how well it fits (0..1), or (None, 0) where nothing does.

    weights, opening: [12], C first: of the whole loop, and of the lowest voice in its first bar.
    """
    if np.ptp(weights) < 1e-9:
        return None, 0.0
    evened = np.sqrt(weights)  # what is played often must not drown what makes the mode
    lowest = opening / opening.sum() if opening.sum() > 0 else opening
    candidates = [Key(tonic, mode) for mode in ("major", "minor") for tonic in range(12)] + [frame_key]
    correlation = {key: float(np.corrcoef(evened, _profile(key))[0, 1]) for key in candidates}
    best = max(
        correlation,
        key=lambda key: (
            correlation[key] + OPENING_BONUS * lowest[key.tonic] + FRAME_BONUS * (key == frame_key)
        ),
    )
    if correlation[best] < MIN_KEY_CORRELATION:
        return None, 0.0
    return best, min(1.0, correlation[best])


def chords_of(
    bars: NDArray[np.float64], lowest: NDArray[np.float64], key: Key, bar_beats: float, track: str
) -> tuple[Chord, ...]:
    """One chord a bar. bars, lowest: [bar, 12] weights of all notes and of the lowest voice.

    A single voice (bass, melody) is given plain triads: it implies a chord, it does not spell it.
    A silent bar goes on with the chord before it (the tonic's at the start).
    """
    names = FLAT_PITCH_CLASSES if uses_flats(key) else PITCH_CLASSES
    suffixes = TRIADS if track in SINGLE_VOICES else TEMPLATES
    shapes = [(root, suffix) for suffix in suffixes for root in range(12)]
    rows = np.zeros((len(shapes), 12))
    lean = np.zeros(len(shapes))
    for index, (root, suffix) in enumerate(shapes):
        classes = _classes(root, suffix)
        rows[index, list(classes)] = 1.0 / np.sqrt(len(classes))
        lean[index] = DIATONIC_BONUS * (set(classes) <= set(key.scale)) + TRIAD_BONUS * (suffix in TRIADS)
    roots = [root for root, _ in shapes]
    chords: list[Chord] = []
    root, suffix = key.tonic, "m" if key.is_minor else ""
    for index, (weights, low) in enumerate(zip(bars, lowest, strict=True)):
        if weights.sum() > 1e-9:
            strongest = low / max(low.max(), 1e-12)
            fit = rows @ weights / np.linalg.norm(weights) + lean + ROOT_BONUS * strongest[roots]
            root, suffix = shapes[int(np.argmax(fit))]
        symbol = names[root] + suffix
        chords.append(Chord(index * bar_beats, bar_beats, symbol, _classes(root, suffix)))
    return tuple(chords)


def _classes(root: int, suffix: str) -> tuple[int, ...]:
    return tuple((root + interval) % 12 for interval in CHORDS[suffix])


def _profile(key: Key) -> NDArray[np.float64]:
    """The profile of the nearest of major and minor, its degrees moved to where this mode has them."""
    base_mode = "minor" if key.is_minor else "major"
    both = [np.array(source[base_mode]) for source in (KRUMHANSL, TEMPERLEY)]
    profile = sum(((part - part.mean()) / part.std() for part in both), np.zeros(12))
    for ours, theirs in zip(MODES[key.mode], MODES[base_mode], strict=True):
        if ours != theirs:
            profile[[ours, theirs]] = profile[[theirs, ours]]
    return np.roll(profile, key.tonic)
