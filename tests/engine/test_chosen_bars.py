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
        ("a new take of bars 2-3", 2, 3, ""),
        ("from bars 3 to 4 an octave up", 3, 4, "an octave up"),
        ("more like take 2 in bars 3-4", 3, 4, "more like take 2"),
        ("bars 3-4 not so busy", 3, 4, "not so busy"),
        ("a fill in bar 4 on the toms", 4, 4, "a fill on the toms"),
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
        "sidebar 2", "two bars", "intro 4 bars, drop 8 bars", "bars 3-4 like bars 1-2",
        "keep bar 1", "keep bars 1-2, new melody", "leave the bass in bars 1-2", "don't touch bar 3",
        "not bar 3", "everything but bar 4", "all but bars 3-4", "all except for bars 1-4",
        "without bar 2", "Takt 3 nicht wie Takt 2", "from bar 3 on", "from bar 3 onwards, busier",
        "until bar 4", "up to bar 4", "after the bar 2", "before bar 3", "like bar 1",
        "like in bars 1-2", "same as bar 2", "busier than bar 2", "the rhythm of bar 2", "copy bar 1",
        "the melody from bar 2", "every bar 2", "starting at bar 3",
    ],
)  # fmt: skip
def test_a_count_or_two_places_are_none(prompt: str) -> None:
    assert chosen_bars(prompt) is None


@given(st.text(max_size=200))
def test_no_text_is_too_strange(prompt: str) -> None:
    found = chosen_bars(prompt)
    assert found is None or len(found.rest) <= 2 * len(prompt)
