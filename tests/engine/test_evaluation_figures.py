"""Figures, goals and the grid of cases."""

import json
import sys

import pytest

from engine.errors import EngineError
from engine.evaluation.extras import INSTALL, check_all, need
from engine.evaluation.figures import Figure, Goal, by_genre, goals_of, summary
from engine.evaluation.music.grid import cases
from engine.evaluation.music.run import PARTS, goals, parts_of
from engine.evaluation.music.takes import composed, understood
from engine.music.genre import genres


def test_a_missing_library_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mir_eval", None)
    with pytest.raises(EngineError) as caught:
        need("mir_eval")
    assert caught.value.code == "not_available"
    assert "mir_eval" in caught.value.text and INSTALL in caught.value.text
    with pytest.raises(EngineError):
        check_all()


def test_a_goal_is_met_at_its_value_and_forgiven_within_its_tolerance():
    goal = Goal("x", "", at_least=0.9, tolerance=0.05)
    for value, met, forgiven in ((0.9, True, True), (0.87, False, True), (0.8, False, False)):
        (row,) = summary([Figure("x", value)], [goal])
        assert (row.met, row.forgiven) == (met, forgiven)
    most = Goal("x", "", "max", at_most=1.0)
    assert [summary([Figure("x", v), Figure("x", 0.0)], [most])[0].met for v in (1.0, 1.1)] == [True, False]
    assert summary([Figure("x", 1.0)], [Goal("x", "")])[0].met is None


def test_what_could_not_be_measured_counts_nowhere():
    goal = Goal("x", "", at_least=0.0)
    assert summary([Figure("x", float("nan"))], [goal]) == ()
    (row,) = summary([Figure("x", float("nan")), Figure("x", 2.0)], [goal])
    assert (row.value, row.count) == (2.0, 1)


def test_genres_are_summed_up_apart():
    figures = [Figure("x", 1.0, genre="a"), Figure("x", 0.0, genre="b"), Figure("x", 0.5)]
    assert by_genre(figures, [Goal("x", "")]) == {"a": {"x": 1.0}, "b": {"x": 0.0}}


def test_a_figure_is_one_line_of_json():
    line = Figure("key.mix", 1.0, "techno/1", "techno", {"heard": "A minor"}).line()
    assert json.loads(line) == {
        "measure": "key.mix", "value": 1.0, "case": "techno/1", "genre": "techno", "heard": "A minor",
    }  # fmt: skip


def test_every_goal_of_the_file_is_one_measure_and_says_what_it_is():
    found = goals()
    assert len({goal.measure for goal in found}) == len(found)
    assert all(goal.text and goal.tolerance >= 0.0 for goal in found)
    assert {goal.measure.split(".")[0] for goal in found} - {"peak"} == set(PARTS)


def test_a_statistic_that_nobody_knows_is_refused():
    with pytest.raises(AssertionError):
        goals_of('[[goal]]\nmeasure = "x"\ntext = "x"\nstatistic = "mode"')


def test_parts_are_named_with_commas_and_wrong_ones_refused():
    assert parts_of("tempo, key") == ("tempo", "key") and parts_of(None) == PARTS
    with pytest.raises(EngineError, match="tempo"):
        parts_of("temp")


@pytest.mark.parametrize("quick", [True, False])
def test_the_grid_asks_for_every_genre_and_names_each_case_once(quick):
    grid = cases(quick)
    assert len({case.name for case in grid}) == len(grid) and grid == cases(quick)
    for genre in genres():
        own = [case for case in grid if case.genre == genre]
        assert {case.seed for case in own if not case.lock and case.signature == "4/4"} >= {1, 2, 3}
        assert any(case.lock for case in own) and any(case.is_measured for case in own)
    assert any(not case.genre for case in grid)
    assert quick or {case.signature for case in grid} > {"4/4", "3/4"}


def test_a_locked_track_is_the_very_score_of_the_other_seed_and_the_rest_is_new():
    case = next(case for case in cases(True) if case.lock == "drums")
    context = understood(case)
    base = composed(context, case.base_seed, {})
    new = composed(context, case.seed, {"drums": base["drums"]})
    assert new["drums"] is base["drums"] and new["bass"] != base["bass"]
    assert list(new) == list(base)


def test_a_meter_is_asked_only_where_the_prompt_names_none():
    named = [case for case in cases(False) if case.signature != "4/4" and case.genre]
    assert named and all(understood(case).signature.name == case.signature for case in named)
