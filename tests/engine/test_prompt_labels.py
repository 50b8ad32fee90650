"""Labelled prompts: the share of fields that are read as a musician means them."""

import pytest

from tests.engine.prompt_labels import Field, Row, checked, rows, strange_genres

GOAL = 0.97


def share_of(fields: list[Field]) -> float:
    return sum(field.right for field in fields) / len(fields)


def told(fields: list[Field]) -> str:
    wrong = [
        f"{f.row.say[:60]!r}: {f.name} means {f.meant!r}, found {f.found!r}" for f in fields if not f.right
    ]
    return f"{share_of(fields):.2%} of {len(fields)} fields are right\n" + "\n".join(wrong)


def test_labels_speak_of_genres_that_there_are() -> None:
    assert strange_genres() == set()


@pytest.mark.parametrize(("held_out", "least"), [(False, 240), (True, 60)])
def test_fields_are_read_as_they_are_meant(held_out: bool, least: int) -> None:
    those = [row for row in rows() if row.held_out == held_out]
    fields = [field for row in those for field in checked(row)]
    assert len(those) >= least
    print(told(fields))
    assert share_of(fields) >= GOAL, told(fields)


@pytest.mark.parametrize("means", [{"genre": "jazz"}, {"tempo": 90}, {"bass": {"manner": "walking"}}, {}])
def test_a_label_can_be_wrong(means: dict[str, object]) -> None:
    """What is meant and not found, and what is found and not meant, are both counted."""
    fields = checked(Row("techno at 128", means))
    assert any(not field.right for field in fields)
