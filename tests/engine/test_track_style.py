"""What a track should sound like, as one vector."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.audio.processors.registry import ORDER
from engine.instruments.palette import NAMES, PALETTES, SETTINGS
from engine.instruments.render import PALETTES as PLAYED
from engine.model.track.style import (
    LISTS,
    TOLD_AMOUNT,
    plain,
    style_of_score,
    style_size,
    style_vector,
    unknown_words,
    vocabulary,
)
from engine.music.genre import bundled_genres
from engine.prompt.listing import table as prompt_table
from engine.training.corpus.captions import program_word, table
from engine.training.corpus.song import SongTrack
from tests.engine.instrument_scores import phrase

NOTHING = style_vector((), {}, "")


def changed(vector: np.ndarray) -> int:
    """How many values differ from a style of which nothing is said."""
    return int((vector != NOTHING).sum())


def test_every_palette_and_every_word_for_it_is_in_the_vocabulary() -> None:
    assert set(PALETTES) <= set(vocabulary("palettes"))
    assert PLAYED.keys() == PALETTES.keys()
    assert not unknown_words(word for palette in PALETTES.values() for word in palette.words)


def test_every_processor_and_setting_genre_and_adjective_is_in_the_vocabulary() -> None:
    assert {*ORDER, *SETTINGS} <= set(vocabulary("amounts"))
    assert set(bundled_genres()) <= set(vocabulary("genres"))
    qualities = prompt_table("qualities.toml")
    assert not unknown_words(qualities)
    assert not unknown_words(word for quality in qualities.values() for word in quality["words"])
    assert not unknown_words(word for genre in bundled_genres().values() for word in genre.words)


def test_every_word_that_a_corpus_tells_with_a_track_is_in_the_vocabulary() -> None:
    programs = [program_word(role, program) for role in ("drums", "bass") for program in range(128)]
    assert not unknown_words(
        [*programs, *table()["effects"], "samples", *NAMES, "sampled bass", "dry", "wide"]
    )


def test_every_name_has_a_place_of_its_own_and_lists_have_room() -> None:
    told = [style_vector((), {}, name) for name in vocabulary("palettes")]
    told += [style_vector((), {name: 1.0}, "") for name in vocabulary("amounts")]
    told += [style_vector([word], {}, "") for name in ("genres", "words") for word in vocabulary(name)]
    assert min(changed(vector) for vector in told) >= 1
    assert len({vector.tobytes() for vector in told}) > 0.95 * len(told)  # a genre may be a word as well
    assert style_size() > sum(len(vocabulary(name)) for name in LISTS)


def test_an_unknown_word_is_dropped_and_told() -> None:
    assert unknown_words(["dark", "flibber", "Electric Bass", "glass_pad"]) == ("flibber",)
    assert np.array_equal(style_vector(["flibber"], {"flobber": 1.0}, "flubber"), NOTHING)


def test_words_that_mean_the_same_are_the_same() -> None:
    assert np.array_equal(style_vector(["gloomy"], {}, ""), style_vector(["dark"], {}, ""))
    assert np.array_equal(style_vector(["Deep_House"], {}, ""), style_vector(["deep house"], {}, ""))
    assert not np.array_equal(style_vector(["dark"], {}, ""), style_vector(["bright"], {}, ""))


@pytest.mark.parametrize("name", [*ORDER, *SETTINGS])
def test_an_amount_stands_in_a_place_of_its_own(name: str) -> None:
    vector = style_vector((), {name: 0.25}, "")
    (place,) = np.flatnonzero(vector != NOTHING)
    assert vector[place] == 0.25
    assert NOTHING[place] == (0.5 if name in SETTINGS else 0.0)
    assert style_vector((), {name: 7.0}, "")[place] == 1.0


def test_a_processor_that_is_only_named_has_the_amount_of_prompts() -> None:
    assert np.array_equal(style_vector(["vinyl"], {}, ""), style_vector((), {"vinyl": TOLD_AMOUNT}, ""))
    assert np.array_equal(style_vector(["vinyl"], {"vinyl": 0.1}, ""), style_vector((), {"vinyl": 0.1}, ""))


def test_a_score_tells_its_palette_its_genre_and_its_settings() -> None:
    score = phrase("supersaw", settings={"drive": 0.9})
    here = style_of_score(score)
    for other in (
        replace(score, palette="rhodes"), replace(score, genre="jazz"), replace(score, settings={}),
    ):  # fmt: skip
        assert not np.array_equal(style_of_score(other), here)
    assert np.array_equal(style_of_score(score), here)
    assert here.dtype == np.float32 and here.shape == (style_size(),)


def test_a_corpus_and_the_engine_tell_the_same() -> None:
    score, words = phrase("moog"), ("moog", *PALETTES["moog"].words[:4])
    effects = {"echo": 0.3, "duck": {"depth": 0.5}, "width": float("nan")}
    track = SongTrack(np.zeros((0, 2), dtype=np.float32), score, "instruments:moog", words, effects)
    told = style_of_score(score, track.tags, track.effects)
    assert np.array_equal(told, style_of_score(replace(score, settings={"echo": 0.3}), ["duck"]))
    assert not np.array_equal(told, style_of_score(score))


def test_a_name_is_plain_whichever_way_it_is_written() -> None:
    assert plain(" Warm_Pad ") == "warm pad"
