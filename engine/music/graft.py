"""One take's rhythm with another's notes; and a take that is half another one."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from engine.music import edits
from engine.music.plan import Harmony, Time
from engine.music.score import Hit, Note, Score
from engine.music.theory import nearest_of

KEPT_DRUMS = ("kick", "snare", "clap")  # what a drum part's rhythm is known by
MOST_LENT, FEWEST_LENT_A_BAR = 1.25, 2  # times the hits that go; where there were hardly any, some come
STRONG_BEATS = 1.0
VARIED_SHARE = 0.34  # of the bars of "more like take 2"


def new_notes(old: Score, new: Score, time: Time) -> Score:
    """Every note where it was, with a pitch of the new take; drums keep kick and backbeat."""
    if old.hits:
        return replace(old, hits=_redrummed(old.hits, new.hits, time))
    if not old.notes or not new.notes:
        return old
    strikes, lent = _strikes(old.notes), _strikes(new.notes)
    starts = [strike[0].start_beats for strike in lent]
    found: list[Note] = []
    before: int | None = None
    for strike in strikes:
        source = lent[max(0, bisect_right(starts, strike[0].start_beats + 1e-6) - 1)]
        if len(strike) == 1:
            before = _another(source[0].pitch, strike[0], before, new)
            found.append(replace(strike[0], pitch=before))
        else:
            found += _revoiced(strike, source)
    if [note.pitch for note in found] == [note.pitch for note in old.notes]:
        found = [note for strike in strikes for note in _inverted(strike)]
    return replace(old, chords=new.chords, key=new.key, notes=tuple(found))


def _inverted(strike: Sequence[Note]) -> list[Note]:
    """The same chord with its lowest note on top, where there is room above it."""
    low = min(strike, key=lambda note: note.pitch)
    return [replace(n, pitch=min(127, n.pitch + 12)) if n is low else n for n in strike]


def _another(pitch: int, note: Note, before: int | None, new: Score) -> int:
    """The lent pitch; on strong beats a tone of the chord; another one where it would repeat the old note."""
    chord = Harmony(new.chords).at(note.start_beats) if new.chords else None
    if chord and note.start_beats % STRONG_BEATS < 1e-6 and pitch % 12 not in chord.pitch_classes:
        pitch = nearest_of(chord.pitch_classes, pitch)
    if pitch == note.pitch and before is not None and chord:
        others = tuple(pc for pc in chord.pitch_classes if pc != pitch % 12)
        pitch = nearest_of(others, before) if others else pitch
    return pitch


def _revoiced(strike: Sequence[Note], source: Sequence[Note]) -> list[Note]:
    """The strike with the pitches of another one; its loudness and timing voice by voice."""
    pitches = sorted({note.pitch for note in source})
    return [replace(strike[min(i, len(strike) - 1)], pitch=pitch) for i, pitch in enumerate(pitches)]


def _redrummed(old: Sequence[Hit], new: Sequence[Hit], time: Time) -> tuple[Hit, ...]:
    """Other voices around the kick and backbeat, about as busy as those that were there."""
    kept = [hit for hit in old if hit.voice in KEPT_DRUMS]
    lent = [hit for hit in new if hit.voice not in KEPT_DRUMS]
    most = MOST_LENT * max(len(old) - len(kept), FEWEST_LENT_A_BAR * time.bars)
    return edits.in_order(
        [*kept, *(edits.thinned(lent, most / len(lent), time) if len(lent) > most else lent)]
    )


def new_rhythm(old: Score, new: Score) -> Score:
    """The pitches in their order, in the rhythm of the new take; drums are their rhythm, so all is new."""
    if not old.notes or not new.notes:
        return replace(old, hits=new.hits)
    strikes = _strikes(old.notes)
    starts = [strike[0].start_beats for strike in strikes]
    found: list[Note] = []
    used: set[int] = set()
    for strike in _strikes(new.notes):
        place = max(0, bisect_right(starts, strike[0].start_beats + 1e-6) - 1)
        # A note that has been sung already gives way to the next one that has not, if that is near.
        while place in used and place + 1 < len(strikes) and starts[place + 1] < strike[0].start_beats + 1.0:
            place += 1
        used.add(place)
        source = strikes[place]
        if len(source) == 1:
            found.append(replace(strike[0], pitch=source[0].pitch))
        else:
            found += _revoiced(strike, source)
    return replace(old, notes=edits.trimmed(found, old.length_beats))


def varied(base: Score, new: Score, rng: random.Random) -> Score:
    """The base with about a third of its bars, and at least one, told by the new take."""
    bar_beats = base.signature.bar_beats
    count = max(1, round(VARIED_SHARE * base.bars))
    # The first bar is what a part is known by; it changes only where there is no other.
    chosen = set(rng.sample(range(min(1, base.bars - 1), base.bars), min(count, max(1, base.bars - 1))))

    def merged(old: Sequence[edits.Item], lent: Sequence[edits.Item]) -> tuple[edits.Item, ...]:
        return edits.in_order(
            edits.in_bars(old, bar_beats, lambda bar: bar not in chosen)
            + edits.in_bars(lent, bar_beats, lambda bar: bar in chosen)
        )

    notes = merged(base.notes, new.notes)
    line = edits.is_line(base) and edits.is_line(new)
    return replace(base, notes=edits.apart(notes) if line else notes, hits=merged(base.hits, new.hits))


def _strikes(notes: Sequence[Note]) -> list[list[Note]]:
    """Notes that begin together, in order of time."""
    return list(edits.grouped(notes).values())
