"""Voicings: where the notes of a chord lie, moving as little as possible from the chord before.

Voices are told apart by their rank from below, so they never cross. What a move costs, in semitones:

    the way of every voice; a common tone kept is a way of 0
    a leap of the top voice beyond a third once more; two voices in parallel fifths or octaves PARALLEL
    the way of the middle from where the part should lie; thirds and less low down (mud)
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations, pairwise

from engine.music.theory import nearest_pitch

FLOOR = 48  # closer than a fifth below this (C3, 131 Hz) sounds as mud under a bass
CEILING = 88
MUD_BELOW = 57  # A3: under it two voices want a fourth between them
RUB = dict.fromkeys(range(57, 62), 3)  # from there to C4 and a little above, seconds still rub
MUD = 3.0
PARALLEL = 4.0
OFFERS = 8  # voicings of a chord that are weighed against each other
FIRSTS = 3  # openings that are tried, so that the last chord leads back to the first


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


@lru_cache(maxsize=65536)
def cost(voicing: tuple[int, ...], before: tuple[int, ...] | None, centre: int) -> float:
    """What it costs to go from `before` to `voicing`; see above."""
    middle = (voicing[0] + voicing[-1]) / 2
    mud = sum(
        MUD for low, high in pairwise(voicing) if high - low < (5 if low < MUD_BELOW else RUB.get(low, 0))
    )
    pull = 0.35 * abs(middle - centre) + mud
    if before is None:
        return pull
    return pull + motion(voicing, before) + 0.5 * max(0, abs(voicing[-1] - before[-1]) - 4)


def motion(voicing: tuple[int, ...], before: tuple[int, ...]) -> float:
    """Semitones that the voices move, each by its rank, and what parallels cost."""
    if len(voicing) != len(before):
        return float(sum(min(abs(note - old) for old in before) for note in voicing))
    way = float(sum(abs(note - old) for note, old in zip(voicing, before, strict=True)))
    return way + PARALLEL * parallels(voicing, before)


def parallels(voicing: tuple[int, ...], before: tuple[int, ...]) -> int:
    """Pairs of voices that move together in fifths or octaves."""
    if len(voicing) != len(before):
        return 0
    pairs = combinations(zip(before, voicing, strict=True), 2)
    return sum(
        (high_old - low_old) % 12 in (0, 7)
        and (high - low) % 12 == (high_old - low_old) % 12
        and high != high_old
        for (low_old, low), (high_old, high) in pairs
    )


@lru_cache(maxsize=16384)
def _ranked(pitch_classes: tuple[int, ...], centre: int, spread: bool) -> tuple[tuple[int, ...], ...]:
    """The voicings that lie best around `centre`; of five notes the fifth of the chord is left out."""
    classes = pitch_classes if len(pitch_classes) < 5 else (*pitch_classes[:2], *pitch_classes[3:5])
    found = candidates(classes, spread) or candidates(classes, False)
    if not found:
        return (tuple(sorted({max(FLOOR, nearest_pitch(pc, centre)) for pc in classes})),)
    return tuple(sorted(found, key=lambda voicing: (cost(voicing, None, centre), voicing))[:OFFERS])


@lru_cache(maxsize=2048)
def _led(chords: tuple[tuple[int, ...], ...], centre: int, spread: bool) -> tuple[tuple[int, ...], ...]:
    """The cheapest way through all the chords and back to the first (Viterbi over the likeliest voicings)."""
    offers = [_ranked(pitch_classes, centre, spread) for pitch_classes in chords]
    ways = (_way_from(first, offers, centre) for first in offers[0][:FIRSTS])
    return min(ways, key=lambda way: way[0])[1]


def _way_from(
    first: tuple[int, ...], offers: list[tuple[tuple[int, ...], ...]], centre: int
) -> tuple[float, tuple[tuple[int, ...], ...]]:
    """What the cheapest way costs that begins at `first`, and its voicings."""
    costs = {first: 0.0}
    origins: list[dict[tuple[int, ...], tuple[int, ...]]] = []
    for voices in offers[1:]:
        arrived = {
            voicing: min((total + cost(voicing, before, centre), before) for before, total in costs.items())
            for voicing in voices
        }
        origins.append({voicing: before for voicing, (_, before) in arrived.items()})
        costs = {voicing: total for voicing, (total, _) in arrived.items()}
    total, last = min((total + cost(first, voicing, centre), voicing) for voicing, total in costs.items())
    line = [last]
    for origin in reversed(origins):
        line.append(origin[line[-1]])
    return total, tuple(reversed(line))


def voicings(chords: tuple[tuple[int, ...], ...], centre: int, spread: bool) -> list[tuple[int, ...]]:
    """One voicing a chord, each led from the one before, and the last one back to the first."""
    return list(_led(chords, centre, spread)) if chords else []


def suspended(voicing: tuple[int, ...], pitch_classes: tuple[int, ...]) -> tuple[int, ...]:
    """The voicing with its third held up as a fourth; as it is where the chord has no plain third."""
    if len(pitch_classes) < 3 or (pitch_classes[1] - pitch_classes[0]) % 12 not in (3, 4):
        return voicing
    third, fourth = pitch_classes[1], (pitch_classes[0] + 5) % 12
    raised = [pitch + (fourth - third) % 12 if pitch % 12 == third else pitch for pitch in voicing]
    return tuple(sorted(set(raised)))
