"""A relative prompt changes the take that stands rather than start over.

    the take that stands --+                    keep the rhythm, keep the notes, more like take 2
                           +--> what is asked --> thinner, fuller, louder, swung, octave, sound ...
    a new take, as wished --+

The new take, written for the changed wishes, lends what the change needs: more notes, other pitches,
voices that were missing, and the settings and curves of the sound. Everything else stays note for note.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from engine.context.track_context import TrackContext
from engine.music import edits
from engine.music.conform import conformed
from engine.music.graft import new_notes, new_rhythm, varied
from engine.music.past import Past
from engine.music.plan import Time
from engine.music.score import Hit, Note, Score
from engine.music.wishes import Wishes
from engine.prompt.music_context import MusicContext, TrackIntent

ALL = "*"  # in TrackIntent.rates
ITSELF = "itself"  # the name under which a take that stands is heard: its chords bind the new one
# Where a role is still heard as what it is: C1, 33 Hz, is as low as loudspeakers follow.
RANGES = {"bass": (24, 84), "harmony": (28, 108), "melody": (36, 108)}
WHOLE_RANGE = (0, 127)
DENSITY_POWER = 0.7  # half the density leaves about 60 per cent of the places


@dataclass(frozen=True)
class Change:
    """From one set of wishes to another."""

    before: Wishes
    after: Wishes
    was: TrackIntent
    now: TrackIntent
    old_time: Time
    new_time: Time
    rng: random.Random
    frame_moved: bool = False  # tempo, key or length differ
    others_meant: bool = False  # the words speak of other tracks: this one stays as it is

    def step(self, name: str) -> float:
        return float(getattr(self.after, name)) - float(getattr(self.before, name))

    @property
    def is_none(self) -> bool:
        unmoved = self.before == self.after and self.was == replace(self.now, words=self.was.words)
        return unmoved and not self.frame_moved and not self.others_meant

    @property
    def fullness(self) -> float:
        """How many times as many notes are wished."""
        old, new = max(0.05, self.before.density), max(0.05, self.after.density)
        return float((new / old) ** DENSITY_POWER)


def revisable(track: str, context: MusicContext, past: Past) -> bool:
    """Whether the standing take can be changed into what is asked: else it is a new idea after all."""
    intent, current, before = context.intent(track), source_of(track, context, past), past.context
    if not context.relative or current is None or before is None or intent.silent:
        return False
    if not (current.notes or current.hits) or current.signature != context.signature:
        return False
    was = before.intent(track)
    return (
        (
            context.genre,
            context.genres,
            context.structure,
            context.section_bars,
            context.profile,
            intent.manner,
        )
        == (before.genre, before.genres, before.structure, before.section_bars, before.profile, was.manner)
    ) and not was.silent


def source_of(track: str, context: MusicContext, past: Past) -> Score | None:
    """The take that is changed: the one that stands, or the one that was named."""
    like = context.intent(track).like_take
    return past.take(like) or past.current if like else past.current


def heard_with(score: Score, heard: Mapping[str, TrackContext]) -> Mapping[str, TrackContext]:
    """The other tracks, and behind them the take itself: without others its chords stay."""
    return {**heard, ITSELF: TrackContext.from_score(score)}


def revise(old: Score, new: Score, change: Change) -> Score:
    """`old` as the wishes changed it. `new` is a take written for the changed wishes in their frame."""
    old = conformed(_in_frame(old, new), new)
    kept = _kept(old, new, change)
    hits = _voiced(_changed(kept.hits, new.hits, change), new.hits, change)
    notes = _pitched(_changed(kept.notes, new.notes, change), old, change)
    result = replace(
        new,
        notes=edits.trimmed(notes, new.length_beats),
        hits=hits,
        palette=new.palette if change.after.palette != change.before.palette else old.palette,
    )
    return result if result.notes or result.hits else new


def _in_frame(old: Score, new: Score) -> Score:
    """The old take at the new tempo and length."""
    if old.bars == new.bars:
        return replace(old, tempo_bpm=new.tempo_bpm)
    span, end = old.length_beats, new.length_beats
    return replace(
        old, tempo_bpm=new.tempo_bpm, bars=new.bars, notes=edits.looped(old.notes, span, end),
        hits=edits.looped(old.hits, span, end), curves=new.curves, sections=new.sections,
    )  # fmt: skip


def _kept(old: Score, new: Score, change: Change) -> Score:
    if change.now.keep == "rhythm":
        return new_notes(old, new, change.new_time)
    if change.now.keep == "notes":
        return new_rhythm(old, new)
    # Words that say nothing here ("more purple") ask for another take of the same idea all the same.
    return varied(old, new, change.rng) if change.now.like_take or change.is_none else old


# --- what moved -------------------------------------------------------------------------------------


def _changed(
    items: tuple[edits.Item, ...], others: tuple[edits.Item, ...], change: Change
) -> tuple[edits.Item, ...]:
    """Fullness, loudness and timing."""
    if not items:
        return items
    end = change.new_time.length_beats
    if change.step("swing"):
        items = edits.reswung(items, change.old_time, change.new_time)
    if change.fullness < 0.99:
        items = edits.thinned(items, change.fullness, change.new_time)
    elif change.fullness > 1.01:
        items = edits.fuller(items, others, change.fullness, change.new_time, end)
    if change.step("energy"):
        items = edits.louder(items, change.step("energy"))
    if change.step("humanize"):
        items = edits.humanized(items, change.before.humanize, change.after.humanize, change.rng)
    return items


def _voiced(hits: tuple[Hit, ...], new: tuple[Hit, ...], change: Change) -> tuple[Hit, ...]:
    """Drum voices that must not sound, must sound, or go at another rate."""
    if not hits:
        return ()
    rates, time = change.now.rates, change.new_time
    hits = edits.rated(hits, rates.get(ALL, 1.0), time.length_beats, time.grid.bar_beats)
    hits = tuple(hit for hit in hits if hit.voice not in change.now.avoid)
    missing = set(change.now.want) - {hit.voice for hit in hits}
    hits = edits.in_order([*hits, *(hit for hit in new if hit.voice in missing)])
    lanes = {
        voice: tuple(lane)
        for voice, lane in groupby(sorted(hits, key=lambda h: h.voice), key=lambda h: h.voice)
    }
    found: list[Hit] = []
    for voice, lane in lanes.items():
        rate = rates.get(voice, 1.0)
        found += edits.multiplied(edits.in_order(lane), rate, time.length_beats) if rate != 1.0 else lane
    return struck_once(edits.in_order(found))


def struck_once(hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """Of strokes of one drum at the same time the loudest."""
    loudest: dict[tuple[float, str], Hit] = {}
    for hit in hits:
        known = loudest.setdefault((hit.start_beats, hit.voice), hit)
        if hit.velocity > known.velocity:
            loudest[hit.start_beats, hit.voice] = hit
    return tuple(loudest.values())


def _pitched(notes: tuple[Note, ...], old: Score, change: Change) -> tuple[Note, ...]:
    """Octave, accents, articulation; a line stays a line."""
    if not notes:
        return ()
    notes = edits.transposed(notes, 12 * round(change.step("octave")), *RANGES.get(old.track, WHOLE_RANGE))
    if abs(change.step("energy")) >= 0.1:
        notes = edits.accented(notes, change.step("energy"), change.new_time)
    time, how = change.new_time, change.now.articulation
    notes = edits.rated(notes, change.now.rates.get(ALL, 1.0), time.length_beats, time.grid.bar_beats)
    if edits.is_line(old):
        notes = edits.apart(notes)
    return edits.articulated(notes, how) if how and how != change.was.articulation else notes
