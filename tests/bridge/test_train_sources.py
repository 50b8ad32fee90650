"""`resonantgen train sources`: what is here is listed; what is fetched arrives whole, in its own folder."""

from __future__ import annotations

import argparse
import io
import json
import sys
import tarfile
from pathlib import Path

import pytest

from bridge import train_sources
from bridge.train_sources import Tools, add_parser, entries, main, missing, to_be_run, unpack, wanted
from engine.errors import EngineError
from engine.training.corpus.sources import Sources, sources_in
from tests.engine.corpus_sounds import drum_pack

EVERYTHING = [entry["name"] for entry in entries()]


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    return parser.parse_args(["sources", *words])


def archive(path: Path, *names: str) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 4
            tar.addfile(member, io.BytesIO(b"data"))
    return path


def test_what_is_found_is_told_with_licence_and_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drum_pack(tmp_path)
    assert main(arguments("--json", "--folder", str(tmp_path))) == 0
    told = json.loads(capsys.readouterr().out)
    pack = next(pack for pack in told["packs"] if pack["name"] == "audiophob")
    assert pack["licence"] == "CC0" and pack["shots"] == 6
    assert pack["kinds"] == {"snare": 2, "closed_hat": 1, "crash": 1, "kick": 1, "open_hat": 1}
    assert "audiophob" not in told["missing"]
    assert main(arguments("--folder", str(tmp_path))) == 0
    assert "audiophob" in capsys.readouterr().out


def test_everything_is_missing_where_nothing_is(tmp_path: Path) -> None:
    assert missing(Sources()) == EVERYTHING
    drum_pack(tmp_path)
    assert "audiophob" not in missing(sources_in([], [tmp_path]))


def test_a_package_that_holds_two_sources_is_wanted_once() -> None:
    assert wanted(EVERYTHING, "apt").count("hydrogen-drumkits") == 1
    assert wanted(EVERYTHING, "npm") == ["supersonic-scsynth-samples"]
    assert wanted(["rumpf"], "apt") == ["hydrogen-drumkits"] and wanted(["rumpf"], "npm") == []


def test_what_this_machine_cannot_do_is_told_to_the_user() -> None:
    apt, npm = ["fluid-soundfont-gm"], ["supersonic-scsynth-samples"]
    assert to_be_run(apt, npm, Tools(apt=True, root=True, npm=True)) == []
    assert to_be_run([], [], Tools(apt=False, root=False, npm=False)) == []
    plain = to_be_run(apt, npm, Tools(apt=True, root=False, npm=True))
    apt_get = "sudo apt-get install -y --no-install-recommends fluid-soundfont-gm"
    assert plain == [f"run: sudo apt-get update; {apt_get}"]
    bare = to_be_run(apt, npm, Tools(apt=False, root=True, npm=False))
    assert "fluid-soundfont-gm" in bare[0] and "npm pack supersonic-scsynth-samples" in bare[1]


def test_what_fails_stops_nothing_else_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands: list[list[str]] = []

    def refuse(command: list[str], folder: Path | None = None) -> str:
        commands.append(command)
        raise EngineError("not_available", f"{command[0]} ended with 100: no such thing")

    monkeypatch.setattr(train_sources, "run", refuse)
    monkeypatch.setattr(train_sources, "find_sources", lambda folder: Sources())
    monkeypatch.setattr(train_sources, "find_spec", lambda name: None)
    monkeypatch.setattr(Tools, "here", classmethod(lambda cls: Tools(apt=True, root=True, npm=True)))
    assert main(arguments("--install")) == 1
    assert [command[:2] for command in commands] == [
        ["apt-get", "update"], ["apt-get", "install"], ["npm", "pack"], [sys.executable, "-m"],
    ]  # fmt: skip
    assert commands[-1][2:] == ["pip", "install", "--no-deps", "tinysoundfont>=0.3.6"]
    told = capsys.readouterr().err
    assert told.count("not installed: ") == 3 and "apt-get" in told


@pytest.mark.parametrize("player", [True, False])
def test_without_its_player_not_everything_is_installed(
    monkeypatch: pytest.MonkeyPatch, player: bool
) -> None:
    monkeypatch.setattr(train_sources, "run", lambda command, folder=None: "")
    monkeypatch.setattr(train_sources, "missing", lambda found: [])
    monkeypatch.setattr(train_sources, "find_spec", lambda name: object() if player else None)
    assert main(arguments("--install", "--json")) == (0 if player else 1)


def test_an_archive_is_unpacked_in_place_of_an_older_one(tmp_path: Path) -> None:
    (tmp_path / "pack" / "old").mkdir(parents=True)
    unpack(archive(tmp_path / "a.tgz", "package/samples/bd_haus.flac"), tmp_path / "pack")
    assert (tmp_path / "pack" / "package" / "samples" / "bd_haus.flac").read_bytes() == b"data"
    assert not (tmp_path / "pack" / "old").exists()


def test_an_archive_that_is_broken_or_reaches_out_of_its_folder_leaves_everything_as_it_was(
    tmp_path: Path,
) -> None:
    broken = tmp_path / "broken.tgz"
    broken.write_bytes(archive(tmp_path / "whole.tgz", "one", "two").read_bytes()[:40])
    evil = archive(tmp_path / "evil.tgz", "package/fine", "../../evil")
    empty = archive(tmp_path / "empty.tgz")
    (tmp_path / "data" / "pack").mkdir(parents=True)
    (tmp_path / "data" / "pack" / "kept").touch()
    for bad in (broken, evil, empty):
        with pytest.raises(EngineError) as caught:
            unpack(bad, tmp_path / "data" / "pack")
        assert caught.value.code == "file"
    assert [path.name for path in (tmp_path / "data").rglob("*")] == ["pack", "kept"]
    assert not (tmp_path / "evil").exists()
