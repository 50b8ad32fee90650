"""The one error a packet, a file or a user can cause."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class EngineError(Exception):
    """Something asked of the engine cannot be done; travels to the client as `/rg/fail`.

    `code` is a short stable word (`range`, `type`, `unknown`, `locked`, `empty`, `busy`, `cancelled`,
    `not_available`, `not_found`, `file`, `disk`, `internal`), `text` says the value and what is allowed.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text

    def __reduce__(self) -> tuple[type[EngineError], tuple[str, str]]:
        """Whole from a worker process to another: an exception is copied by calling its class again."""
        return type(self), (self.code, self.text)


def check_range(name: str, value: float, low: float, high: float) -> float:
    """`value`, or EngineError `range` naming what is allowed (NaN is refused)."""
    if not low <= value <= high:
        raise EngineError("range", f"{name} {value:g} is outside {low:g} to {high:g}")
    return value


def unknown(kind: str, value: str, known: Iterable[str]) -> EngineError:
    """An EngineError `unknown` that names the nearest known word, and all of them while they are few."""
    names = sorted(known)
    near = difflib.get_close_matches(value, names, n=1, cutoff=0.5)
    listing = ", ".join(names) if len(names) <= 24 else ""
    if near:
        more = f"; did you mean {near[0]!r}?" + (f" Known: {listing}." if listing else "")
    else:
        more = f"; known: {listing}" if listing else ""
    return EngineError("unknown", f"unknown {kind} {value!r}{more}")
