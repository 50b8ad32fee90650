"""Fills and grooves of drum tracks.

A fill is the second half of a bar that leads into a crash and differs from what the song plays there; a
groove is how loud and how late each sixteenth is on average, for hats, kick and snare.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np

from engine.music.distil.songs import Drumming
from engine.music.score import Hit

BAR_STEPS, HALF = 16, 8
FILL_VOICES = ("snare", "low_tom", "mid_tom", "high_tom", "kick", "clap")
LEVELS = ((100, "X"), (75, "x"), (45, "o"), (0, "g"))  # velocity from which a letter is written
Fill = tuple[tuple[str, str], ...]  # (voice, its eight steps)
HANDS = {
    "hat": ("closed_hat", "open_hat", "pedal_hat", "ride", "shaker"),
    "kick": ("kick",),
    "snare": ("snare", "clap"),
}
FEWEST_LEVELS = 6  # velocities a hand must use before its accents are somebody's
LATEST_BEATS = 0.1


def bars_of(song: Drumming) -> dict[int, list[tuple[int, Hit]]]:
    """(step, hit) by bar."""
    found: dict[int, list[tuple[int, Hit]]] = defaultdict(list)
    for hit in song.hits:
        bar, step = divmod(round(hit.start_beats * 4), BAR_STEPS)
        found[bar].append((step, hit))
    return found


def fills_of(songs: Iterable[Drumming]) -> Counter[Fill]:
    """Fills and in how many songs each stands."""
    found: Counter[Fill] = Counter()
    for song in songs:
        bars = bars_of(song)
        usual = Counter(_half(bar) for bar in bars.values())
        fills = {
            _half(bars[bar])
            for bar in bars
            if any(hit.voice == "crash" and step == 0 for step, hit in bars.get(bar + 1, ()))
        }
        found.update(fill for fill in fills if usual[fill] <= max(1, len(bars) // 6) and _is_fill(fill))
    return found


def _half(bar: list[tuple[int, Hit]]) -> Fill:
    lanes: dict[str, list[str]] = {}
    for step, hit in bar:
        if step >= HALF and hit.voice in FILL_VOICES:
            lanes.setdefault(hit.voice, ["."] * HALF)[step - HALF] = _letter(hit.velocity)
    return tuple(sorted((voice, "".join(row)) for voice, row in lanes.items()))


def _letter(velocity: int) -> str:
    return next(letter for least, letter in LEVELS if velocity >= least)


def _is_fill(fill: Fill) -> bool:
    """Toms, or a snare that does more than the backbeat; and something on the last beat."""
    strokes = sum(c != "." for voice, row in fill if voice != "kick" for c in row)
    late = any(c != "." for voice, row in fill if voice != "kick" for c in row[HALF // 2 :])
    return 3 <= strokes <= 12 and late


def groove_of(song: Drumming) -> dict[str, list[list[float]]] | None:
    """hand -> [level a step (1 = the hand's mean), lateness a step in beats]; None where all is even."""
    found: dict[str, list[list[float]]] = {}
    for hand, voices in HANDS.items():
        hits = [hit for hit in song.hits if hit.voice in voices]
        if len({hit.velocity for hit in hits}) < FEWEST_LEVELS or len(hits) < 4 * BAR_STEPS:
            continue
        mean = float(np.mean([hit.velocity for hit in hits]))
        rows = [
            [hit for hit in hits if round(hit.start_beats * 4) % BAR_STEPS == step]
            for step in range(BAR_STEPS)
        ]
        levels = [
            round(float(np.mean([h.velocity for h in row])) / mean, 3) if len(row) > 3 else 1.0
            for row in rows
        ]
        late = [round(float(np.median([_late(h) for h in row])), 4) if len(row) > 3 else 0.0 for row in rows]
        found[hand] = [levels, late]
    flat = all(max(levels) - min(levels) < 0.12 for levels, _ in found.values())
    return None if flat else found


def _late(hit: Hit) -> float:
    away = hit.start_beats - round(hit.start_beats * 4) / 4
    return away if abs(away) <= LATEST_BEATS else 0.0
