"""Address patterns, against Python's own matcher where the two mean the same."""

import fnmatch
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.osc_pattern import matches, part_matches
from engine.errors import EngineError


@given(pattern=st.text("ab*?", max_size=8), text=st.text("ab", max_size=8))
def test_stars_and_question_marks_match_as_in_the_shell(pattern, text):
    assert part_matches(pattern, text) == fnmatch.fnmatchcase(text, pattern)


@given(
    pattern=st.lists(st.sampled_from(["[ab]", "[!b]", "[a-b]", "*", "a"]), max_size=5),
    text=st.text("abc", max_size=6),
)
def test_brackets_match_as_in_the_shell(pattern, text):  # fmt: skip
    joined = "".join(pattern)
    assert part_matches(joined, text) == fnmatch.fnmatchcase(text, joined)


@given(
    words=st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=4),
    text=st.text("abc", max_size=5),
)
def test_braces_match_one_of_their_words(words, text):  # fmt: skip
    assert part_matches("{" + ",".join(words) + "}", text) == (text in words)


def test_a_star_does_not_cross_a_slash():
    assert matches("/rg/*", "/rg/tempo")
    assert not matches("/rg/*", "/rg/track/bass")
    assert matches("/rg/*/*/lock", "/rg/track/bass/lock")


@pytest.mark.parametrize("pattern", ["[a", "{a,b", "x[", "[!"])
def test_an_open_bracket_is_refused(pattern):
    with pytest.raises(EngineError, match="not closed"):
        part_matches(pattern, "a")


def test_no_pattern_takes_long():
    started = time.perf_counter()
    assert not part_matches("*a" * 100 + "b", "a" * 200)
    assert time.perf_counter() - started < 1.0
