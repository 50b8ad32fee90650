"""How melodies move: the fiddle and dance tunes of Ryan's Mammoth Collection (1883), from `music21`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

WIDEST = 7  # rungs of the scale; wider leaps count as this wide
PREVIOUS = 3  # the step before is told apart up to so many rungs
STRONG = 0.5  # music21's beatStrength from which a note stands on a beat


def tune_steps(corpus: Any, collection: str, most: int) -> dict[str, list[list[int]]]:
    """weight ("strong" or "weak" goal) -> [step before, -3..3][step, -7..7] counts, in rungs of the scale."""
    tables = {name: np.zeros((2 * PREVIOUS + 1, 2 * WIDEST + 1), dtype=int) for name in ("strong", "weak")}
    for piece in _pieces(corpus, collection, most):
        notes = [note for note in piece.parts[0].flatten().notes if note.isNote] if piece.parts else []
        rungs = [note.pitch.diatonicNoteNum for note in notes]
        steps = [_clipped(b - a, WIDEST) for a, b in pairwise(rungs)]
        for before, step, goal in zip(steps, steps[1:], notes[2:], strict=False):
            table = tables["strong" if goal.beatStrength >= STRONG else "weak"]
            table[_clipped(before, PREVIOUS) + PREVIOUS, step + WIDEST] += 1
    return {name: table.tolist() for name, table in tables.items()}


def _pieces(corpus: Any, collection: str, most: int) -> Iterator[Any]:
    for path in sorted(corpus.getComposer(collection), key=str)[:most]:
        try:
            yield corpus.parse(path)
        except Exception as error:
            print(f"left out {path.name}: {error}")


def _clipped(step: int, widest: int) -> int:
    return max(-widest, min(widest, step))
