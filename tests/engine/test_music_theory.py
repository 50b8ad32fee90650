"""Laws of chords, voicings and the grid."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import EngineError
from engine.music.grid import STEP_BEATS, grid_of, swung
from engine.music.key import MODES, Key, Signature
from engine.music.theory import (
    CHORDS,
    SHAPES,
    Ladder,
    chord_pitch_classes,
    diatonic_chord,
    nearest_pitch,
    parse_degree,
)
from engine.music.voicing import CEILING, FLOOR, voicings

keys = st.builds(Key, st.integers(0, 11), st.sampled_from(sorted(MODES)))
signatures = st.builds(Signature, st.integers(1, 32), st.sampled_from((1, 2, 4, 8, 16)))
chord_classes = st.sampled_from(sorted(CHORDS)).flatmap(
    lambda suffix: st.integers(0, 11).map(lambda root: tuple((root + step) % 12 for step in CHORDS[suffix]))
)


@given(keys, st.integers(0, 6), st.sampled_from(sorted(SHAPES)))
def test_diatonic_chords_stay_in_the_key_and_their_symbol_says_them(
    key: Key, degree: int, shape: str
) -> None:
    symbol, classes = diatonic_chord(key, degree, shape)
    assert set(classes) <= set(key.scale)
    assert chord_pitch_classes(symbol) == classes


def test_known_chords() -> None:
    assert diatonic_chord(Key(9, "minor"), 0, "7") == ("Am7", (9, 0, 4, 7))
    assert diatonic_chord(Key(0, "major"), 4, "7") == ("G7", (7, 11, 2, 5))
    assert diatonic_chord(Key(5, "minor"), 5)[0] == "Db"
    assert diatonic_chord(Key(0, "lydian"), 3)[0] == "D"  # not F# diminished
    assert diatonic_chord(Key(9, "minor"), 1, "7")[0] == "Bm7b5"
    assert chord_pitch_classes("F#m7/B") == (6, 9, 1, 4)


@pytest.mark.parametrize(
    ("key", "text", "symbol"),
    [
        ("Am", "5!7", "E7"), ("Am", "b2!maj7", "Bbmaj7"), ("C", "b7", "Bb"), ("C", "b6!7", "Ab7"),
        ("C", "5/2", "A7"), ("Am", "5!9/4", "A9"), ("G", "#4!m7b5", "C#m7b5"), ("Am", "7!dim7", "Gdim7"),
    ],
)  # fmt: skip
def test_chords_that_leave_the_key(key: str, text: str, symbol: str) -> None:
    found, classes = diatonic_chord(Key.parse(key), *parse_degree(text))
    assert found == symbol
    assert chord_pitch_classes(symbol) == classes


@given(keys, st.integers(1, 7), st.sampled_from(sorted(CHORDS)), st.sampled_from(("", "b", "#", "5/")))
def test_any_quality_on_any_root_says_itself(key: Key, degree: int, quality: str, sign: str) -> None:
    text = f"5!{quality}/{degree}" if sign == "5/" else f"{sign}{degree}!{quality}"
    symbol, classes = diatonic_chord(key, *parse_degree(text))
    assert chord_pitch_classes(symbol) == classes
    if sign == "5/":
        assert (classes[0] - key.scale[degree - 1]) % 12 == 7


@pytest.mark.parametrize(
    "text", ["", "8", "0", "1:11", "x", "1:7 ", "b2:7", "4/2", "5/8", "5!x", "b5/2", "5:7/2", "bb7"]
)
def test_a_wrong_degree_is_refused(text: str) -> None:
    with pytest.raises(EngineError, match="degree"):
        parse_degree(text)


def test_a_wrong_symbol_is_refused() -> None:
    with pytest.raises(EngineError, match="H7"):
        chord_pitch_classes("H7")


@given(chord_classes, chord_classes, st.integers(55, 80), st.booleans())
def test_voicings_hold_the_chord_between_floor_and_ceiling(before, classes, centre, spread) -> None:
    _, found = voicings((before, classes), centre, spread)
    assert {pitch % 12 for pitch in found} <= set(classes)
    assert found[0] >= FLOOR and found[-1] <= CEILING
    assert len(found) == len(set(found)) == min(4, len(classes))
    assert {classes[0], classes[1]} <= {pitch % 12 for pitch in found}


def test_a_voicing_moves_less_than_a_fixed_position_would() -> None:
    chords = ((9, 0, 4), (5, 9, 0), (0, 4, 7), (7, 11, 2))
    line = voicings(chords, 62, False)
    led = sum(abs(a - b) for x, y in pairwise(line) for a, b in zip(x, y, strict=True))
    roots = [60 + classes[0] - 12 * (classes[0] > 6) for classes in chords]
    parallel = sum(3 * abs(a - b) for a, b in pairwise(roots))
    assert led < parallel / 2


@given(st.integers(0, 11), st.floats(10, 117))
def test_the_nearest_pitch_is_within_a_tritone(pitch_class: int, target: float) -> None:
    pitch = nearest_pitch(pitch_class, target)
    assert pitch % 12 == pitch_class and abs(pitch - target) <= 6


@given(keys, st.integers(0, 60))
def test_a_ladder_inverts_itself(key: Key, rung: int) -> None:
    ladder = Ladder(key.scale)
    assert ladder.rung(ladder.pitch(rung)) == rung
    assert ladder.pitch(rung) % 12 in key.scale


@given(signatures)
def test_a_grid_is_its_bar_long(signature: Signature) -> None:
    grid = grid_of(signature)
    assert grid.bar_beats == pytest.approx(signature.bar_beats)
    assert len(grid.source) == len(grid.weight) == grid.steps
    assert grid.source[0] == 0 and grid.weight[0] == 1.0 == max(grid.weight)
    assert all(0 <= source < 16 for source in grid.source)


def test_the_grid_of_common_time_is_the_pattern_itself() -> None:
    assert grid_of(Signature(4, 4)).source == tuple(range(16))
    assert grid_of(Signature(3, 4)).source == (*range(4), *range(8, 16))
    assert grid_of(Signature(7, 8)).beat_starts == (0, 4, 8)
    assert grid_of(Signature(6, 8)).beat_starts == (0, 6)


@settings(max_examples=60)
@given(signatures, st.floats(0, 1), st.sampled_from((0.5, 1.0)))
def test_swing_keeps_the_order_and_the_beats(signature: Signature, swing: float, pair: float) -> None:
    grid = grid_of(signature)
    places = [swung(step * STEP_BEATS, grid.bar_beats, swing, pair) for step in range(grid.steps)]
    assert places == sorted(set(places)) and places[-1] < grid.bar_beats
    on_pairs = [p for p in range(grid.steps) if p * STEP_BEATS % pair == 0]
    assert all(places[step] == pytest.approx(step * STEP_BEATS) for step in on_pairs)


def test_full_swing_is_two_to_one() -> None:
    assert swung(0.25, 4.0, 1.0, 0.5) == pytest.approx(1 / 3)
    assert swung(0.5, 4.0, 1.0, 1.0) == pytest.approx(2 / 3)
