"""What a settings file may say, and what it is told when it says something else."""

from __future__ import annotations

import contextlib
import tomllib
from dataclasses import asdict, fields
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import SECTIONS, Config, load_config, packaged_config, parse_config, set_folder
from engine.errors import EngineError

PACKAGED = sorted(f.name for f in resources.files("configs").iterdir() if f.name.endswith(".toml"))
DEFAULT_TEXT = resources.files("configs").joinpath("default.toml").read_text(encoding="utf-8")


def refusal(text: str) -> EngineError:
    with pytest.raises(EngineError) as caught:
        parse_config(text, "mine.toml")
    return caught.value


def test_no_file_means_the_defaults():
    assert load_config(None) == Config()


def test_the_default_file_spells_out_every_default():
    spelled = {section: set(values) for section, values in tomllib.loads(DEFAULT_TEXT).items()}
    assert spelled == {name: {f.name for f in fields(kind)} for name, kind in SECTIONS.items()}
    assert packaged_config("default") == Config()


def test_every_default_is_allowed():
    for section, values in asdict(Config()).items():
        for key, value in values.items():
            line = f"{key} = {list(value) if isinstance(value, tuple) else value!r}"
            text = f"[{section}]\n{line.replace('True', 'true').replace('False', 'false')}"
            assert parse_config(text, "one key") == Config()


@pytest.mark.parametrize("name", PACKAGED)
def test_packaged_files_are_valid_and_change_something(name):
    config = packaged_config(name.removesuffix(".toml"))
    assert (config == Config()) == (name == "default.toml")


def test_keys_left_out_have_their_defaults(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[osc]\nport = 9200\n[jack]\nmode = 'off'\n")
    config = load_config(path)
    assert (config.osc.port, config.jack.mode) == (9200, "off")
    assert config.midi == Config().midi and config.osc.lease_s == Config().osc.lease_s


def test_an_unknown_key_names_the_nearest_the_file_and_all_that_are_allowed():
    error = refusal("[osc]\nprot = 9130")
    assert error.code == "unknown"
    assert "mine.toml" in error.text and "'prot'" in error.text and "did you mean 'port'" in error.text
    assert all(f.name in error.text for f in fields(SECTIONS["osc"]))


def test_an_unknown_section_names_the_nearest():
    error = refusal("[jak]\nmode = 'on'")
    assert error.code == "unknown" and "did you mean '[jack]'" in error.text and "[midi]" in error.text


def test_a_key_outside_of_a_section_says_where_it_belongs():
    assert "osc is a section" in refusal("osc = 9130").text


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("[osc]\nport = 'nine'", "type", "a whole number"),
        ("[osc]\nport = true", "type", "a whole number"),
        ("[osc]\nport = 0", "range", "1 to 65533"),
        ("[osc]\nport = 65535", "range", "1 to 65533"),
        ("[osc]\nstartup_targets = ['here']", "range", "host:port"),
        ("[osc]\nhost = 1", "type", "a text"),
        ("[jack]\nmode = 'maybe'", "range", "auto, on, off"),
        ("[jack]\nconnect_outputs = 1", "type", "true or false"),
        ("[engine]\ntracks = 'drums'", "type", "a list of texts"),
        ("[engine]\ntracks = ['drums', '../x']", "range", "letters, digits"),
        ("[log]\ndump = 4", "range", "0 to 3"),
    ],
)
def test_a_wrong_value_says_what_is_allowed(line, code, says):
    error = refusal(line)
    assert (error.code, says in error.text) == (code, True)
    assert error.text.startswith("mine.toml: ")


@given(st.integers(0, 40))
def test_a_syntax_error_names_its_line(blank_lines):
    error = refusal("\n" * blank_lines + "[osc\nport = 1")
    assert error.code == "file" and f"mine.toml, line {blank_lines + 1}:" in error.text


def test_a_file_that_ends_too_early_names_its_last_line():
    assert refusal("[osc]\nport =").code == "file"
    assert "line 2:" in refusal("[osc]\nport =").text


def test_an_unreadable_file_is_named(tmp_path):
    with pytest.raises(EngineError, match=r"none\.toml") as caught:
        load_config(tmp_path / "none.toml")
    assert caught.value.code == "file"
    (tmp_path / "latin.toml").write_bytes(b"[log]\n# caf\xe9\n")
    with pytest.raises(EngineError, match=r"latin\.toml, line 2"):
        load_config(tmp_path / "latin.toml")


@given(st.text(max_size=200))
def test_any_text_is_a_config_or_an_engine_error(text):
    with contextlib.suppress(EngineError):
        assert isinstance(parse_config(text, "any"), Config)


def test_the_set_folder_is_the_one_asked_for_or_lies_in_the_music(tmp_path, monkeypatch):
    assert set_folder(parse_config(f"[folders]\nset = '{tmp_path}'", "x")) == tmp_path
    monkeypatch.setenv("XDG_MUSIC_DIR", str(tmp_path))
    assert set_folder(Config()).parts[-2:] == ("ResonantGen", "default")
    assert set_folder(parse_config("[folders]\nset = '~/rg'", "x")) == Path.home() / "rg"
