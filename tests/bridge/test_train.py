"""`train corpus` on the command line: what a corpus was begun with stays its material."""

import json

import pytest

from bridge.__main__ import build_parser, main
from bridge.train import recipe_of
from engine.training.corpus.reading import FORMAT, HEAD
from engine.training.corpus.recipe import Recipe


def asked(out, *more):
    return build_parser("train").parse_args(["train", "corpus", "--out", str(out), *more])


def test_a_corpus_keeps_the_material_it_was_begun_with(tmp_path):
    head = {"format": FORMAT, "recipe": {"soundfonts": ["one-font"], "packs": []}}
    (tmp_path / HEAD).write_text(json.dumps(head))
    recipe = recipe_of(asked(tmp_path))
    assert recipe.soundfonts == ("one-font",) and recipe.packs == ()


def test_a_new_corpus_takes_nothing_of_which_no_share_is_asked(tmp_path):
    recipe = recipe_of(asked(tmp_path / "new", "--share-soundfont", "0", "--share-sample", "0"))
    assert recipe.soundfonts == recipe.packs == ()


def test_genres_said_twice_or_in_another_order_are_the_same_genres(tmp_path):
    recipe = recipe_of(asked(tmp_path / "new", "--genres", "techno", "house", "techno"))
    assert recipe.genres == ("house", "techno")


def test_what_nobody_says_is_as_the_recipe_has_it(tmp_path):
    plain = recipe_of(asked(tmp_path / "new"))
    assert plain == Recipe(soundfonts=plain.soundfonts, packs=plain.packs)
    assert recipe_of(asked(tmp_path / "new", "--share-duck", "0")).duck_share == 0.0


@pytest.mark.parametrize(
    "more", [["--genres", "house"], ["--share-duck", "0.4"], ["--seed", "0"], ["--sources", "."]]
)
def test_what_is_said_of_songs_is_refused_where_stems_are_heard(tmp_path, capsys, more):
    asks = ["train", "corpus", "--out", str(tmp_path / "new"), "--stems", str(tmp_path)]
    assert main([*asks, *more]) == 1
    said = capsys.readouterr().err
    assert more[0] in said and "--held-out" in said
    assert not (tmp_path / "new").exists()
