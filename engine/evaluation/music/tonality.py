"""Key and chords, heard in librosa's constant-Q chroma with published profiles and templates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.extras import need
from engine.evaluation.signal import RATE
from engine.music.key import PITCH_CLASSES, Key
from engine.music.score import Chord

HOP = 2048  # 93 ms
# Major and minor profiles from the tonic upward.
PROFILES = {
    # Krumhansl & Kessler 1982: listeners' ratings
    "krumhansl": (
        (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    ),
    # Temperley 2007: the Kostka-Payne corpus
    "temperley": (
        (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400),
        (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330),
    ),
    # Albrecht & Shanahan 2013: 490 pieces
    "albrecht": (
        (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
        (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
    ),
    # Sha'ath 2011 (KeyFinder): tuned on electronic and popular music
    "shaath": (
        (6.6, 2.0, 3.5, 2.3, 4.6, 4.0, 2.5, 5.2, 2.4, 3.7, 2.3, 3.4),
        (6.5, 2.7, 3.5, 5.4, 2.6, 3.5, 2.5, 5.2, 4.0, 2.7, 4.3, 3.2),
    ),
}  # fmt: skip
MAJOR, MINOR = (0, 4, 7), (0, 3, 7)
STAY = 0.95  # chance that a chord goes on to the next hop of 93 ms


def chroma_of(audio: NDArray[np.float32]) -> NDArray[np.float64]:
    """[pitch class 12, hop]: constant-Q chroma in energy. audio: [N] at 22.05 kHz."""
    librosa = need("librosa")
    spectrum = np.abs(librosa.cqt(audio, sr=RATE, hop_length=HOP, n_bins=84, bins_per_octave=12, tuning=0.0))
    folded = librosa.feature.chroma_cqt(
        C=spectrum, sr=RATE, hop_length=HOP, norm=None, n_octaves=7, bins_per_octave=12, tuning=0.0
    )
    return np.asarray(folded, np.float64)


def key_of(chroma: NDArray[np.float64], profiles: Sequence[str] = tuple(PROFILES)) -> tuple[int, bool]:
    """(tonic 0..11, is minor): the key that correlates best, mean over the profiles."""
    weights = chroma.sum(axis=1)
    scores = np.zeros((2, 12))
    for name in profiles:
        for mode, profile in enumerate(PROFILES[name]):
            for tonic in range(12):
                scores[mode, tonic] += np.corrcoef(np.roll(profile, tonic), weights)[0, 1]
    mode, tonic = np.unravel_index(int(np.argmax(scores)), scores.shape)
    return int(tonic), bool(mode)


def key_name(tonic: int, is_minor: bool) -> str:
    """As mir_eval writes keys."""
    return f"{PITCH_CLASSES[tonic]} {'minor' if is_minor else 'major'}"


def key_truth(key: Key) -> tuple[int, bool]:
    """The eight modes by their third: what an estimator of major and minor can say."""
    return key.tonic, key.is_minor


def weighted_key_score(truth: tuple[int, bool], heard: tuple[int, bool]) -> float:
    return float(need("mir_eval").key.weighted_score(key_name(*truth), key_name(*heard)))


# --- chords -----------------------------------------------------------------------------------------


def heard_chords(chroma: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[str]]:
    """(intervals [chord, 2] in seconds, labels): 24 major and minor triads and none, by Viterbi.

    Templates by cosine on the compressed chroma (Fujishima 1999), smoothed by librosa's Viterbi.
    """
    librosa = need("librosa")
    level = np.log1p(100.0 * chroma / max(1e-12, float(chroma.max())))
    unit = level / np.maximum(1e-9, np.linalg.norm(level, axis=0))
    likeness = templates() @ unit  # [25, hop]
    likeness[24] = 0.55  # below what a triad of flat chroma gets: only where nothing sounds
    chances = np.exp(12.0 * likeness)
    chances /= chances.sum(axis=0)
    states = librosa.sequence.viterbi_discriminative(chances, librosa.sequence.transition_loop(25, STAY))
    edges = np.flatnonzero(np.diff(states)) + 1
    starts = np.concatenate([[0], edges])
    ends = np.concatenate([edges, [len(states)]])
    labels = [label_of(int(states[start])) for start in starts]
    # Frames are centred on their hop.
    times = np.stack([starts - 0.5, ends - 0.5], axis=1).clip(0) * HOP / RATE
    return times, labels


def templates() -> NDArray[np.float64]:
    """[24 triads and none, 12], of unit length."""
    rows = np.zeros((25, 12))
    for root in range(12):
        for mode, triad in enumerate((MAJOR, MINOR)):
            rows[root + 12 * mode, [(root + step) % 12 for step in triad]] = 1.0
    rows[24] = 1.0
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def label_of(state: int) -> str:
    return "N" if state == 24 else f"{PITCH_CLASSES[state % 12]}:{'min' if state >= 12 else 'maj'}"


def chord_label(chord: Chord) -> str:
    """A chord of a score in Harte's notation, as far as major, minor and their sevenths are concerned."""
    root = chord.pitch_classes[0]
    steps = {(pitch - root) % 12 for pitch in chord.pitch_classes}
    third = "maj" if 4 in steps else "min" if 3 in steps else ""
    if third == "min" and 6 in steps and 7 not in steps:
        quality = "dim"
    elif third == "maj" and 8 in steps and 7 not in steps:
        quality = "aug"
    elif third:
        quality = third
    else:
        quality = "sus4" if 5 in steps else "sus2" if 2 in steps else "5"
    return f"{PITCH_CLASSES[root]}:{quality}"


def chord_scores(
    truth: tuple[NDArray[np.float64], list[str]], heard: tuple[NDArray[np.float64], list[str]]
) -> dict[str, float]:
    """Weighted overlaps of mir_eval: `majmin` (other qualities do not count) and `root`."""
    mir_eval = need("mir_eval")
    with np.errstate(all="ignore"):
        found = mir_eval.chord.evaluate(truth[0], truth[1], heard[0], heard[1])
    return {name: float(found[name]) for name in ("majmin", "root")}
