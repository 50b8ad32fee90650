"""Edits of notes and hits, one idea each: thinner, fuller, louder, re-timed, transposed.

They keep what they do not speak of: a thinned part is a subset of the part, a fuller one holds all of it.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

from engine.music.grid import STEP_BEATS
from engine.music.plan import Time
from engine.music.score import Hit, Note, Score

Item = TypeVar("Item", Note, Hit)
BACKBONE = ("kick", "snare", "clap")
BACKBONE_WEIGHT = 1.0
LONGEST_ECHO_BEATS = 2.0
LOOSE_MS = 14.0


def place_of(item: Note | Hit) -> tuple[int, str]:
    """Where on the sixteenths an item stands; drums have a place a voice, a chord one for all its notes."""
    return round(item.start_beats / STEP_BEATS), item.voice if isinstance(item, Hit) else ""


def grouped(items: Iterable[Item]) -> dict[tuple[int, str], list[Item]]:
    """Items by their place, in order of time."""
    found: dict[tuple[int, str], list[Item]] = {}
    for item in sorted(items, key=lambda each: each.start_beats):
        found.setdefault(place_of(item), []).append(item)
    return found


def importance(time: Time, place: tuple[int, str], group: Sequence[Item]) -> float:
    """What a listener would miss: strong places, loud notes, and the backbone of a drum part."""
    weight = time.grid.weight[place[0] % time.grid.steps]
    return (
        weight + 0.5 * max(item.velocity for item in group) / 127.0 + BACKBONE_WEIGHT * (place[1] in BACKBONE)
    )


# --- how many -------------------------------------------------------------------------------------


def thinned(items: Sequence[Item], share: float, time: Time) -> tuple[Item, ...]:
    """About `share` of the places, the important ones; the same steps in every bar go first."""
    groups = grouped(items)
    keep = max(1, round(share * len(groups)))
    order = sorted(groups, key=lambda place: (-importance(time, place, groups[place]), place))
    return in_order(item for place in order[:keep] for item in groups[place])


def fuller(
    items: Sequence[Item], others: Sequence[Item], share: float, time: Time, end_beats: float
) -> tuple[Item, ...]:
    """All items and, up to `share` times as many places, what others play where these are silent.

    Where the others have too little, notes echo half way to the next one.
    """
    groups, offered = grouped(items), grouped(others)
    missing = round(share * len(groups)) - len(groups)
    places = [place for place in offered if place not in groups]
    places.sort(key=lambda place: (-importance(time, place, offered[place]), place))
    added: list[Item] = [item for place in places[: max(0, missing)] for item in offered[place]]
    missing -= min(len(places), max(0, missing))
    if missing > 0:
        added += echoes(list(items) + added, missing, end_beats)
    return in_order(list(items) + added)


def echoes(items: Sequence[Item], count: int, end_beats: float) -> list[Item]:
    """Repetitions half way between places, softer, in the widest gaps first."""
    groups = grouped(items)
    found: list[Item] = []
    for gap, step, voice in _widest_gaps(groups, round(end_beats / STEP_BEATS))[:count]:
        half = min(LONGEST_ECHO_BEATS, gap * STEP_BEATS / 2)
        for item in groups[step, voice]:
            start = item.start_beats + half
            if start < end_beats:
                found.append(replace(item, start_beats=start, velocity=max(1, round(0.8 * item.velocity))))
    return found


def _widest_gaps(places: Iterable[tuple[int, str]], end_step: int) -> list[tuple[int, int, str]]:
    """(gap in steps, place before it, voice), of all gaps with a place in their middle; early ones first."""
    lanes: dict[str, list[int]] = {}
    for step, voice in places:
        lanes.setdefault(voice, []).append(step)
    gaps = [
        (after - before, before, voice)
        for voice, steps in lanes.items()
        for before, after in pairwise([*steps, end_step])
        if after - before >= 2
    ]
    return sorted(gaps, key=lambda row: (-row[0], row[1], row[2]))


# --- how loud, how tight ----------------------------------------------------------------------------


def louder(items: Sequence[Item], step: float) -> tuple[Item, ...]:
    """Velocities moved by `step` (-1..1) of what there is to move."""
    return tuple(replace(item, velocity=max(1, min(127, round(item.velocity + 50 * step)))) for item in items)


def accented(items: Sequence[Note], step: float, time: Time) -> tuple[Note, ...]:
    """With more energy, notes on the beats are accents; with less, accents become plain notes."""
    starts = set(time.grid.beat_starts)

    def played(note: Note) -> Note:
        on_beat = place_of(note)[0] % time.grid.steps in starts
        if step > 0.0 and on_beat and note.articulation == "normal":
            return replace(note, articulation="accent")
        return replace(note, articulation="normal") if step < 0.0 and note.articulation == "accent" else note

    return tuple(played(note) for note in items)


def reswung(items: Sequence[Item], before: Time, after: Time) -> tuple[Item, ...]:
    """Every item on the same step of another swing."""

    def moved(item: Item) -> Item:
        bar, step = before.nearest(item.start_beats)
        start = item.start_beats + after.beat(bar, step) - before.beat(bar, step)
        return replace(item, start_beats=min(max(0.0, start), before.length_beats - 1e-6))

    return in_order(moved(item) for item in items)


def humanized(items: Sequence[Item], before: float, after: float, rng: random.Random) -> tuple[Item, ...]:
    """Micro-timing drawn in, or spread further, by how humanize (0..1) moved."""
    if after <= before:
        share = after / before if before else 1.0
        return tuple(replace(item, offset_ms=round(item.offset_ms * share, 2)) for item in items)
    spread = LOOSE_MS * (after - before)
    return tuple(
        replace(item, offset_ms=round(max(-45.0, min(45.0, item.offset_ms + rng.gauss(0.0, spread))), 2))
        for item in items
    )


# --- how fast ---------------------------------------------------------------------------------------


def rated(items: Sequence[Item], rate: float, end_beats: float, span_beats: float) -> tuple[Item, ...]:
    """The part at another rate: the first half of every two bars told twice as slowly, or all of it twice
    in half the time.

        as it is     |a b c d |e f g h |        half-time    |a   b   |c   d   |
                                                double-time  |abcdefgh|abcdefgh|
    """
    if rate == 1.0:
        return tuple(items)
    block = 2.0 * span_beats
    found: list[Item] = []
    for item in items:
        turn, place = divmod(item.start_beats, block)
        for repeat in range(max(1, round(rate))):
            start = turn * block + place / rate + repeat * block / rate
            if place / rate < block - 1e-9 and start < end_beats - 1e-9:
                found.append(_stretched(item, start, 1.0 / rate, end_beats))
    return in_order(found)


def _stretched(item: Item, start: float, factor: float, end_beats: float) -> Item:
    if isinstance(item, Note):
        length = min(item.length_beats * factor, end_beats - start)
        return replace(item, start_beats=start, length_beats=length)
    return replace(item, start_beats=start)


def multiplied(hits: Sequence[Hit], rate: float, end_beats: float) -> tuple[Hit, ...]:
    """One voice at another rate: a softer hit between every two for 2, every second one for 0.5.

    After the last one the loop ends.
    """
    if rate < 1.0:
        return tuple(hit for index, hit in enumerate(hits) if index % round(1.0 / rate) == 0)
    count = round(rate)
    gaps = [b.start_beats - a.start_beats for a, b in itertools.pairwise(hits)]
    usual = sorted(gaps)[len(gaps) // 2] if gaps else 0.5
    found: list[Hit] = []
    for index, hit in enumerate(hits):
        gap = min(gaps[index], 2.0 * usual) if index < len(gaps) else min(usual, end_beats - hit.start_beats)
        found += [
            replace(
                hit,
                start_beats=hit.start_beats + gap * part / count,
                velocity=max(1, round(hit.velocity * (0.78 if part else 1.0))),
            )
            for part in range(count)
        ]
    return tuple(found)


# --- how long, how high -----------------------------------------------------------------------------


def articulated(notes: Sequence[Note], how: str) -> tuple[Note, ...]:
    """Short notes, notes that reach the next, or notes that slide into the next where they are near."""
    starts = sorted({note.start_beats for note in notes})
    following = dict(itertools.pairwise(starts))
    found = []
    slides_in = False
    for note in notes:
        gap = following.get(note.start_beats, note.start_beats + note.length_beats) - note.start_beats
        if how == "staccato":
            # Shorter than it was, whatever the gap: a line of short notes is asked to be shorter still.
            short = min(note.length_beats, max(0.08, min(0.6 * note.length_beats, 0.45 * gap)))
            found.append(replace(note, length_beats=short, articulation="staccato", slide=False))
            continue
        length = max(note.length_beats, gap)
        slides_out = how == "slides" and gap <= 1.0 and note.start_beats in following
        found.append(
            replace(
                note,
                length_beats=length if how == "legato" or slides_out else note.length_beats,
                articulation="legato" if how == "legato" or slides_out else note.articulation,
                slide=slides_in if how == "slides" else note.slide,
            )
        )
        slides_in = slides_out and not slides_in
    return tuple(found)


def transposed(
    notes: Sequence[Note], semitones: int, lowest: int = 0, highest: int = 127
) -> tuple[Note, ...]:
    """The same line elsewhere; a note that would leave lowest..highest goes fewer octaves, or stays.

    Instruments fold such notes anyway: so what is written is what sounds.
    """
    found: dict[tuple[float, int], Note] = {}
    for note in notes:
        pitch = _moved(note.pitch, semitones, lowest, highest)
        # Two voices of a chord that met on one pitch are one note.
        found.setdefault((note.start_beats, pitch), replace(note, pitch=pitch))
    return tuple(found.values())


def _moved(pitch: int, semitones: int, lowest: int, highest: int) -> int:
    while semitones < 0 and pitch + semitones < lowest:
        semitones = min(0, semitones + 12)
    while semitones > 0 and pitch + semitones > highest:
        semitones = max(0, semitones - 12)
    return pitch + semitones


# --- bars -------------------------------------------------------------------------------------------


def in_bars(items: Iterable[Item], bar_beats: float, wanted: Callable[[int], bool]) -> list[Item]:
    """The items of the bars that are wanted."""
    return [item for item in items if wanted(int(item.start_beats / bar_beats + 1e-9))]


def looped(items: Sequence[Item], span_beats: float, end_beats: float) -> tuple[Item, ...]:
    """The items of a loop of `span_beats` repeated or cut to `end_beats`."""
    turns = int(-(-end_beats // span_beats))
    found = [
        replace(item, start_beats=item.start_beats + turn * span_beats)
        for turn in range(turns)
        for item in items
        if item.start_beats + turn * span_beats < end_beats
    ]
    return trimmed(found, end_beats)


def trimmed(items: Sequence[Item], end_beats: float) -> tuple[Item, ...]:
    """No note past the end of the loop."""
    return tuple(
        replace(item, length_beats=min(item.length_beats, end_beats - item.start_beats))
        if isinstance(item, Note)
        else item
        for item in items
    )


def apart(notes: Sequence[Note]) -> tuple[Note, ...]:
    """One voice: no note sounds into the next; of notes that begin together the loudest stays."""
    firsts: dict[float, Note] = {}
    for note in notes:
        known = firsts.get(note.start_beats)
        if known is None or note.velocity > known.velocity:
            firsts[note.start_beats] = note
    line = [firsts[start] for start in sorted(firsts)]
    return (
        *(
            replace(note, length_beats=min(note.length_beats, after.start_beats - note.start_beats))
            for note, after in itertools.pairwise(line)
        ),
        *line[-1:],
    )


def is_line(score: Score) -> bool:
    """Whether never two notes sound at once, give or take a legato overlap."""
    ends = 0.0
    for note in sorted(score.notes, key=lambda each: each.start_beats):
        if note.start_beats < ends - 0.05:
            return False
        ends = note.start_beats + note.length_beats
    return True


def in_order(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(sorted(items, key=lambda item: item.start_beats))
