"""Keys and chords from weights of the twelve pitch classes, whether they were heard or written.

Chords: cosine with templates up to ninths, leaning towards the key and the lowest note as root; the best
path over all slots (Viterbi), where staying costs nothing and changing inside a bar costs most. Keys are
weighed in keys.py, each with the chords that are heard in it.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.context.keys import KEYS, MIN_KEY_CORRELATION, chances_of, fits_of, frame_mode
from engine.music.key import FLAT_PITCH_CLASSES, PITCH_CLASSES, Key
from engine.music.score import Chord
from engine.music.theory import CHORDS, uses_flats

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
    total = weights.sum(axis=0)
    if key is None and (np.ptp(total) < 1e-9 or fits_of(total).max() < MIN_KEY_CORRELATION):
        return None, 0.0, (), 0.0
    sure = 1.0
    if key is None:
        # Relatives share their scale, and with it what is heard in it.
        in_scale = [chords_of(weights, lowest, k, bar_beats, slots_a_bar, track)[0] for k in KEYS[:12]]
        heard = in_scale + [in_scale[(tonic + 3) % 12] for tonic in range(12)]
        chances = chances_of(weights, lowest, heard, slots_a_bar, track, frame_key)
        sure = float(chances.max())
        key = frame_mode(KEYS[int(chances.argmax())], total, frame_key)
    chords, sure_of_chords = chords_of(weights, lowest, key, bar_beats, slots_a_bar, track)
    if sure < 1.0 and sure_of_chords == 0.0:  # noise: no chord explains what sounds
        return None, 0.0, (), 0.0
    return key, sure, chords, sure_of_chords


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
