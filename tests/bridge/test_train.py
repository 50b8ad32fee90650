"""`train corpus` on the command line: what a corpus was begun with stays its material."""

import json

from bridge.__main__ import build_parser
from bridge.train import recipe_of
from engine.training.corpus.reading import FORMAT, HEAD


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
