"""Bars in words: a place is a choice, a count is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.prompt.chosen_bars import ChosenBars, chosen_bars


@pytest.mark.parametrize(
    ("prompt", "first", "last", "rest"),
    [
        ("redo bars 3-4", 3, 4, ""),
        ("new bar 2", 2, 2, ""),
        ("Bar 2 again, please", 2, 2, ""),
        ("give me something else in bars 2 – 3", 2, 3, ""),
        ("bars 5 to 8 busier", 5, 8, "busier"),
        ("bars 1 and 2: darker", 1, 2, "darker"),
        ("an octave lower in bars 3 through 4 only", 3, 4, "an octave lower"),
        ("a fill in bar 4", 4, 4, "a fill"),
        ("make measure 7 half as busy", 7, 7, "make half as busy"),
        ("Takt 3 neu", 3, 3, ""),
        ("Takte 3 bis 4 voller", 3, 4, "voller"),
        ("bars 4-3", 4, 3, ""),  # refused where the bars are known
        ("redo bar 0", 0, 0, ""),
    ],
)
def test_a_place_is_a_choice(prompt: str, first: int, last: int, rest: str) -> None:
    assert chosen_bars(prompt) == ChosenBars(first, last, rest)


@pytest.mark.parametrize(
    "prompt",
    [
        "", "busier", "4 bars", "8 bars of dub", "bars 8", "bars: 8", "4 bar 2 step", "8 bar 2-step garage",
        "4 bars 3 chords", "bar 4/4", "bar 120 bpm", "bars 1 and 3", "bar 2 and bar 7", "16 bars 1-4",
        "sidebar 2", "two bars", "intro 4 bars, drop 8 bars",
    ],
)  # fmt: skip
def test_a_count_or_two_places_are_none(prompt: str) -> None:
    assert chosen_bars(prompt) is None


@given(st.text(max_size=200))
def test_no_text_is_too_strange(prompt: str) -> None:
    found = chosen_bars(prompt)
    assert found is None or len(found.rest) <= 2 * len(prompt)
