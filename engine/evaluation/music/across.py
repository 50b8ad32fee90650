"""What is measured between takes: locks against shuffled pairs, distance, genres told apart."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.extras import need
from engine.evaluation.figures import Figure
from engine.evaluation.music.measures import Measured
from engine.evaluation.music.pulse import beat_f1

SHUFFLES = 4  # other takes that each locked stem is paired with
# Name of the measure -> (tracker, whether half, double and off-beat are the same pulse).
WAYS = {
    "beat_f1": ("librosa", False), "beat_f1_sonara": ("sonara", False),
    "beat_levels": ("librosa", True), "beat_levels_sonara": ("sonara", True),
}  # fmt: skip


def lock(measured: Sequence[Measured]) -> Iterator[Figure]:
    """Beat F1 of what belongs together, and of the same stems in pairs that do not."""
    found = [m for m in measured if m.beats]
    if not found:
        return
    for name, (tracker, levels) in WAYS.items():
        true = [(m, beat_f1(m.beats[tracker]["locked"], m.beats[tracker]["made"], levels)) for m in found]
        for m, value in true:
            yield Figure(f"lock.{name}", value, m.case.name, m.genre, {"locked": m.case.lock})
        shuffled = [beat_f1(*pair, levels) for pair in _shuffled(found, tracker)]
        if shuffled:
            chance = float(np.mean(shuffled))
            yield Figure(f"lock.shuffled_{name}", chance, detail={"pairs": len(shuffled)})
            yield Figure(f"lock.margin_{name}", float(np.mean([value for _, value in true])) - chance)


def _shuffled(
    found: Sequence[Measured], tracker: str
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Locked stems beside what was made for another genre's, drawn by a fixed seed."""
    rng = np.random.default_rng(1)
    for one in found:
        others = [other for other in found if other.genre != one.genre]
        for index in rng.permutation(len(others))[:SHUFFLES]:
            yield one.beats[tracker]["locked"], others[index].beats[tracker]["made"]


def loudness(figures: Sequence[Figure]) -> Iterator[Figure]:
    """How far each mix is from the usual one."""
    mixes = [f for f in figures if f.measure == "loudness.mix" and np.isfinite(f.value)]
    usual = float(np.median([f.value for f in mixes])) if mixes else 0.0
    for figure in mixes:
        yield Figure("loudness.spread", abs(figure.value - usual), figure.case, figure.genre)


def distance(measured: Sequence[Measured]) -> Iterator[Figure]:
    """Takes of one prompt by their scores (same genre, other seed), and by their sound."""
    plain = [m for m in measured if m.events]
    for genre in sorted({m.genre for m in plain}):
        takes = [m for m in plain if m.genre == genre]
        for one, other in itertools.combinations(takes, 2):
            apart = [_apart(one.events[t], other.events[t]) for t in one.events if t in other.events]
            if known := [value for value in apart if np.isfinite(value)]:
                name = f"{one.case.name} {other.case.name}"
                yield Figure("distance.score", float(np.mean(known)), name, genre)
                yield Figure("distance.nearest", min(known), name, genre)
    yield from _audio_distance([m for m in measured if m.features is not None])


def _apart(one: frozenset[tuple[int, int | str]], other: frozenset[tuple[int, int | str]]) -> float:
    """Jaccard distance; NaN where one is silent."""
    return 1.0 - len(one & other) / len(one | other) if one and other else float("nan")


def _audio_distance(plain: Sequence[Measured]) -> Iterator[Figure]:
    """Distance in scaled features between takes of a genre over that between genres."""
    if len({m.genre for m in plain}) < 2:
        return
    rows = _scaled(np.array([m.features for m in plain]))
    apart = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    labels = np.array([m.genre for m in plain])
    same = labels[:, None] == labels[None]
    between = float(np.median(apart[~same]))
    for genre in sorted(set(labels)):
        here = same & (labels == genre)[:, None] & ~np.eye(len(labels), dtype=bool)
        if here.any():
            yield Figure("distance.audio", float(np.median(apart[here])) / between, genre=genre)


def _scaled(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return (rows - rows.mean(axis=0)) / np.maximum(1e-9, rows.std(axis=0))


def genres(measured: Sequence[Measured]) -> Iterator[Figure]:
    """A linear classifier on features of the mix, cross-validated: no seed is both learned and asked."""
    plain = [m for m in measured if m.features is not None]
    labels = np.array([m.genre for m in plain])
    seeds = np.array([m.case.seed for m in plain])
    if len(set(labels)) < 2 or len(set(seeds)) < 2:
        return
    rows = np.array([m.features for m in plain])
    guesses = classified(rows, labels, seeds)
    for genre in sorted(set(labels)):
        mine = labels == genre
        wrong = sorted(set(guesses[mine & (guesses != labels)]))
        yield Figure(
            "genres.right", float((guesses[mine] == genre).mean()), genre=genre, detail={"taken_for": wrong}
        )
    yield Figure(
        "genres.accuracy",
        float((guesses == labels).mean()),
        detail={"genres": len(set(labels)), "takes": len(labels)},
    )
    shuffled = np.random.default_rng(1).permutation(labels)
    yield Figure("genres.chance", float((classified(rows, shuffled, seeds) == shuffled).mean()))


def classified(
    rows: NDArray[np.float64], labels: NDArray[np.str_], groups: NDArray[np.int_]
) -> NDArray[np.str_]:
    """The label that each row gets from a classifier that has seen no row of its group."""
    need("sklearn")
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(cross_val_predict(model, rows, labels, groups=groups, cv=LeaveOneGroupOut()))
