"""The bar that a track model must clear to perform, and whether its figures do.

Reads a table and compares numbers: what decides who plays asks here, so nothing heavy is imported.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from engine.evaluation.figures import Goal

SCORES = "scores"  # among figures: how many scores were performed for them


@dataclass(frozen=True)
class RoleGoal:
    """`roles` whose goal it is, empty: all. `is_bar`: it decides whether a model performs."""

    goal: Goal
    roles: tuple[str, ...] = ()
    is_bar: bool = False

    def of(self, role: str) -> Goal:
        """The goal for that role, without a bound where it is not that role's."""
        return self.goal if self._is_for(role) else replace(self.goal, at_least=None, at_most=None)

    def is_bar_of(self, role: str) -> bool:
        return self.is_bar and self._is_for(role)

    def _is_for(self, role: str) -> bool:
        return not self.roles or role in self.roles


@cache
def role_goals() -> tuple[RoleGoal, ...]:
    """Those of goals.toml, in its order."""
    return tuple(_read(dict(entry)) for entry in _table()["goal"])


def least_scores() -> int:
    return int(_table()["least_scores"])


def goals_of_role(role: str) -> tuple[Goal, ...]:
    return tuple(goal.of(role) for goal in role_goals())


def clears(role: str, figures: Mapping[str, float]) -> tuple[bool, tuple[str, ...]]:
    """Whether a model of `role` with these figures (measure -> value, and `scores`) performs, else why not.

    What was not measured is not cleared: a card without figures says so.
    """
    if not figures:
        return False, ("it was never measured",)
    reasons = [_missed(goal.goal, figures) for goal in role_goals() if goal.is_bar_of(role)]
    count = figures.get(SCORES, 0)
    if count < least_scores():
        reasons.append(f"measured on {count:g} scores; {least_scores()} are needed")
    found = tuple(reason for reason in reasons if reason)
    return not found, found


def _missed(goal: Goal, figures: Mapping[str, float]) -> str:
    """Why the goal is not met, "" where it is."""
    value = figures.get(goal.measure)
    if value is None:
        return f"{goal.measure} was not measured; it is to be {goal.wanted}"
    return "" if goal.met(float(value)) else f"{goal.measure} is {value:.3g}; it is to be {goal.wanted}"


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("goals.toml").read_text(encoding="utf-8"))


def _read(entry: dict[str, Any]) -> RoleGoal:
    roles, is_bar = tuple(entry.pop("roles", ())), entry.pop("bar", False)
    return RoleGoal(Goal(**entry), roles, is_bar)
