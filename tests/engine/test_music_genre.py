"""Genres as data: the bundled ones load, a bad one is refused by name."""

from importlib import resources
from typing import Any

import pytest

from engine.errors import EngineError
from engine.music.genre import DEFAULT_GENRE, PALETTES, genre_named, genres, parse_genre, steps_of
from engine.prompt.interpret import interpret
from engine.prompt.music_context import Frame

HOUSE = (resources.files("engine.music") / "genres" / "house.toml").read_text(encoding="utf-8")


def test_the_bundled_genres() -> None:
    assert set(genres()) >= {
        "techno", "house", "drum_and_bass", "boom_bap", "synthwave", "ambient", "funk", "rock",
    }  # fmt: skip
    for name, genre in genres().items():
        assert genre.name == name
        assert genre.tempo_bpm[0] <= genre.typical_tempo_bpm <= genre.tempo_bpm[1]
        for role, palettes in PALETTES.items():
            assert getattr(genre, role).palette in palettes
            assert len(getattr(genre, role).patterns) >= 2


def test_no_word_names_two_genres() -> None:
    words = [word for genre in genres().values() for word in genre.words]
    assert len(words) == len(set(words))


def test_an_unknown_genre_plays_as_the_default_one() -> None:
    assert genre_named("polka").name == DEFAULT_GENRE


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("energy = 0.6", "enregy = 0.6", "unknown key 'enregy'; did you mean 'energy'"),
        ("lock = 0.35", "lokc = 0.35", "'bass.lokc'; did you mean 'lock'"),
        ("tempo_bpm = [120, 128]", "", "'tempo_bpm' is missing"),
        ("tempo_bpm = [120, 128]", "tempo_bpm = [120]", "tempo_bpm"),
        ("tempo_bpm = [120, 128]", "tempo_bpm = [128, 20]", "40 to 240"),
        ('palette = "909"', 'palette = "910"', "did you mean '909'"),
        ('"X... x... X... x..."', '"X... x... X... x.."', "has 15 steps, not 16 or 32"),
        ('"X... x... X... x..."', '"X... x... X... x..z"', "has 'z' in it"),
        ('[["1:9", "4:7"]', '[["1:9", "9:7"]', "chord '9:7'"),
        ("energy = 0.6", "energy = 6", "'energy' 6 is outside 0 to 1"),
        ("energy = 0.6", 'energy = "high"', "'energy' is 'high', not float"),
        ("brightness = 0.4\n", "brihgtness = 0.4\n", "did you mean 'brightness'"),
        ('curve = "wave"', 'curve = "zigzag"', "curve"),
        ("[drums]\n", '[drums]\ngroove = "bakcbeat"\n', "did you mean 'backbeat'"),
        ("[melody]\n", "[melody\n", "line"),
        ("kick       =", "kik       =", "did you mean 'kick'"),
        ('key = "Am"', 'key = "Q"', "key 'Q'"),
    ],
)
def test_a_bad_file_is_refused_by_name(old: str, new: str, says: str) -> None:
    assert old in HOUSE
    with pytest.raises(EngineError) as refused:
        parse_genre(HOUSE.replace(old, new, 1), "mine.toml")
    assert refused.value.code == "file"
    assert "mine.toml" in refused.value.text and says in refused.value.text


@pytest.mark.parametrize("name", sorted(genres()))
def test_a_genre_has_feels_to_choose_from(name: str) -> None:
    genre = genre_named(name)
    assert len(genre.drums.patterns) >= 3
    assert genre.progressions.minor and genre.progressions.major
    assert all(getattr(genre, role).manners for role in ("bass", "harmony", "melody"))
    assert genre.tempo_bpm[1] <= 1.45 * genre.tempo_bpm[0]


def hits_of(voice: str, name: str) -> list[set[int]]:
    """Where a voice surely sounds in each of a genre's drum patterns (the first bar)."""
    rows = [row.get(voice, "") for row in genre_named(name).drums.patterns]
    return [{i for i, c in enumerate(steps_of(row)[:16]) if c in "Xxo"} for row in rows if row]


FOUR, BACKBEAT = {0, 4, 8, 12}, {4, 12}


@pytest.mark.parametrize(
    ("name", "voice", "law"),
    [
        ("house", "kick", lambda rows: all(row >= FOUR for row in rows)),
        ("techno", "kick", lambda rows: all(row >= FOUR for row in rows)),
        ("trance", "kick", lambda rows: all(row >= FOUR for row in rows)),
        ("disco", "open_hat", lambda rows: all(row == {2, 6, 10, 14} for row in rows)),
        ("dubstep", "snare", lambda rows: all(8 in row and not row & BACKBEAT for row in rows)),
        ("reggaeton", "snare", lambda rows: all(row == {3, 6, 11, 14} for row in rows)),
        ("reggae", "kick", lambda rows: any(row == {8} for row in rows)),
        ("rock", "snare", lambda rows: all(row >= BACKBEAT for row in rows)),
        ("uk_garage", "kick", lambda rows: all(0 in row and 4 not in row and 12 not in row for row in rows)),
        ("bossa_nova", "kick", lambda rows: all(row == {0, 6, 8, 14} for row in rows)),
        ("latin", "clave", lambda rows: rows and all(row == {0, 3, 6, 10, 12} for row in rows)),
        ("jazz", "pedal_hat", lambda rows: all(row == BACKBEAT for row in rows)),
    ],
)
def test_what_makes_a_style_is_in_its_drums(name: str, voice: str, law: Any) -> None:
    rows = hits_of(voice, name)
    assert rows and law(rows)


@pytest.mark.parametrize("name", sorted(genres()))
def test_a_prompt_of_any_word_of_a_genre_is_that_genre(name: str) -> None:
    for word in (*genre_named(name).words, name.replace("_", " ")):
        context = interpret(word, Frame())
        assert (context.genre, context.genres, context.unknown) == (name, (), ()), word
        assert context.tempo_bpm == genre_named(name).typical_tempo_bpm, word
