"""Words that no list knows are read as known ones like them, or as nothing at all."""

from __future__ import annotations

import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.prompt.embeddings import MOST_WORDS, Map, SimilarWords, bearings, missing
from engine.prompt.interpret import interpret
from engine.prompt.music_context import Frame
from engine.prompt.understanding import Understanding, reworded, understood_fields
from engine.prompt.wordpiece import piece_numbers, pieces
from engine.prompt.words import lexicon

ROOT = Path(__file__).parents[2]
LABELS = tomllib.loads((Path(__file__).parent / "similar_words.toml").read_text(encoding="utf-8"))
needs_model = pytest.mark.skipif(bool(missing()), reason="the extra `words` is not installed")


# --- word pieces ----------------------------------------------------------------------------------


def test_pieces_are_those_of_the_model():
    # From the tokenizer that the model was published with.
    assert piece_numbers("a glacial piece of music") == [101, 1037, 17381, 3538, 1997, 2189, 102]
    assert piece_numbers("CAFÉ") == piece_numbers("cafe")
    assert len(pieces()) == 30522


@given(st.text(max_size=80))
def test_any_text_has_pieces(text):
    numbers = piece_numbers(text)
    assert numbers[0] == 101 and numbers[-1] == 102 and all(0 <= n < 30522 for n in numbers)


# --- without the model ----------------------------------------------------------------------------


def test_before_the_model_is_loaded_a_prompt_goes_without():
    words = SimilarWords()
    assert words.nearest(["glacial"]) == {}
    assert Understanding(words).read("a wurby pop", Frame()) == interpret("a wurby pop", Frame())


def test_the_sentence_keeps_its_shape_and_the_like_word_counts_half():
    cold = next(b.word for b in bearings() if b.phrase == "cold")
    assert reworded("Glacial pads, no glacially", {"glacial": cold}) == "slightly cold pads, no glacially"


def test_no_word_of_the_labels_steers_the_map():
    text = (ROOT / "engine" / "prompt" / "bearings.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    used = {*data["none"], *(p for phrases in data["qualities"].values() for p in phrases)}
    for part in LABELS.values():
        assert not used & {*part["invented"], *part["ordinary"], *part["like"]}


# --- with it --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    found = SimilarWords(tmp_path_factory.mktemp("cache"))
    found.start()
    assert found.wait(60.0), found.error
    return found


def taken(words: SimilarWords, asked: list[str]) -> dict[str, str]:
    """Each word that is taken for a known one; a few at a time, as prompts have them."""
    found: dict[str, str] = {}
    for start in range(0, len(asked), MOST_WORDS):
        found |= {w: f.name for w, f in words.nearest(asked[start : start + MOST_WORDS]).items()}
    return found


@needs_model
@pytest.mark.parametrize("part", sorted(LABELS))
def test_invented_words_are_nothing_and_ordinary_ones_hardly_anything(words, part):
    invented, ordinary = LABELS[part]["invented"], LABELS[part]["ordinary"]
    assert taken(words, invented) == {}
    assert len(taken(words, ordinary)) <= 0.05 * len(ordinary)


@needs_model
@pytest.mark.parametrize(("part", "hits", "wrong"), [("tuned", 0.6, 0.04), ("held_out", 0.4, 0.1)])
def test_unusual_words_find_their_quality_or_none(words, part, hits, wrong):
    """What a word list has learnt since counts as found."""
    like = LABELS[part]["like"]
    strange = [word for word in like if word not in lexicon().phrases]
    found = taken(words, strange)
    right = [word for word in found if found[word] in like[word]]
    assert len(right) + len(like) - len(strange) >= hits * len(like)
    assert len(found) - len(right) <= wrong * len(like)


@pytest.fixture(scope="module")
def like_a_quality(words):
    """A word that no list knows, and the quality that changes how bright or strong the music is."""
    for strange in LABELS["tuned"]["like"]:
        if strange in interpret(f"{strange} pop", Frame()).unknown:
            known = words.nearest([strange]).get(strange)
            if known and known.quality and known.quality.energy and not known.quality.mode:
                return strange, known
    raise AssertionError("the lists know every word of the labels")


@needs_model
def test_a_prompt_is_read_with_the_like_word_at_half_strength(words, like_a_quality):
    strange, known = like_a_quality
    like = Understanding(words).read(f"{strange.title()} pop", Frame())
    said, plain = interpret(f"{known.text} pop", Frame()), interpret("pop", Frame())
    assert like.prompt == f"{strange.title()} pop" and like.unknown == ()
    assert like.similar == (f"{strange} ~ {known.text}",) and like.moods == said.moods
    assert like.energy - plain.energy == pytest.approx((said.energy - plain.energy) / 2, abs=1e-3)
    assert ("similar words", f'"{strange}" ~ {known.text}', False) in understood_fields(like)


@needs_model
def test_a_base_that_was_read_so_does_not_hand_its_words_on(words, like_a_quality):
    reader = Understanding(words)
    base = reader.read(f"{like_a_quality[0]} pop", Frame())
    assert base.similar and reader.read("darker", Frame(), base).similar == ()


@needs_model
def test_the_second_start_takes_the_vectors_from_the_cache_and_finds_the_same(words):
    kept = Map(words.map.encode, bearings(), words.cache)
    assert list(words.cache.glob("words-*.npy")) and not list(words.cache.glob("*.part"))
    for (one, near), (other, near_too) in zip(
        words.map.nearest(["frosty", "wurby"]), kept.nearest(["frosty", "wurby"]), strict=True
    ):
        assert one == other and near == pytest.approx(near_too, abs=2e-3)


@needs_model
def test_a_broken_cache_is_made_again(words, tmp_path):
    name = next(words.cache.glob("words-*.npy")).name
    (tmp_path / name).write_bytes(b"not numbers")
    rows = bearings()[:0] + tuple(b for b in bearings() if b.phrase in ("cold", "warm", "chair"))
    Map(words.map.encode, rows, tmp_path)
    assert len(list(tmp_path.glob("words-*.npy"))) == 2


@needs_model
@given(st.lists(st.text(max_size=30), max_size=6))
@settings(max_examples=20, deadline=None)
def test_any_words_can_be_asked(words, texts):
    assert set(words.nearest(texts)) <= set(texts)


@needs_model
def test_a_prompt_takes_little_longer(words):
    started_s = time.perf_counter()
    for number in range(5):
        words.nearest([f"strangely{number}", f"oddish{number}"])
    assert (time.perf_counter() - started_s) / 5 < 0.1  # 9 ms on two idle cores


@needs_model
def test_a_program_may_end_while_the_model_is_loading(tmp_path):
    code = (
        "import sys, pathlib; from engine.prompt.embeddings import SimilarWords;"
        "SimilarWords(pathlib.Path(sys.argv[1])).start()"
    )
    result = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True)
    assert result.returncode == 0, result.stderr
