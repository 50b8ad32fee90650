"""What installed packages add: the entry points of a group, each handed to a registry."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any


def load_entry_points(group: str, register: Callable[[Any], None]) -> list[str]:
    """Register what the packages offer; returns what could not be loaded, and why."""
    failures = []
    for point in entry_points(group=group):
        try:
            register(point.load())
        except Exception as error:
            failures.append(f"{point.name}: {error}")
    return failures
