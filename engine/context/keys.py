"""Which key: what speaks for each of the 24, weighed by what told right from wrong on known music.

A profile alone cannot tell a key from its relatives, which hold the same notes. What does is which chord
comes first and lasts, how strict the scale is, and that loops are in the minor more often than not:

    evidence [24, thing] @ weights [thing]  ->  log-odds  ->  probability of each key (softmax)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.music.key import Key
from engine.music.score import Chord

# C. L. Krumhansl and E. J. Kessler (1982): how well listeners find each degree to fit.
PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
MIN_KEY_CORRELATION = 0.35  # below it, no key: noise and drums reach 0.3
KEYS = tuple(Key(tonic, mode) for mode in ("major", "minor") for tonic in range(12))
SCALES_OF_A_THIRD = {
    "major": ("major", "mixolydian", "lydian"),
    "minor": ("minor", "dorian", "phrygian", "harmonic minor"),
}
# Log-odds of each thing by what is heard: the likeliest on half of our genres and half of a shelf of MIDI
# songs, the other halves held out. A raised seventh, long notes, last notes and Temperley's profile were
# tried beside them and told nothing more.
LISTENED = ("harmony", "bass", "melody")
LOG_ODDS = {
    "profile": (5.6, 3.5, 4.3),
    "in_scale": (20.7, 6.3, 2.7),
    "in_a_mode": (2.1, 5.9, 3.3),
    "opening": (0.0, 0.7, 0.0),
    "closing": (0.0, 0.0, 0.4),
    "tonic_chord": (0.1, 3.3, 0.0),
    "first_chord": (2.1, 1.8, 0.4),
    "dominant_chord": (0.2, 2.3, 0.8),
    "minor": (1.9, 1.4, 1.3),
}
FRAME_LOG_ODDS = 0.7  # the set is in this key already: twice as likely


def fits_of(total: NDArray[np.float64]) -> NDArray[np.float64]:
    """[24] correlation of pitch-class weights [12] with the profile of each of `KEYS`."""
    evened = np.sqrt(total)  # what is played often must not drown what makes the mode
    if np.ptp(evened) < 1e-9:
        return np.zeros(len(KEYS))
    return np.array([np.corrcoef(evened, np.roll(PROFILES[key.mode], key.tonic))[0, 1] for key in KEYS])


def chances_of(
    weights: NDArray[np.float64], lowest: NDArray[np.float64], chords: Sequence[tuple[Chord, ...]],
    slots_a_bar: int, track: str, frame_key: Key,
) -> NDArray[np.float64]:  # fmt: skip
    """[24] how likely each of `KEYS` is; sum 1.

    weights, lowest: [slot, 12] of all notes and of the lowest voice; chords: [24] as heard in each key.
    """
    listened = LISTENED.index(track) if track in LISTENED else 0
    odds = evidence(weights, lowest, chords, slots_a_bar) @ [row[listened] for row in LOG_ODDS.values()]
    odds += [FRAME_LOG_ODDS * _is_alike(key, frame_key) for key in KEYS]
    shares = np.exp(odds - odds.max())
    return shares / shares.sum()


def evidence(
    weights: NDArray[np.float64], lowest: NDArray[np.float64], chords: Sequence[tuple[Chord, ...]],
    slots_a_bar: int,
) -> NDArray[np.float64]:  # fmt: skip
    """[24, thing] what speaks for each of `KEYS`, 0..1, in the order of `LOG_ODDS`."""
    total = weights.sum(axis=0)
    spread = _shares(np.sqrt(total))
    sounding = np.flatnonzero(lowest.sum(axis=1) > 0)
    opening = _shares(lowest[:slots_a_bar].sum(axis=0))
    closing = _shares(lowest[sounding[-1]]) if len(sounding) else np.zeros(12)
    found = []
    for key, fit, heard in zip(KEYS, fits_of(total), chords, strict=True):
        scale = {*key.scale, (key.tonic - 1) % 12} if key.is_minor else set(key.scale)
        modes = [Key(key.tonic, mode).scale for mode in SCALES_OF_A_THIRD[key.mode]]
        found.append((
            fit, spread[list(scale)].sum() * 7 / len(scale),
            max(spread[list(mode)].sum() for mode in modes),
            opening[key.tonic], closing[key.tonic], *_of_chords(key, heard), float(key.is_minor),
        ))  # fmt: skip
    return np.array(found)


def frame_mode(found: Key, total: NDArray[np.float64], frame_key: Key) -> Key:
    """The set's own key where it differs only in a mode (dorian, ...) that holds as much of what sounds."""
    inside = [np.sqrt(total)[list(key.scale)].sum() for key in (frame_key, found)]
    return frame_key if _is_alike(found, frame_key) and inside[0] >= inside[1] else found


def _is_alike(key: Key, other: Key) -> bool:
    return key.tonic == other.tonic and key.is_minor == other.is_minor


def _of_chords(key: Key, chords: tuple[Chord, ...]) -> tuple[float, float, float]:
    """(share of the tonic's chord, whether it is the first, share of the major dominant)."""
    if not chords:
        return 0.0, 0.0, 0.0
    lengths = np.array([chord.length_beats for chord in chords]) / sum(c.length_beats for c in chords)
    tonic = np.array([_is_tonic(chord, key) for chord in chords], float)
    fifth, leading = (key.tonic + 7) % 12, (key.tonic - 1) % 12
    dominant = np.array([c.pitch_classes[0] == fifth and leading in c.pitch_classes for c in chords], float)
    return float(lengths @ tonic), float(tonic[0]), float(lengths @ dominant)


def _is_tonic(chord: Chord, key: Key) -> bool:
    third, other = ((key.tonic + step) % 12 for step in ((3, 4) if key.is_minor else (4, 3)))
    classes = chord.pitch_classes
    return classes[0] == key.tonic and (third in classes or other not in classes)


def _shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return weights / max(float(weights.sum()), 1e-12)
