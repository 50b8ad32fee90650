"""Giving way to the kick: the curve by which a track ducks under the kicks it hears.

kick      |            |            |
duck    0 ‾\\_       _/‾\\_       _/‾      value 1 = silent; here drawn as the level that is left
           depth   release
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from engine.music.score import Curve

ATTACK_S = 0.005
HOLD_S = 0.02
RELEASE_BEATS = 0.42  # back before the next eighth but one at any tempo; the pump of the genre
LEAST = 0.02  # shallower than this nobody hears: no curve


def duck_curve(
    kick_beats: Iterable[float], depth: float, length_beats: float, tempo_bpm: float
) -> Curve | None:
    """The curve under kicks at these beats, or None where there is nothing to give way to."""
    beats = sorted({round(beat % length_beats, 6) for beat in kick_beats})
    if not beats or depth < LEAST:
        return None
    attack, hold = (seconds * tempo_bpm / 60.0 for seconds in (ATTACK_S, HOLD_S))
    points: list[tuple[float, float]] = []
    for beat, following in zip(beats, [*beats[1:], beats[0] + length_beats], strict=True):
        release = min(RELEASE_BEATS, max(0.05, following - beat - hold - attack))
        points += [(beat - attack, 0.0), (beat, depth), (beat + hold, depth), (beat + hold + release, 0.0)]
    return Curve("duck", _wrapped(points, length_beats))


def _wrapped(points: list[tuple[float, float]], length_beats: float) -> tuple[tuple[float, float], ...]:
    """Points inside 0..length with the same value at both ends, in order of time."""
    at_seam = _value(points, 0.0, length_beats)
    inside = {0.0: at_seam, length_beats: at_seam}
    for beat, value in points:
        inside[round(beat % length_beats, 6)] = value if beat % length_beats else at_seam
    return tuple((beat, round(value, 4)) for beat, value in sorted(inside.items()))


def _value(points: list[tuple[float, float]], beat: float, length_beats: float) -> float:
    """The curve at a beat, points of the turns before and after included."""
    rows = sorted((b + turn * length_beats, v) for b, v in points for turn in (-1, 0, 1))
    for (start, low), (end, high) in pairwise(rows):
        if start <= beat <= end:
            return low if end == start else low + (high - low) * (beat - start) / (end - start)
    return 0.0
