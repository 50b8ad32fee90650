"""Keys and chords from weights of the twelve pitch classes, whether they were heard or written.

Chords: cosine with templates up to ninths, leaning towards the key and the lowest note as root; the best
path over all slots (Viterbi), where staying costs nothing and changing inside a bar costs most. Keys:
correlation with the profiles of Krumhansl and Kessler (1982, what listeners say) and of Temperley (1999,
what pieces hold), and with it what tells a key from its relatives: the chord that lasts, begins and ends.
"""

from __future__ import annotations

from functools import cache

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
# Added to correlations of 0..1: relative keys lie about 0.1 apart.
OPENING_BONUS = 0.1  # the first slot's lowest note is the tonic
FRAME_BONUS = 0.06  # the set is in this key already
MIN_KEY_CORRELATION = 0.35  # below it, no key: noise and drums reach 0.3
CLOSING_BONUS = 0.4  # the last slot's lowest note is the tonic: a phrase comes home
MINOR_BONUS = 0.12  # loops are in the minor more often than in its relative major
CHORD_SHARE, FIRST_CHORD, LAST_CHORD = 0.5, 0.4, 0.08  # the tonic's chord: how long, and where
KEYS_TRIED = 6

SINGLE_VOICES = ("bass", "melody")
TRIADS = ("", "m")
TEMPLATES = (
    *TRIADS, "dim", "sus4", "sus2", "5", "7", "m7", "maj7", "m7b5", "add9", "madd9", "9", "m9", "maj9",
)  # fmt: skip
# What a chord gains for being a usual one.
USUAL = {"": 0.05, "m": 0.05, "7": 0.01, "m7": 0.02, "maj7": 0.02, "dim": -0.03, "5": 0.01}
DIATONIC_BONUS = 0.1
ROOT_BONUS = {"harmony": 0.06}  # a part without its bass is often inverted
ROOT_BONUS_ELSE = 0.15
CHANGE_AT_BAR, CHANGE_INSIDE = 0.08, 0.16


def hear_harmony(
    weights: NDArray[np.float64], lowest: NDArray[np.float64], frame_key: Key, bar_beats: float,
    slots_a_bar: int, track: str, key: Key | None = None,
) -> tuple[Key | None, float, tuple[Chord, ...], float]:  # fmt: skip
    """(key, its confidence, chords, theirs) of weights [slot, 12] of all notes and of the lowest voice.

    Chords and key are chosen together; a `key` that is known is kept. No key, no chords.
    """
    total, opening = weights.sum(axis=0), lowest[:slots_a_bar].sum(axis=0)
    ranked = [(key, 1.0)] if key else rank_keys(total, opening, frame_key)
    if not ranked:
        return None, 0.0, (), 0.0
    tried = []
    for candidate, fit in ranked[:KEYS_TRIED]:
        chords, sure = chords_of(weights, lowest, candidate, bar_beats, slots_a_bar, track)
        bonus = _tonic_bonus(chords, candidate) + MINOR_BONUS * candidate.is_minor
        if track == "melody":
            bonus += CLOSING_BONUS * _closing(lowest)[candidate.tonic]
        tried.append((fit + bonus, candidate, chords, sure))
    tried.sort(key=lambda one: -one[0])
    best, found, chords, sure = tried[0]
    if key:
        return key, 1.0, chords, sure
    # The relative of the winner, a fifth or a mode away, is the rival that confidence is about.
    margin = best - tried[1][0] if len(tried) > 1 else 1.0
    return found, float(np.clip(0.35 + 3.0 * margin, 0.0, 1.0)) * min(1.0, ranked[0][1] + 0.2), chords, sure


def rank_keys(
    weights: NDArray[np.float64], opening: NDArray[np.float64], frame_key: Key
) -> list[tuple[Key, float]]:
    """Keys with their fit, best first; empty where nothing fits.

    weights, opening: [12], C first: of the whole loop, and of the lowest voice in its first bar.
    """
    if np.ptp(weights) < 1e-9:
        return []
    evened = np.sqrt(weights)  # what is played often must not drown what makes the mode
    lowest = opening / opening.sum() if opening.sum() > 0 else opening
    candidates = {Key(tonic, mode) for mode in ("major", "minor") for tonic in range(12)} | {frame_key}
    correlation = {key: float(np.corrcoef(evened, _profile(key))[0, 1]) for key in candidates}
    if max(correlation.values()) < MIN_KEY_CORRELATION:
        return []
    fits = [
        (key, fit + OPENING_BONUS * float(lowest[key.tonic]) + FRAME_BONUS * (key == frame_key))
        for key, fit in correlation.items()
    ]
    return sorted(fits, key=lambda one: (-one[1], one[0].tonic, one[0].mode))


def key_of(
    weights: NDArray[np.float64], opening: NDArray[np.float64], frame_key: Key
) -> tuple[Key | None, float]:
    """The key and how well it fits (0..1), or (None, 0) where nothing does."""
    ranked = rank_keys(weights, opening, frame_key)
    return (ranked[0][0], float(np.clip(ranked[0][1], 0.0, 1.0))) if ranked else (None, 0.0)


