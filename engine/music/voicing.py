"""Voicings: where the notes of a chord lie, moving as little as possible from the chord before."""

from __future__ import annotations

from functools import lru_cache

from engine.music.theory import nearest_pitch

FLOOR = 48  # closer than a fifth below this (C3, 131 Hz) sounds as mud under a bass
CEILING = 88


@lru_cache(maxsize=8192)
def candidates(pitch_classes: tuple[int, ...], spread: bool) -> tuple[tuple[int, ...], ...]:
    """All close (or opened: second voice from above an octave down) voicings between floor and ceiling."""
    found = set()
    count = len(pitch_classes)
    for inversion in range(count):
        order = sorted(pitch_classes, key=lambda pc: (pc - pitch_classes[inversion]) % 12)
        for base in range(FLOOR - 12, CEILING, 12):
            pitch = base + (order[0] - base) % 12
            close = [pitch + (pc - order[0]) % 12 for pc in order]
            if spread and count > 2:
                close[-2] -= 12
            if spread and count == 2:
                close[1] += 12
            if min(close) >= FLOOR and max(close) <= CEILING:
                found.add(tuple(sorted(close)))
    return tuple(sorted(found))


def cost(voicing: tuple[int, ...], before: tuple[int, ...] | None, centre: int) -> float:
    """Semitones moved by the voices (each to its nearest), plus a pull of the middle to `centre`."""
    middle = (voicing[0] + voicing[-1]) / 2
    pull = 0.35 * abs(middle - centre)
    if before is None:
        return pull
    motion = sum(min(abs(note - old) for old in before) for note in voicing)
    return motion + 0.5 * abs(voicing[-1] - before[-1]) + pull


@lru_cache(maxsize=16384)
def voice(
    pitch_classes: tuple[int, ...], before: tuple[int, ...] | None, centre: int, spread: bool = False
) -> tuple[int, ...]:
    """The voicing nearest to `before` around `centre`; of five notes the fifth of the chord is left out."""
    classes = pitch_classes if len(pitch_classes) < 5 else (*pitch_classes[:2], *pitch_classes[3:5])
    found = candidates(classes, spread) or candidates(classes, False)
    if not found:
        return tuple(sorted({max(FLOOR, nearest_pitch(pc, centre)) for pc in classes}))
    return min(found, key=lambda voicing: (cost(voicing, before, centre), voicing))
