"""The user's genres from the command line and the settings: told of where they lie, heard where good."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.app import App
from bridge.doctor_findings import OK, WARN
from bridge.doctor_prompt import check_genres
from engine.config import Config, FoldersConfig, genre_folder, load_config
from engine.music.genre import add_genres, genres

ROOT = Path(__file__).parents[2]
GOOD = 'name = "polka"\nbase = "rock"\nwords = ["polska"]\ntempo_bpm = [119, 121]\n'
BAD = 'name = "bad"\nbase = "rock"\n[drums]\npalette = "909s"\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "polka.toml").write_text(GOOD)
    (tmp_path / "bad.toml").write_text(BAD)
    yield tmp_path
    add_genres([])


def with_genres(folder: Path) -> Config:
    return replace(Config(), folders=FoldersConfig(genres=str(folder)))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bridge", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)


def test_the_doctor_names_the_folder_and_what_is_wrong_in_it(folder):
    found, refused = check_genres(with_genres(folder))
    assert found.status == OK and str(folder) in found.found and "polka" in found.found
    assert refused.status == WARN and "bad.toml, line 4: 'drums.palette'" in refused.found and refused.how


def test_an_engine_starts_with_the_good_ones_and_tells_of_the_others(folder, tmp_path):
    app = App(with_genres(folder), tmp_path / "set")
    assert "polka" in genres()
    assert ["bad.toml, line 4" in failure for failure in app.failures] == [True]


def test_analyze_reads_them_from_the_folder_or_the_settings(folder, tmp_path):
    settings = tmp_path / "settings" / "mine.toml"
    settings.parent.mkdir()
    settings.write_text(f"[folders]\ngenres = '{folder}'\n[prompt]\nembeddings = 'off'\n")
    assert genre_folder(load_config(settings)) == folder
    result = run("analyze", "a polska", "--json", "--config", str(settings))
    context = json.loads(result.stdout)
    assert (context["genre"], context["tempo_bpm"]) == ("polka", 120.0)
    assert "genre bad.toml, line 4" in result.stderr


def test_without_a_folder_they_lie_among_the_users_settings(monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "/somewhere")
    folder = genre_folder(Config())
    assert folder.name == "genres" and folder.parent.name == "resonantgen"
