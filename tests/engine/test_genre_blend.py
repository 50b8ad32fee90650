"""Laws of mixed genres: valid, the noun's in tempo and drums, the other's in chords and colours."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from engine.music.blend import blend, genre_of
from engine.music.compose import compose
from engine.music.genre import add_genres, genre_named, genres
from engine.music.genre_file import check
from engine.prompt.interpret import interpret
from engine.prompt.music_context import Frame

names = st.lists(st.sampled_from(sorted(genres())), min_size=1, max_size=4)


@given(names)
def test_every_mix_is_valid_and_called_by_its_noun(mix):
    genre = blend(mix)
    noun = genre_named(mix[0])
    check(genre)
    assert (genre.name, genre.words, genre.tempo_bpm, genre.key) == (
        noun.name, noun.words, noun.tempo_bpm, noun.key,
    )  # fmt: skip
    assert genre.drums.patterns == noun.drums.patterns and genre.drums.palette == noun.drums.palette
    assert blend(mix) is genre


@given(st.sampled_from(sorted(genres())))
def test_a_genre_alone_or_twice_is_itself(name):
    assert blend([name]) == blend([name, name]) == genre_named(name)


@given(st.sampled_from(sorted(genres())), st.sampled_from(sorted(genres())))
def test_numbers_lie_between(noun, other):
    mixed, ours, theirs = blend([noun, other]), genre_named(noun), genre_named(other)
    for field in ("swing", "humanize", "sidechain"):
        low, high = sorted((getattr(ours, field), getattr(theirs, field)))
        assert low <= getattr(mixed, field) <= high


def test_jazzy_drum_and_bass():
    context = interpret("jazzy drum and bass", Frame())
    genre, jazz = genre_of(context), genre_named("jazz")
    assert genre.name == "drum_and_bass" and genre.bass.palette == genre_named("drum_and_bass").bass.palette
    assert genre.harmony.palette == jazz.harmony.palette
    assert set(genre.progressions.minor) == set(jazz.progressions.minor)
    assert genre.melody.scale == jazz.melody.scale
    assert genre_named("drum_and_bass").swing < genre.swing < jazz.swing


def test_a_context_that_names_one_genre_has_just_that():
    context = interpret("techno", Frame())
    assert genre_of(context) is genre_named("techno")
    assert genre_of(replace(context, genre="polka")) is genre_named("house")


def test_a_mix_is_played_as_one():
    context = interpret("jazzy drum and bass", Frame())
    plain = replace(context, genres=())
    assert compose("harmony", context, {}, 1, {}).palette == genre_named("jazz").harmony.palette
    assert compose("harmony", plain, {}, 1, {}).palette == genre_named("drum_and_bass").harmony.palette


def test_a_mix_is_of_the_genres_that_are_there_now():
    try:
        add_genres([replace(genre_named("techno"), swing=0.9)])
        assert blend(["techno"]).swing == 0.9
    finally:
        add_genres([])
    assert blend(["techno"]).swing != 0.9