def _tonic_bonus(chords: tuple[Chord, ...], key: Key) -> float:
    """What speaks for a key among its relatives: its tonic's chord lasts, comes first, comes last."""
    if not chords:
        return 0.0
    is_tonic = [_is_tonic(chord, key) for chord in chords]
    lengths = np.array([chord.length_beats for chord in chords])
    share = float((lengths * is_tonic).sum() / lengths.sum())
    return CHORD_SHARE * share + FIRST_CHORD * is_tonic[0] + LAST_CHORD * is_tonic[-1]


def _closing(lowest: NDArray[np.float64]) -> NDArray[np.float64]:
    """[12] shares of what the last sounding slot of the voice holds."""
    sounding = np.flatnonzero(lowest.sum(axis=1) > 0)
    return lowest[sounding[-1]] / lowest[sounding[-1]].sum() if len(sounding) else np.zeros(12)


def _is_tonic(chord: Chord, key: Key) -> bool:
    third = (key.tonic + (3 if key.is_minor else 4)) % 12
    other = (key.tonic + (4 if key.is_minor else 3)) % 12
    classes = chord.pitch_classes
    return classes[0] == key.tonic and (third in classes or other not in classes)


def chords_of(
    weights: NDArray[np.float64], lowest: NDArray[np.float64], key: Key, bar_beats: float,
    slots_a_bar: int, track: str,
) -> tuple[tuple[Chord, ...], float]:  # fmt: skip
    """(chords, confidence 0..1): one where the harmony changes. weights, lowest: [slot, 12].

    A single voice (bass, melody) is given plain triads: it implies a chord, it does not spell it.
    A silent slot goes on with the chord before it.
    """
    suffixes = TRIADS if track in SINGLE_VOICES else TEMPLATES
    shapes, rows = _templates(suffixes)
    lean = np.array(
        [
            DIATONIC_BONUS * (set(_classes(root, suffix)) <= set(key.scale)) + USUAL.get(suffix, 0.0)
            for root, suffix in shapes
        ]
    )
    roots = [root for root, _ in shapes]
    root_bonus = ROOT_BONUS.get(track, ROOT_BONUS_ELSE)
    fit = np.zeros((len(weights), len(shapes)))
    sounding = weights.sum(axis=1) > 1e-9 * max(weights.sum(), 1e-9)
    for slot in np.flatnonzero(sounding):
        evened = np.sqrt(weights[slot])
        strongest = lowest[slot] / max(lowest[slot].max(), 1e-12)
        fit[slot] = rows @ evened / np.linalg.norm(evened) + lean + root_bonus * strongest[roots]
    path = _path(fit, slots_a_bar)
    sure = _sureness(fit, path, sounding, rows, weights)
    return _merged(path, shapes, key, bar_beats / slots_a_bar), sure


def _path(fit: NDArray[np.float64], slots_a_bar: int) -> NDArray[np.int64]:
    """[slot] the template on the best path."""
    slots, count = fit.shape
    total = fit[0].copy()
    back = np.zeros((slots, count), np.int64)
    for slot in range(1, slots):
        cost = CHANGE_AT_BAR if slot % slots_a_bar == 0 else CHANGE_INSIDE
        best = int(total.argmax())
        changes = total < total[best] - cost
        back[slot] = np.where(changes, best, np.arange(count))
        total = np.where(changes, total[best] - cost, total) + fit[slot]
    path = np.zeros(slots, np.int64)
    path[-1] = int(total.argmax())
    for slot in range(slots - 1, 0, -1):
        path[slot - 1] = back[slot, path[slot]]
    return path


def _sureness(
    fit: NDArray[np.float64], path: NDArray[np.int64], sounding: NDArray[np.bool_],
    rows: NDArray[np.float64], weights: NDArray[np.float64],
) -> float:  # fmt: skip
    """How much of what sounds the chords explain, 0..1."""
    if not sounding.any():
        return 0.0
    inside = (rows[path] > 0) * weights
    share = inside[sounding].sum() / weights[sounding].sum()
    return float(np.clip((share - 0.4) / 0.55, 0.0, 1.0))


def _merged(
    path: NDArray[np.int64], shapes: tuple[tuple[int, str], ...], key: Key, slot_beats: float
) -> tuple[Chord, ...]:
    """Chords from the path; slots of one chord are one chord."""
    names = FLAT_PITCH_CLASSES if uses_flats(key) else PITCH_CLASSES
    starts = np.flatnonzero(np.diff(path, prepend=-1))
    ends = np.append(starts[1:], len(path))
    found = []
    for start, end in zip(starts, ends, strict=True):
        root, suffix = shapes[path[start]]
        beats = float(end - start) * slot_beats
        found.append(Chord(float(start) * slot_beats, beats, names[root] + suffix, _classes(root, suffix)))
    return tuple(found)


@cache
def _templates(suffixes: tuple[str, ...]) -> tuple[tuple[tuple[int, str], ...], NDArray[np.float64]]:
    """((root, suffix) of each template, [template, 12] of unit length)."""
    shapes = tuple((root, suffix) for suffix in suffixes for root in range(12))
    rows = np.zeros((len(shapes), 12))
    for index, (root, suffix) in enumerate(shapes):
        classes = _classes(root, suffix)
        rows[index, list(classes)] = 1.0 / np.sqrt(len(classes))
    return shapes, rows


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
