"""What was measured: one figure a case and measure, summed up against the goals."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "mean": lambda values: float(np.mean(values)),
    "median": lambda values: float(np.median(values)),
    "max": lambda values: float(np.max(values)),
    "min": lambda values: float(np.min(values)),
    "p95": lambda values: float(np.quantile(values, 0.95)),
    "p05": lambda values: float(np.quantile(values, 0.05)),
}


@dataclass(frozen=True)
class Figure:
    """One measured value of one case. `genre` and `case` are "" where it speaks of all of them."""

    measure: str
    value: float
    case: str = ""
    genre: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """One line of JSON."""
        return json.dumps(
            {"measure": self.measure, "value": round(float(self.value), 5), "case": self.case,
             "genre": self.genre, **self.detail}
        )  # fmt: skip


@dataclass(frozen=True)
class Goal:
    """What a measure ought to reach, as a statistic over all its cases."""

    measure: str
    text: str
    statistic: str = "mean"
    at_least: float | None = None
    at_most: float | None = None
    tolerance: float = 0.0  # how far beside the goal --check still forgives
    moonshot: float | None = None  # on the same side of the goal, what would be astonishing
    only: str = ""  # the one role whose goal it is; of the others it is measured alone

    def met(self, value: float, tolerance: float = 0.0) -> bool | None:
        """None where the measure has no goal."""
        if self.at_least is None and self.at_most is None:
            return None
        low = -math.inf if self.at_least is None else self.at_least - tolerance
        high = math.inf if self.at_most is None else self.at_most + tolerance
        return low <= value <= high

    @property
    def wanted(self) -> str:
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return f"<= {self.at_most:g}" if self.at_most is not None else ""


@dataclass(frozen=True)
class Row:
    """A line of the summary. `met` is None where there is no goal."""

    goal: Goal
    value: float
    count: int
    met: bool | None
    forgiven: bool | None  # met, or missed within the tolerance

    def as_dict(self) -> dict[str, Any]:
        return {
            "summary": self.goal.measure, "statistic": self.goal.statistic, "value": round(self.value, 5),
            "count": self.count, "goal": self.goal.wanted, "met": self.met, "within_tolerance": self.forgiven,
            "text": self.goal.text,
        }  # fmt: skip


def goals_of(text: str) -> tuple[Goal, ...]:
    """The goals of a TOML text."""
    goals = tuple(Goal(**entry) for entry in tomllib.loads(text)["goal"])
    assert all(goal.statistic in STATISTICS for goal in goals), "a goal's statistic is not known"
    return goals


def summary(figures: Iterable[Figure], goals: Iterable[Goal]) -> tuple[Row, ...]:
    """A row for each goal that was measured, in the order of the goals."""
    values: dict[str, list[float]] = {}
    for figure in figures:
        if math.isfinite(figure.value):
            values.setdefault(figure.measure, []).append(figure.value)
    rows = []
    for goal in goals:
        if found := values.get(goal.measure):
            value = float(STATISTICS[goal.statistic](found))
            met = goal.met(value)
            rows.append(
                Row(goal, value, len(found), met, None if met is None else goal.met(value, goal.tolerance))
            )
    return tuple(rows)


def by_genre(figures: Iterable[Figure], goals: Iterable[Goal]) -> dict[str, dict[str, float]]:
    """genre -> measure -> the goal's statistic over that genre's cases."""
    figures = [figure for figure in figures if figure.genre]
    names = sorted({figure.genre for figure in figures})
    table: dict[str, dict[str, float]] = {name: {} for name in names}
    for name in names:
        for row in summary((figure for figure in figures if figure.genre == name), goals):
            table[name][row.goal.measure] = row.value
    return table
