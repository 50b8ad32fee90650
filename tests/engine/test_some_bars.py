"""Two scores become one, bar by bar: nothing of either is left where the other plays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model_takes import in_bar
from engine.music.grid import STEP_BEATS
from engine.music.score import Chord, Curve, Hit, Note, Score
from engine.music.some_bars import in_bars, spans, with_bars
from tests.engine.musicians import TRACKS, band
from tests.engine.stems import score, scores


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Score, Score, frozenset[int]]:
    """Two scores of one frame, and bars of it."""
    track = draw(st.sampled_from(("drums", "bass")))
    one, two = draw(scores(track)), draw(scores(track))
    end = one.length_beats
    items = {
        "notes": tuple(
            replace(note, length_beats=min(note.length_beats, end - note.start_beats))
            for note in two.notes
            if note.start_beats < end
        ),
        "hits": tuple(hit for hit in two.hits if hit.start_beats < end),
    }
    return one, replace(one, **items), draw(st.frozensets(st.integers(0, one.bars - 1)))


def bars_of(note: Note, score: Score) -> set[int]:
    """The bars that a note sounds in, its last millionth apart."""
    last = note.start_beats + note.length_beats - 1e-6
    bar_beats = score.signature.bar_beats
    return set(range(int((note.start_beats + 1e-6) / bar_beats), int(last / bar_beats) + 1))


def starts(score: Score, bars: set[int]) -> list[tuple[float, int | str]]:
    bar_beats = score.signature.bar_beats
    items: tuple[Note | Hit, ...] = (*score.notes, *score.hits)
    return sorted(
        (round(item.start_beats, 6), item.pitch if isinstance(item, Note) else item.voice)
        for item in items
        if int(item.start_beats / bar_beats + 1e-6) in bars
    )


@given(pairs())
def test_every_bar_is_one_of_the_two(pair: tuple[Score, Score, frozenset[int]]) -> None:
    standing, new, bars = pair
    both = with_bars(standing, new, bars)  # validates itself
    others = set(range(standing.bars)) - bars
    for note in both.notes:
        assert not (bars_of(note, both) & bars and bars_of(note, both) & others), note
    assert both.hits == tuple(sorted(both.hits, key=lambda hit: hit.start_beats))
    for source, there in ((standing, others), (new, set(bars))):
        assert set(starts(source, there)) <= set(starts(both, there))
        lines = {round(start, 6) for start, _ in spans(there, both.signature.bar_beats)}
        assert all(at in lines for at, _ in set(starts(both, there)) - set(starts(source, there)))


@given(pairs())
def test_no_bars_and_all_bars(pair: tuple[Score, Score, frozenset[int]]) -> None:
    standing, new, _ = pair
    for bars, source in (((), standing), (range(standing.bars), new)):
        both = with_bars(standing, new, bars)
        assert sorted(both.notes, key=str) == sorted(source.notes, key=str)
        assert sorted(both.hits, key=str) == sorted(source.hits, key=str)


@given(pairs())
def test_what_is_put_in_is_what_is_there(pair: tuple[Score, Score, frozenset[int]]) -> None:
    standing, new, bars = pair
    both = with_bars(standing, new, bars)
    others = set(range(standing.bars)) - bars
    assert sorted(in_bars(both, bars).notes, key=str) == sorted(in_bars(new, bars).notes, key=str)
    assert sorted(in_bars(both, others).hits, key=str) == sorted(in_bars(standing, others).hits, key=str)


def line(*notes: Note, **changes: object) -> Score:
    return score("bass", bars=4, notes=notes, **changes)


def shape(score: Score) -> list[tuple[float, float, int]]:
    return [(note.start_beats, note.length_beats, note.pitch) for note in score.notes]


def test_a_held_note_ends_at_the_new_bar_and_is_struck_again_after_it() -> None:
    both = with_bars(line(Note(0, 16, 40, 90, slide=True)), line(Note(4, 1, 50, 90)), {1})
    assert shape(both) == [(0, 4, 40), (4, 1, 50), (8, 8, 40)]
    assert [note.slide for note in both.notes] == [True, False, False]


def test_a_new_note_ends_at_the_bar_that_stays_and_one_held_into_new_bars_is_struck_on_their_line() -> None:
    both = with_bars(line(Note(12, 1, 40, 90)), line(Note(2, 9, 50, 90), Note(10, 6, 52, 90)), {1, 2})
    assert shape(both) == [(4, 7, 50), (10, 2, 52), (12, 1, 40)]


def test_a_tail_over_the_line_is_no_note() -> None:
    tail = STEP_BEATS / 2
    both = with_bars(line(Note(4, 4 + tail, 40, 90)), line(Note(2, 2 + tail, 50, 90)), {1})
    assert shape(both) == []
    both = with_bars(line(Note(4, 4 + STEP_BEATS, 40, 90)), line(), {1})
    assert shape(both) == [(8, STEP_BEATS, 40)]


def test_what_is_new_never_sounds_before_its_line_and_what_stays_is_as_early_as_it_was() -> None:
    standing = score("drums", bars=4, hits=(Hit(0, "kick", 90, -9.0), Hit(8, "kick", 90, -9.0)))
    new = score("drums", bars=4, hits=(Hit(4, "kick", 90, -9.0), Hit(5, "snare", 90, -9.0)))
    offsets = [hit.offset_ms for hit in with_bars(standing, new, {1}).hits]
    assert offsets == [-9.0, 0.0, -9.0, -9.0]


def test_frame_and_sound_are_the_standing_takes() -> None:
    standing = line(Note(0, 1, 40, 90), settings={"drive": 0.2}, palette="sub")
    new = line(Note(4, 1, 50, 90), settings={"drive": 0.9}, palette="fm_bass", genre="house", tempo_bpm=99.0)
    both = with_bars(standing, new, {1})
    assert replace(both, notes=()) == replace(standing, notes=())


def test_curves_and_chords_are_new_in_the_new_bars() -> None:
    am, f = Chord(0, 16, "Am", (9, 0, 4)), Chord(0, 16, "F", (5, 9, 0))
    flat, other = Curve("energy", ((0, 0.2), (16, 0.2))), Curve("energy", ((0, 0.4), (16, 0.8)))
    only = Curve("filter", ((0, 0.5), (16, 0.5)))
    both = with_bars(line(chords=(am,), curves=(flat, only)), line(chords=(f,), curves=(other,)), {1})
    assert [(chord.start_beats, chord.length_beats, chord.symbol) for chord in both.chords] == [
        (0, 4, "Am"), (4, 4, "F"), (8, 8, "Am"),
    ]  # fmt: skip
    energy, filter_curve = both.curves
    assert filter_curve == only
    beats, values = zip(*energy.points, strict=True)
    assert list(beats) == sorted(set(beats))
    heard = np.interp([0, 3.9, 4.0, 6.0, 7.9, 8.0, 16.0], beats, values)
    assert heard == pytest.approx([0.2, 0.2, 0.5, 0.55, 0.5975, 0.2, 0.2])


@pytest.mark.parametrize("genre", ["house", "ambient", "jazz"])
@pytest.mark.parametrize("track", TRACKS)
def test_bars_of_a_band_are_written_as_they_stood(genre: str, track: str) -> None:
    """Where no note is held over a line of the chosen bars, the others are the same to the last digit."""
    standing, new = (
        band(genre, 3)[track],
        replace(band(genre, 4)[track], tempo_bpm=band(genre, 3)[track].tempo_bpm),
    )
    bars = {2, 3, 6}
    both = with_bars(standing, new, bars)
    for bar in set(range(standing.bars)) - bars:
        before, after = in_bar(standing, bar), in_bar(both, bar)
        assert after[1] == before[1]
        starting = [n.start_beats for n in standing.notes if 4 * bar <= n.start_beats < 4 * bar + 4]
        assert set(starting) <= {n.start_beats for n in both.notes}
