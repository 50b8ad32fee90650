"""Laws of voice-leading: small moves, kept tones, no mud, suspensions that fall."""

from __future__ import annotations

from itertools import pairwise
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.music.genre import genres
from engine.music.score import Score
from engine.music.theory import CHORDS, chord_pitch_classes
from engine.music.voicing import (
    CEILING,
    FLOOR,
    MUD_BELOW,
    motion,
    parallels,
    suspended,
    voicings,
)
from tests.engine.musicians import band, chord_at, plain, play

Chords = tuple[tuple[int, ...], ...]
NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
symbols = st.builds(str.__add__, st.sampled_from(NAMES), st.sampled_from(sorted(CHORDS)))
progressions = st.lists(symbols, min_size=1, max_size=8).map(
    lambda names: tuple(chord_pitch_classes(name) for name in names)
)
centres = st.integers(FLOOR + 7, CEILING - 7)


@settings(max_examples=150, deadline=None)
@given(progressions, centres, st.booleans())
def test_a_voicing_holds_its_chord_between_floor_and_ceiling(
    chords: Chords, centre: int, spread: bool
) -> None:
    for classes, voicing in zip(chords, voicings(chords, centre, spread), strict=True):
        assert list(voicing) == sorted(voicing)
        assert voicing[0] >= FLOOR and voicing[-1] <= CEILING
        sounding = {pitch % 12 for pitch in voicing}
        assert sounding <= set(classes) and len(sounding) >= min(4, len(set(classes)))
        assert {classes[0], classes[1]} <= sounding  # the root and what makes its kind


@settings(max_examples=60, deadline=None)
@given(progressions, centres)
def test_the_same_chord_again_does_not_move(chords: Chords, centre: int) -> None:
    doubled = tuple(classes for classes in chords for _ in range(2))
    led = voicings(doubled, centre, False)
    assert all(led[i] == led[i + 1] for i in range(0, len(led), 2))


@pytest.mark.parametrize(
    "names",
    [("C", "Am", "F", "G"), ("Am", "F", "C", "G"), ("Dm7", "G7", "Cmaj7", "Am7"), ("Cm", "Ab", "Eb", "Bb")],
)
def test_well_known_progressions_move_by_steps(names: tuple[str, ...]) -> None:
    """A voice moves two semitones or less on the mean, the way back to the first chord included."""
    led = voicings(tuple(chord_pitch_classes(name) for name in names), 63, False)
    for before, after in pairwise([*led, led[0]]):
        assert motion(after, before) / len(after) <= 3.5
        assert set(before) & set(after) or not set_of(before) & set_of(after)
    moves = [
        abs(b - a) for before, after in pairwise([*led, led[0]]) for a, b in zip(before, after, strict=True)
    ]
    assert mean(moves) <= 2.0


def set_of(voicing: tuple[int, ...]) -> set[int]:
    return {pitch % 12 for pitch in voicing}


def test_two_fifths_in_a_row_are_counted_and_a_held_fifth_is_not() -> None:
    assert parallels((50, 57), (48, 55)) == 1
    assert parallels((48, 55), (48, 55)) == 0
    assert parallels((48, 57), (48, 55)) == 0


def test_a_suspension_is_the_fourth_and_falls_to_the_third() -> None:
    assert suspended((60, 64, 67), (0, 4, 7)) == (60, 65, 67)
    assert suspended((60, 63, 67), (0, 3, 7)) == (60, 65, 67)
    assert suspended((60, 65, 67), (0, 5, 7)) == (60, 65, 67)
    assert suspended((60, 67), (0, 7)) == (60, 67)


def chords_struck(score: Score) -> list[tuple[int, ...]]:
    """The first voicing struck under every chord of the score."""
    rows: dict[float, dict[float, set[int]]] = {}
    for note in score.notes:
        if note.start_beats >= 0.0:
            chord = chord_at(score, note.start_beats).start_beats
            rows.setdefault(chord, {}).setdefault(note.start_beats, set()).add(note.pitch)
    return [
        max((tuple(sorted(voices)) for voices in row.values()), key=len) for _, row in sorted(rows.items())
    ]


def test_over_all_genres_voices_move_little_and_rarely_in_parallel() -> None:
    """The figures that the closing note gives: the mean way of a voice, and parallels per change."""
    ways: list[float] = []
    alike = changes = 0
    for genre in genres():
        for seed in range(3):
            for before, after in pairwise(chords_struck(band(genre, seed)["harmony"])):
                if before != after and len(before) == len(after):
                    ways.append(mean(abs(b - a) for a, b in zip(before, after, strict=True)))
                    alike += parallels(after, before)
                    changes += 1
    assert changes > 150
    assert mean(ways) < 2.2
    assert alike / changes < 0.15


@pytest.mark.parametrize("genre", sorted(genres()))
def test_low_voices_lie_apart(genre: str) -> None:
    """Below A3 a third is mud: where two voices lie there, they are mostly a fourth apart at least."""
    close = total = 0
    for seed in range(4):
        for voicing in chords_struck(band(genre, seed)["harmony"]):
            for low, high in pairwise(voicing):
                total += 1
                close += low < MUD_BELOW - 3 and high - low < 4
    assert close / max(1, total) < 0.1


@pytest.mark.parametrize("genre", sorted(genres()))
def test_chords_stay_under_a_melody_heard(genre: str) -> None:
    for seed in range(3):
        scores = play(plain(genre), seed, tracks=("melody", "harmony"))
        melody = mean(note.pitch for note in scores["melody"].notes)
        assert mean(note.pitch for note in scores["harmony"].notes) < melody - 3
