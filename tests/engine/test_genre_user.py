"""A user's genres: one file each, refused by name and line, and known to prompts at once."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EngineError
from engine.music.genre import add_genres, bundled_genres, genre_named, genres, parse_genre
from engine.music.toml_lines import line_of
from engine.music.user_genres import load_user_genres
from engine.prompt.interpret import interpret
from engine.prompt.music_context import Frame

HOUSE = (resources.files("engine.music") / "genres" / "house.toml").read_text(encoding="utf-8")
POLKA = """\
name = "polka"
base = "rock"
words = ["polka", "polska"]
tempo_bpm = [110, 130]

[bass]
patterns = [
  "R... 5... R... 5...",
]
[bass.settings]
brightness = 0.25
"""


@pytest.fixture(autouse=True)
def only_ours():
    yield
    add_genres([])


def folder_with(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_file_that_names_a_base_says_only_what_is_different(tmp_path):
    assert load_user_genres(folder_with(tmp_path, polka=POLKA)) == []
    polka, rock = genre_named("polka"), genre_named("rock")
    assert polka.tempo_bpm == (110, 130) and polka.bass.patterns == ("R... 5... R... 5...",)
    assert polka.drums == rock.drums and polka.key == rock.key
    assert polka.bass.settings == {**rock.bass.settings, "brightness": 0.25}


def test_prompts_know_a_genre_as_soon_as_it_is_there_and_no_longer(tmp_path):
    def genre_of(prompt: str) -> str:
        return interpret(prompt, Frame()).genre

    before = genre_of("a fast polska in D")
    load_user_genres(folder_with(tmp_path, polka=POLKA))
    assert genre_of("a fast polska in D") == "polka" != before
    assert genre_of("a fast plska in D") == "polka"  # slips of the pen too
    load_user_genres(tmp_path / "nowhere")
    assert genre_of("a fast polska in D") == before and "polka" not in genres()


def test_a_bad_file_is_refused_by_name_and_line_and_the_others_play(tmp_path):
    bad = POLKA.replace("R... 5... R... 5...", "R... 5... R... 5..!").replace("polka", "bad")
    folder_with(tmp_path, bad=bad, not_toml="name = ", polka=POLKA, empty="")
    (tmp_path / "latin1.toml").write_bytes(b'name = "\xe9"')
    (tmp_path / "folder.toml").mkdir()
    failures = load_user_genres(tmp_path)
    assert set(genres()) == {*bundled_genres(), "polka"}
    text = "\n".join(failures)
    assert len(failures) == 5
    assert "genre bad.toml, line 8: 'bass.patterns': 'R... 5... R... 5..!' has '!' in it" in text
    assert "not_toml.toml, line 1" in text and "latin1.toml, line 1" in text and "folder.toml" in text
    assert "empty.toml" in text


def test_a_file_in_a_bundled_genres_name_takes_its_place(tmp_path):
    load_user_genres(folder_with(tmp_path, mine='name = "techno"\nbase = "techno"\ntempo_bpm = [150, 150]'))
    assert len(genres()) == len(bundled_genres())
    assert interpret("techno", Frame()).tempo_bpm == 150


def test_a_users_word_is_the_users(tmp_path):
    ours = bundled_genres()["house"].words[1]
    load_user_genres(folder_with(tmp_path, polka=POLKA.replace('"polska"', f'"{ours}"')))
    assert interpret(ours, Frame()).genre == "polka"
    words = [word for genre in genres().values() for word in genre.words]
    assert len(words) == len(set(words))


def test_a_base_may_be_another_file_of_the_users_in_any_order(tmp_path):
    child = 'name = "a"\nbase = "polka"\nenergy = 0.9'
    assert load_user_genres(folder_with(tmp_path, a=child, polka=POLKA)) == []
    assert genre_named("a").bass == genre_named("polka").bass and genre_named("a").energy == 0.9
    assert genre_named("a").words == ("a",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('name = "b"\nbase = "polca"', "line 2: 'base': unknown 'polca'; did you mean 'polka'"),
        ('base = "rock"\nname = "polka"', "line 2: 'name': another file of yours is 'polka' already"),
        ('name = "b"\nbase = "rock"\nwords = [\n"x",\n"polska",\n]', "line 5: 'words': 'polska' is 'polka'"),
        ('name = "b"\nbase = "rock"\nwords = ["techno"]', "line 3: 'words': 'techno' is 'techno' already"),
        ('name = "b"\nbase = "rock"\nwords = ["..."]', "line 3: 'words': '...' has no letter"),
        ('name = "My Own"\nbase = "rock"', "line 1: 'name' is 'My Own', not small letters"),
        ('name = "b"\nbase = "b"', "line 2: 'base': unknown 'b'"),
    ],
)
def test_names_bases_and_words_that_cannot_be(tmp_path, text, says):
    failures = load_user_genres(folder_with(tmp_path, polka=POLKA, wrong=text))
    assert len(failures) == 1 and f"genre wrong.toml, {says}" in failures[0]
    assert "polka" in genres()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("energy = 0.6", "energy = 6"),
        ("lock = 0.35", "lokc = 0.35"),
        ("lock = 0.35", "lock = 3.5"),
        ("tempo_bpm = [120, 128]", "tempo_bpm = [20, 128]"),
        ('palette = "909"', 'palette = "910"'),
        ('shaker     = "o.oo o.oo o.oo o.oo"', 'shaker     = "o.oo"'),
        ('"R..R ..8. R..R ..5."', '"R..R ..8. R..R ..9."'),
        ("shaker = 0.45", "shakre = 0.45"),
        ("shaker = 0.45", "shaker = 4.5"),
        ('"4:7", "5", "1:9", "6:7"', '"4:7", "5", "1:9", "8:7"'),
        ('key = "Am"', 'key = "Hm?"'),
        ('"intro", "build"', '"intro", "bild"'),
        ("crash = 0.3", 'groove = "bakcbeat"'),
    ],
)
def test_the_line_is_that_of_the_fault(old, new):
    assert HOUSE.count(old) == 1
    text = HOUSE.replace(old, new)
    line = 1 + text[: text.index(new)].count("\n")
    with pytest.raises(EngineError, match=rf"genre house\.toml, line {line}: "):
        parse_genre(text, "house.toml")


def test_a_missing_key_is_told_on_its_tables_line():
    text = HOUSE.replace('palette = "house_piano"\n', "")
    with pytest.raises(EngineError) as refused:
        parse_genre(text, "house.toml")
    line = text.splitlines().index("[harmony]") + 1
    assert f"line {line}: 'harmony.palette' is missing" in refused.value.text


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(0, 5), st.booleans())
def test_a_values_line_is_where_it_was_written(values, blanks, one_a_line):
    between = ",\n" if one_a_line else ", "
    text = "\n" * blanks + "[a.b]\nlist = [" + between.join(map(str, values)) + "]\nlast = 1\n"
    for i in range(len(values)):
        assert line_of(text, ("a", "b", "list", i)) == blanks + 2 + (i if one_a_line else 0)
    assert line_of(text, ("a", "b", "last")) == text.count("\n")
    assert line_of(text, ("a", "b", "list", len(values))) is None
