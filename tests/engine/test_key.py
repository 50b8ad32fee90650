import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EngineError
from engine.music.key import MODES, Key, Signature


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Am", "Am"), ("a minor", "Am"), ("F# minor", "F#m"), ("F#m", "F#m"), ("Bb", "A#"),
        ("C", "C"), ("CM", "C"), ("D dorian", "Ddor"), ("Ddor", "Ddor"), ("e moll", "Em"), ("G♭m", "F#m"),
        ("C sharp minor", "C#m"), ("Eb mixolydian", "D#mix"), ("A harmonic minor", "Ahm"),
    ],
)  # fmt: skip
def test_keys_in_many_spellings(text, name):
    assert Key.parse(text).name == name


@given(st.integers(0, 11), st.sampled_from(sorted(MODES)))
def test_a_keys_name_is_read_back_as_the_key(tonic, mode):
    key = Key(tonic, mode)
    assert Key.parse(key.name) == key


@pytest.mark.parametrize("text", ["", "H", "minor", "Am7", "C#bm", "128", "A mi nor", "\x00"])
def test_what_is_no_key_is_refused_with_examples(text):
    with pytest.raises(EngineError, match="is not a key"):
        Key.parse(text)


@given(st.text(max_size=40))
def test_any_text_is_a_key_or_a_clear_error(text):
    try:
        assert Key.parse(text).mode in MODES
    except EngineError as error:
        assert error.code == "range"


@pytest.mark.parametrize(
    ("beats", "unit", "bar_beats"), [(4, 4, 4.0), (7, 8, 3.5), (3, 4, 3.0), (5, 16, 1.25)]
)
def test_a_bar_in_quarter_notes(beats, unit, bar_beats):
    assert Signature(beats, unit).bar_beats == bar_beats


@pytest.mark.parametrize(("beats", "unit"), [(0, 4), (33, 4), (4, 3), (4, 0), (-1, 8)])
def test_impossible_signatures_are_refused(beats, unit):
    with pytest.raises(EngineError, match="not allowed"):
        Signature(beats, unit)
