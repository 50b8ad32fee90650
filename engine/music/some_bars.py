"""Chosen bars of one score in the place of those of another: what a new take of these bars alone plays.

standing   |a---|--a-|a-a-|        bars 2 chosen        |a---|nn--|a-a-|
new        |n-n-|nn--|----|                               held notes end at the bar lines between the two
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from engine.music import edits
from engine.music.grid import STEP_BEATS
from engine.music.score import Chord, Curve, Hit, Note, Score
from engine.units import ms_to_samples, samples_to_beats

EDGE_BEATS = 1e-6  # as near to a bar line as that is on it
CURVE_STEP_BEATS = (
    1e-3  # a curve goes from one score's value to the other's within that, as in a form's steps
)
Span = tuple[float, float]  # beats start .. end


def with_bars(standing: Score, new: Score, bars: Collection[int]) -> Score:
    """`standing` with its `bars` (from 0) as `new`, of the same bars and signature, has them.

    Notes, hits, chords and the curves that both have are those of `new` in these bars; everything else is
    the standing take's. Each score's notes sound in its own bars alone:

    - a note that rings on over a line to the other's bars ends there;
    - one that was struck before the line, and is still held a sixteenth or more beyond it, is struck again on
      it: those bars sound like that, and performed again (at another tempo, by a synth) they still do;
    - a new item ahead of the beat on the first line of its bars is on it: before it the standing take sounds.
    """
    assert (standing.bars, standing.signature) == (new.bars, new.signature), (standing.bars, new.bars)
    kept = spans(set(range(standing.bars)) - set(bars), standing.signature.bar_beats)
    chosen = spans(bars, standing.signature.bar_beats)
    fresh = in_bars(new, bars)
    return replace(
        standing,
        notes=edits.in_order([*_sounding(standing.notes, kept), *_not_before(fresh.notes, chosen, standing)]),
        hits=edits.in_order([*_struck(standing.hits, kept), *_not_before(fresh.hits, chosen, standing)]),
        chords=_chords(standing.chords, new.chords, kept, chosen),
        curves=_curves(standing, new, kept, chosen),
    ).validate()


def in_bars(score: Score, bars: Collection[int]) -> Score:
    """The score with what sounds in these bars (from 0) alone."""
    there = spans(bars, score.signature.bar_beats)
    notes, hits = tuple(_sounding(score.notes, there)), tuple(_struck(score.hits, there))
    return replace(score, notes=notes, hits=hits)


def spans(bars: Collection[int], bar_beats: float) -> list[Span]:
    """Bars as the spans that they make up: neighbours are one."""
    runs: list[tuple[int, int]] = []
    for bar in sorted(bars):
        if runs and runs[-1][1] == bar:
            runs[-1] = (runs[-1][0], bar + 1)
        else:
            runs.append((bar, bar + 1))
    return [(first * bar_beats, after * bar_beats) for first, after in runs]


def _begins(item: Note | Hit, span: Span) -> bool:
    return span[0] - EDGE_BEATS <= item.start_beats < span[1] - EDGE_BEATS


def _struck(hits: Sequence[Hit], there: Sequence[Span]) -> Iterator[Hit]:
    return (hit for hit in hits if any(_begins(hit, span) for span in there))


def _sounding(notes: Sequence[Note], there: Sequence[Span]) -> Iterator[Note]:
    """What of the notes sounds in the spans; the end of one that is shorter than a sixteenth is no note."""
    for start, end in there:
        for note in notes:
            note_end = note.start_beats + note.length_beats
            length = min(note_end, end) - max(note.start_beats, start)
            if _begins(note, (start, end)):
                is_cut = note_end > end + EDGE_BEATS
                yield replace(note, length_beats=end - note.start_beats) if is_cut else note
            elif note.start_beats < start and length >= STEP_BEATS - EDGE_BEATS:
                yield replace(note, start_beats=start, length_beats=length, offset_ms=0.0, slide=False)


def _not_before(items: Sequence[edits.Item], there: Sequence[Span], score: Score) -> Iterator[edits.Item]:
    """The items, none of them played before the line that its span begins with."""
    for item in items:
        early = samples_to_beats(ms_to_samples(min(0.0, item.offset_ms)), score.tempo_bpm)
        crosses = any(_begins(item, span) and item.start_beats + early < span[0] for span in there)
        yield replace(item, offset_ms=0.0) if crosses else item


# --- chords and curves ------------------------------------------------------------------------------


def _chords(
    standing: tuple[Chord, ...], new: tuple[Chord, ...], kept: Sequence[Span], chosen: Sequence[Span]
) -> tuple[Chord, ...]:
    if standing == new:
        return standing
    both = [*_chords_in(standing, kept), *_chords_in(new, chosen)]
    return tuple(sorted(both, key=lambda chord: chord.start_beats))


def _chords_in(chords: Sequence[Chord], there: Sequence[Span]) -> Iterator[Chord]:
    for start, end in there:
        for chord in chords:
            first = max(start, chord.start_beats)
            length = min(end, chord.start_beats + chord.length_beats) - first
            if length > EDGE_BEATS:
                yield replace(chord, start_beats=first, length_beats=length)


def _curves(standing: Score, new: Score, kept: Sequence[Span], chosen: Sequence[Span]) -> tuple[Curve, ...]:
    others = {curve.name: curve for curve in new.curves}
    found = []
    for curve in standing.curves:
        other = others.get(curve.name, curve)
        if other.points == curve.points:
            found.append(curve)
            continue
        parts = [(span, curve) for span in kept] + [(span, other) for span in chosen]
        parts.sort(key=lambda part: part[0])
        points = (point for span, line in parts for point in _line(line, span, standing.length_beats))
        found.append(Curve(curve.name, tuple(points)))
    return tuple(found)


def _line(curve: Curve, span: Span, end_beats: float) -> Iterator[tuple[float, float]]:
    """The curve's points over a span: its own, and one at each end."""
    start, end = span
    last = end if end > end_beats - EDGE_BEATS else end - CURVE_STEP_BEATS
    beats, values = zip(*curve.points, strict=True)
    inside = [beat for beat in beats if start < beat < last]
    for beat in (start, *inside, last):
        yield round(beat, 6), round(float(np.interp(beat, beats, values)), 6)
