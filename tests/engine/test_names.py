"""What comes over the wire names something inside one folder, or is refused before anything is opened."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EngineError
from engine.names import resolve_inside, safe_name, told_folder


@pytest.fixture
def root(tmp_path):
    """imports/ with a loop, a loop in a folder, links of every kind; beside it a secret."""
    root = tmp_path / "imports"
    (root / "sub").mkdir(parents=True)
    (root / "loop.wav").write_bytes(b"loop")
    (root / "sub" / "deep.wav").write_bytes(b"deep")
    (tmp_path / "secret.wav").write_bytes(b"secret")
    (tmp_path / "imports_not").mkdir()
    (tmp_path / "imports_not" / "x.wav").write_bytes(b"x")
    (root / "good_link").symlink_to(root / "loop.wav")
    (root / "bad_link").symlink_to(tmp_path / "secret.wav")
    (root / "bad_folder").symlink_to(tmp_path)
    (root / "circle").symlink_to(root / "circle")
    os.mkfifo(root / "pipe")
    return root


@pytest.mark.parametrize("name", ["loop.wav", "sub/deep.wav", "good_link", "./loop.wav", "sub//deep.wav"])
def test_a_file_inside_is_found(root, name):
    path = resolve_inside(root, name)
    assert path.is_file() and path.is_relative_to(root.resolve())


@pytest.mark.parametrize(
    "name",
    [
        "", "\0", "loop.wav\0", "/etc/passwd", "../secret.wav", "sub/../../secret.wav", "sub/../loop.wav",
        "..", "..\\secret.wav", "C:\\x.wav", "c:x.wav", "\\\\host\\x", "bad_link", "bad_folder/secret.wav",
        "bad_folder/imports_not/x.wav", "circle", "sub", ".", "pipe", "a" * 5000, "\ud800", "loop.wav/x",
        None, 7, b"loop.wav",
    ],
)  # fmt: skip
def test_whatever_leads_elsewhere_or_is_no_file_is_refused(root, name):
    with pytest.raises(EngineError) as caught:
        resolve_inside(root, name)
    assert caught.value.code == "file"
    assert str(root.parent) not in caught.value.text  # the client learns nothing of this machine


def test_the_root_itself_may_be_a_link(root, tmp_path):
    (tmp_path / "alias").symlink_to(root)
    assert resolve_inside(tmp_path / "alias", "loop.wav").read_bytes() == b"loop"


def test_a_missing_name_says_what_there_is(root):
    with pytest.raises(EngineError, match=r"not_found: 'lop\.wav' is not in imports/; there is .*loop\.wav"):
        resolve_inside(root, "lop.wav")


def test_a_full_folder_is_not_listed_whole(tmp_path):
    for number in range(30):
        (tmp_path / f"{number:02}.wav").touch()
    with pytest.raises(EngineError, match=r"11\.wav and 18 more$"):
        resolve_inside(tmp_path, "x.wav")


def test_a_missing_or_empty_folder_is_said_so(tmp_path):
    (tmp_path / "empty").mkdir()
    for folder, words in (("empty", "it is empty"), ("gone", "that folder is not there")):
        with pytest.raises(EngineError, match=f"not_found: .*{words}"):
            resolve_inside(tmp_path / folder, "x.wav")


@given(st.text(max_size=40) | st.text("./\\ab~\0:", max_size=12))
def test_no_text_at_all_leads_outside(tmp_path_factory, name):
    root = tmp_path_factory.mktemp("imports")
    (root / "a").touch()
    try:
        path = resolve_inside(root, name)
    except EngineError as error:
        assert error.code in ("file", "not_found")
    else:
        assert path == root.resolve() / "a"


@pytest.mark.parametrize("name", ["verse 2", "a", "Drop-A_1.5", "Übung", "x" * 64, "con 2", "nullify"])
def test_plain_names_stay_as_they_are(name):
    assert safe_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "", " ", ".", "..", ".hidden", "a/b", "a\\b", "a:b", "a\nb", "a\0", "x" * 65, " a", "a ", "a*", "🎹",
        "𐎀" * 64, None, 3, "a.", "a..", "a .", "CON", "nul.wav", "Com1", "lpt9 .x", "COM¹",
    ],
)  # fmt: skip
def test_other_names_are_refused_with_what_is_allowed(name):
    with pytest.raises(EngineError) as caught:
        safe_name(name)
    assert caught.value.code == "range"


@given(st.text("aÜ1 ._-/", max_size=10))
def test_a_name_that_passes_makes_one_folder(tmp_path_factory, name):
    root = tmp_path_factory.mktemp("sets")
    try:
        safe_name(name)
    except EngineError:
        return
    (root / name).mkdir()
    assert [path.name for path in root.iterdir()] == [name]


def test_a_folder_is_told_as_other_programs_find_it(tmp_path, monkeypatch):
    (tmp_path / "Übung 2").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "Übung 2")
    monkeypatch.chdir(tmp_path)
    assert told_folder(Path("link")) == str(tmp_path.resolve() / "Übung 2")


@pytest.mark.parametrize("name", ["a/" * 500, "line\nfeed", os.fsdecode(b"caf\xe9")])
def test_a_folder_that_cannot_travel_whole_is_not_told(tmp_path, name):
    assert told_folder(tmp_path / name) == ""
