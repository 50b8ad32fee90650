"""Not the same idea twice: distances between takes, and the choice of a seed by them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.compose import compose
from engine.music.distance import distance, nearest
from engine.music.fresh import ENOUGH, TRIES, following, freshest
from engine.music.key import Key, Signature
from engine.music.score import Note, Score
from engine.prompt.music_context import MusicContext

CONTEXT = MusicContext(
    "", "techno", 130.0, Key(9, "minor"), Signature(), 8, energy=0.7, density=0.5, brightness=0.5
)
notes = st.lists(
    st.builds(
        Note, st.integers(0, 63).map(lambda s: s / 4), st.just(0.25), st.integers(30, 90), st.integers(1, 127)
    ),
    max_size=20,
).map(tuple)


def written(seed: int, track: str = "bass") -> Score:
    return compose(track, CONTEXT, {}, seed, {})


def with_notes(row: tuple[Note, ...]) -> Score:
    return Score("bass", 120.0, Key(), Signature(), 4, "techno", "sub", notes=row)


@given(notes, notes)
def test_distance_is_a_symmetric_share(one: tuple[Note, ...], other: tuple[Note, ...]) -> None:
    a, b = with_notes(one), with_notes(other)
    assert distance(a, b) == distance(b, a)
    assert 0.0 <= distance(a, b) <= 1.0
    assert distance(a, a) == 0.0


def test_other_pitches_in_the_same_rhythm_are_half_as_far_as_nothing_in_common() -> None:
    line = with_notes(tuple(Note(beat, 0.5, 40, 100) for beat in range(8)))
    higher = replace(line, notes=tuple(replace(note, pitch=52) for note in line.notes))
    later = replace(line, notes=tuple(replace(n, start_beats=n.start_beats + 0.5) for n in line.notes))
    assert distance(line, higher) == 0.5
    assert distance(line, later) == 1.0


def test_louder_is_not_another_idea() -> None:
    line = with_notes(tuple(Note(beat, 0.5, 40, 100) for beat in range(8)))
    louder = replace(line, notes=tuple(replace(note, velocity=110) for note in line.notes))
    assert distance(line, louder) < ENOUGH


def test_without_other_takes_the_first_seed_is_taken() -> None:
    assert freshest(written, 5, ())[1] == 5


def test_the_take_that_stands_is_not_written_again() -> None:
    score, seed = freshest(written, 5, (written(5),))
    assert seed != 5 and distance(score, written(5)) >= ENOUGH
    assert score == written(seed)


def test_of_too_many_alike_the_farthest_is_taken() -> None:
    """A composer with few ideas: each differs a little from the first."""
    line = tuple(Note(beat / 4, 0.25, 40, 100) for beat in range(64))
    shapes: dict[int, Score] = {}

    def poor(seed: int) -> Score:
        count = len(shapes)
        return shapes.setdefault(seed, with_notes(line[: 64 - count]))

    score, _ = freshest(poor, 1, (with_notes(line),))
    assert len(shapes) == TRIES
    assert nearest(score, [with_notes(line)]) == max(nearest(s, [with_notes(line)]) for s in shapes.values())


@pytest.mark.parametrize("track", ["drums", "bass", "harmony", "melody"])
def test_ten_takes_in_a_row_are_ten_ideas(track: str) -> None:
    takes: list[Score] = []
    seed = 1
    for _ in range(10):
        score, used = freshest(lambda s: written(s, track), seed, takes)
        takes.append(score)
        seed = following(used)
    away = [nearest(score, takes[max(0, i - 8) : i]) for i, score in enumerate(takes)]
    assert sum(far >= ENOUGH for far in away) >= 9, away
