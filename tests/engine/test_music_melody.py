"""Laws of the melody: its range, leaps that turn back, questions and answers, chord tones where it counts."""

from __future__ import annotations

import random
from itertools import pairwise
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.music.genre import genres
from engine.music.key import MODES, Key, Signature
from engine.music.line import ABOVE, BELOW, LEAP, WIDEST, bent, in_reach, led
from engine.music.motif import DEVELOPMENTS, Motif, MotifNote, inversion, retrograde, sequence
from engine.music.score import Chord, Score
from engine.music.theory import Ladder, chord_pitch_classes
from engine.prompt.music_context import MusicContext
from tests.engine.musicians import band, chord_at, plain, play, starts_in

GENRES = sorted(genres())
SUNG = [name for name in GENRES if genres()[name].melody.style != "arp"]
SEEDS = range(6)


def melodies(genre: str) -> list[Score]:
    return [band(genre, seed)["melody"] for seed in SEEDS]


@pytest.mark.parametrize("genre", SUNG)
def test_a_melody_stays_within_an_octave_and_a_half(genre: str) -> None:
    for score in melodies(genre):
        pitches = [note.pitch for note in score.notes]
        assert max(pitches) - min(pitches) <= BELOW + ABOVE + 2


def test_leaps_turn_back_by_step() -> None:
    """Over all genres: after a leap wider than a fourth the line goes the other way, at most a third."""
    leaps = back = 0
    for genre in SUNG:
        for score in melodies(genre):
            pitches = [note.pitch for note in score.notes]
            for one, two, three in zip(pitches, pitches[1:], pitches[2:], strict=False):
                if abs(two - one) > LEAP:
                    leaps += 1
                    back += (two - one) * (three - two) <= 0 and abs(three - two) <= 4
    assert leaps > 100 and back / leaps > 0.85


@pytest.mark.parametrize("genre", SUNG)
def test_most_steps_are_small(genre: str) -> None:
    moves = [abs(after.pitch - before.pitch) for s in melodies(genre) for before, after in pairwise(s.notes)]
    assert mean(move <= LEAP for move in moves) > 0.7
    assert mean(move <= 12 for move in moves) > 0.97


@pytest.mark.parametrize("genre", GENRES)
def test_strong_places_hold_chord_tones_in_odd_meters_too(genre: str) -> None:
    for signature in ((3, 4), (6, 8)):
        score = play(metered(genre, signature), 3)["melody"]
        bar = score.signature.bar_beats
        strong = [note for note in score.notes if note.start_beats % bar == 0.0]
        on = [note.pitch % 12 in chord_at(score, note.start_beats).pitch_classes for note in strong]
        assert not strong or mean(on) > 0.85


def metered(genre: str, signature: tuple[int, int]) -> MusicContext:
    return plain(genre, signature=Signature(*signature), swing=0.0)


@pytest.mark.parametrize("genre", SUNG)
def test_a_motif_comes_back(genre: str) -> None:
    """Of the bars that sing, some share their rhythm with another bar."""
    for score in melodies(genre):
        rhythms = [tuple(starts_in(score, bar)) for bar in range(8)]
        sung = [rhythm for rhythm in rhythms if rhythm]
        assert len(sung) < 2 or len(set(sung)) < len(sung)


@pytest.mark.parametrize("genre", ["pop", "rock", "synthwave"])
def test_the_last_note_of_the_loop_is_at_rest(genre: str) -> None:
    """The tonic where the chord has it, or else the root: where the last unit is an answer that sounds."""
    rest = total = 0
    for score in melodies(genre):
        last = score.notes[-1]
        if last.start_beats >= 28.0:
            chord = chord_at(score, last.start_beats).pitch_classes
            total += 1
            rest += last.pitch % 12 in (score.key.tonic, chord[0])
    assert total and rest / total > 0.8


def test_every_genre_has_a_blue_or_pentatonic_note_only_where_it_says_so() -> None:
    for genre in GENRES:
        if genres()[genre].melody.scale == "pentatonic":
            context = plain(genre)
            steps = (0, 3, 5, 7, 10) if context.key.is_minor else (0, 2, 4, 7, 9)
            scale = {(context.key.tonic + step) % 12 for step in steps}
            for score in melodies(genre):
                for note in score.notes:
                    chord = chord_at(score, note.start_beats).pitch_classes
                    assert note.pitch % 12 in scale | set(chord), (genre, note)


# --- a line -----------------------------------------------------------------------------------------

chords = st.sampled_from(("Am", "E7", "Dm7", "C", "Bm7b5", "F#dim7", "G5")).map(
    lambda symbol: Chord(0.0, 4.0, symbol, chord_pitch_classes(symbol))
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(60, 84), max_size=2), st.integers(50, 95), chords, st.booleans())
def test_a_line_is_in_its_range_and_strong_where_it_must(
    before: list[int], wanted: int, chord: Chord, strong: bool
) -> None:
    pitch = led(wanted, chord, strong, tuple(before), Ladder(Key(9, "minor").scale), 72)
    assert 72 - BELOW <= pitch <= 72 + ABOVE
    if strong:
        assert pitch % 12 in chord.pitch_classes


@given(st.integers(0, 127), st.integers(36, 100), st.integers(0, 127))
def test_in_reach_keeps_the_tone_and_finds_the_nearest_octave(pitch: int, centre: int, last: int) -> None:
    found = in_reach(pitch, centre, last)
    assert found % 12 == pitch % 12 and centre - BELOW <= found <= centre + ABOVE
    if abs(found - last) > WIDEST:
        others = [found - 12, found + 12]
        assert all(abs(o - last) >= abs(found - last) for o in others if -BELOW <= o - centre <= ABOVE)


def test_a_note_beside_a_borrowed_tone_becomes_it() -> None:
    key, chord = Key(9, "minor"), Chord(0.0, 4.0, "E7", chord_pitch_classes("E7"))
    assert bent(67, chord, key) == 68  # G beside the G sharp of E7
    assert bent(69, chord, key) == 68
    assert bent(65, chord, key) == 65
    assert bent(71, chord, key) == 71


# --- development ------------------------------------------------------------------------------------

motifs = st.lists(
    st.tuples(st.integers(0, 15), st.integers(1, 4), st.integers(-4, 5)), min_size=1, max_size=8
).map(
    lambda rows: tuple(
        MotifNote(0, step, min(steps, 16 - step), rungs, 0.8)
        for step, steps, rungs in sorted({row[0]: row for row in rows}.values())
    )
)


@given(motifs, st.randoms(use_true_random=False))
def test_developments_stay_inside_the_unit(motif: Motif, rng: random.Random) -> None:
    for development in DEVELOPMENTS:
        for note in development(motif, rng, 16):
            assert note.bar == 0 and 0 <= note.step < 16 and 1 <= note.steps <= 16 - note.step


@given(motifs, st.randoms(use_true_random=False))
def test_turned_over_twice_and_backwards_twice_is_the_same(motif: Motif, rng: random.Random) -> None:
    assert inversion(inversion(motif, rng, 16), rng, 16) == motif
    assert retrograde(retrograde(motif, rng, 16), rng, 16) == motif
    moved = {
        after.rungs - before.rungs for before, after in zip(motif, sequence(motif, rng, 16), strict=True)
    }
    assert len(moved) == 1 and moved != {0}


def test_modes_have_a_line() -> None:
    for mode in MODES:
        score = play(plain("pop", key=Key(2, mode)), 1)["melody"]
        assert score.notes
