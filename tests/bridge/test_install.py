"""Installing puts every file where its host looks for it, and loses nothing that the user made."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from bridge import install as command
from bridge.companions import Companion
from bridge.install import installed, main
from bridge.install_files import remove
from bridge.install_receipt import read_receipt, receipt_path
from bridge.user_folders import PLATFORMS, choose_folder
from engine.errors import EngineError
from tests.bridge.installing import DECLARED, FOLDERS, built, places, put, shipped


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user whose host lies in the folder of each system."""
    home = tmp_path / "home"
    for folder in FOLDERS.values():
        (home / folder).mkdir(parents=True)
    return home


@pytest.fixture
def host(home: Path, monkeypatch: pytest.MonkeyPatch) -> Companion:
    companion = shipped(home)
    monkeypatch.setattr(command, "companions", lambda: {"host": companion})
    monkeypatch.setattr(command, "companion_named", lambda name: companion)
    return companion


# --- where ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_system_has_a_folder_of_its_own(home, host, platform, capsys):
    assert main("host", places=places(home, platform)) == 0
    folder = home / FOLDERS[platform]
    assert (folder / "Patterns/ours/pattern.txt").read_text() == "one"
    assert (folder / "device.bin").read_bytes() == built()
    assert f"1. Open {folder} and {{t}}." in capsys.readouterr().out


def test_variables_of_the_environment_lead_elsewhere(home):
    elsewhere = places(home, XDG_CONFIG_HOME=str(home / "other"), EMPTY="")
    assert elsewhere.expand("%XDG_CONFIG_HOME%/HOST") == home / "other/HOST"
    assert places(home, XDG_CONFIG_HOME="").expand("%XDG_CONFIG_HOME%/x") == home / ".config/x"
    assert places(home, "win32").expand("%LOCALAPPDATA%/x") == home / "AppData/Local/x"
    assert places(home).expand("%DOCUMENTS%/x") == home / "Dokumente/x"
    assert places(home).expand("%NOBODY%/x") is None
    assert places(home).expand("~/x") == home / "x"


def test_the_first_folder_that_exists_is_taken(home):
    candidates = ("%NOBODY%/x", "~/missing/x", "~/second", "~/third")
    (home / "third").mkdir()
    assert choose_folder(candidates, places(home)) == home / "third"
    (home / "second").mkdir()
    assert choose_folder(candidates, places(home)) == home / "second"


def test_a_folder_is_made_only_where_the_host_itself_was(home):
    (home / "Dokumente/Host").mkdir(parents=True)
    assert choose_folder(("~/.config/NEVER", "%DOCUMENTS%/NEVER"), places(home)) is None
    assert choose_folder(("%DOCUMENTS%/Host/Scripts",), places(home)) == home / "Dokumente/Host/Scripts"
    assert choose_folder(("~/.config/NEVER",), places(home), make=True) == home / ".config/NEVER"


def test_a_host_that_is_not_there_is_told_with_where_it_was_looked_for(home, host):
    (home / FOLDERS["linux"]).rmdir()
    with pytest.raises(EngineError, match=r"The Host was not found: looked for .*/\.config/HOST.*--dir"):
        main("host", places=places(home))
    assert not (home / FOLDERS["linux"]).exists()


def test_a_host_that_does_not_run_here_needs_a_folder(home, host):
    host.folders.pop("linux")
    with pytest.raises(EngineError, match="does not run on this system; name another folder: --dir"):
        main("host", places=places(home))
    assert main("host", home / "portable", places=places(home)) == 0
    assert (home / "portable/device.bin").exists()


# --- what becomes of what is there ----------------------------------------------------------------


def test_again_is_nothing_new_and_an_update_replaces_what_was_ours(home, host):
    folder = home / "x"
    assert set(put(host, folder).values()) == {"new"}
    assert set(put(host, folder).values()) == {"same"}
    newer = shipped(home, text="two")
    assert put(newer, folder) == {"Patterns/ours/pattern.txt": "updated", "device.bin": "same"}
    assert (folder / "Patterns/ours/pattern.txt").read_text() == "two"
    assert sorted(path.name for path in (folder / "Patterns/ours").iterdir()) == ["pattern.txt"]


def test_what_the_user_changed_is_left_alone_until_ours_changes_and_is_kept_then(home, host):
    folder, name = home / "x", "Patterns/ours/pattern.txt"
    put(host, folder)
    (folder / name).write_text("mine")
    assert put(host, folder)[name] == "yours"
    assert (folder / name).read_text() == "mine"
    for text, aside in (("two", "pattern.txt.bak"), ("three", "pattern.txt.bak2")):
        newer = shipped(home, text=text)
        assert put(newer, folder)[name] == "kept"
        assert (folder / name).read_text() == text
        assert (folder / name).with_name(aside).read_text() == "mine"
        (folder / name).write_text("mine")


def test_a_file_that_nobody_knows_is_the_users(home, host):
    folder = home / "x"
    folder.mkdir()
    (folder / "device.bin").write_text("something else")
    assert put(host, folder)["device.bin"] == "kept"
    assert (folder / "device.bin.bak").read_text() == "something else"


def test_what_is_no_longer_shipped_goes_unless_it_was_changed(home, host):
    folder = home / "x"
    put(host, folder)
    smaller = shipped(home, DECLARED.replace("device.bin", "renamed.bin"))
    assert put(smaller, folder)["device.bin"] == "removed"
    assert not (folder / "device.bin").exists() and (folder / "renamed.bin").exists()
    (folder / "renamed.bin").write_text("mine")
    assert put(host, folder)["renamed.bin"] == "yours"
    assert (folder / "renamed.bin").read_text() == "mine"


def test_removing_leaves_the_folder_as_it_was(home, host, capsys):
    folder = home / FOLDERS["linux"]
    (folder / "Patterns").mkdir()
    main("host", places=places(home))
    main("host", uninstall=True, places=places(home))
    assert [str(path.relative_to(folder)) for path in folder.rglob("*")] == ["Patterns"]
    assert not installed(host, places(home))
    with pytest.raises(EngineError, match="nothing of ours for The Host is installed"):
        main("host", uninstall=True, places=places(home))


def test_removing_leaves_what_the_user_changed(home, host):
    folder = home / "x"
    put(host, folder)
    (folder / "device.bin").write_text("mine")
    assert {c.name: c.action for c in remove(host, folder)}["device.bin"] == "yours"
    assert [path.name for path in folder.rglob("*")] == ["device.bin"]


def test_a_dry_run_writes_nothing(home, host, capsys):
    before = sorted(home.rglob("*"))
    main("host", dry_run=True, places=places(home))
    assert sorted(home.rglob("*")) == before
    assert "nothing is written" in capsys.readouterr().out
    main("host", places=places(home))
    there = sorted(home.rglob("*"))
    main("host", uninstall=True, dry_run=True, places=places(home))
    assert sorted(home.rglob("*")) == there


# --- what goes wrong ------------------------------------------------------------------------------


def test_a_receipt_that_anybody_edited_leads_nowhere_else(home, host):
    folder = home / "x"
    put(host, folder)
    secret = home / "secret"
    secret.write_text("a")
    path = receipt_path(folder, "host")
    hashed = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"  # of "a"
    for files in ({"../secret": hashed}, {str(secret): hashed}, ["x"], {"device.bin": 7}):
        path.write_text(json.dumps({"files": files, "made": ["../.."]}))
        put(host, folder)
        assert secret.exists()
    path.write_text("{")
    assert read_receipt(folder, "host") is None
    assert put(host, folder) == dict.fromkeys(("Patterns/ours/pattern.txt", "device.bin"), "same")


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a folder that not even root writes")
def test_a_folder_that_may_not_be_written_says_so(host):
    with pytest.raises(EngineError, match=r"/sys/host/.* could not be written: .*; .*--dir"):
        put(host, Path("/sys/host"))


def test_a_full_disk_says_so_and_what_was_done_is_noted(home, host, monkeypatch):
    folder, real = home / "x", os.fsync

    def full(handle: int) -> None:
        if os.fstat(handle).st_size == len(built()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(EngineError, match=r"device\.bin could not be written: .*free some space"):
            put(host, folder)
    assert not list(folder.rglob("*.part")) and not (folder / "device.bin").exists()
    newer = shipped(home, text="two")
    assert put(newer, folder) == {"Patterns/ours/pattern.txt": "updated", "device.bin": "new"}


@pytest.mark.parametrize(("make", "says"), [("device.bin/x", "is a folder"), ("Patterns", "")])
def test_a_folder_where_a_file_should_be_is_refused(home, host, make, says):
    folder = home / "x"
    target = folder / make
    target.parent.mkdir(parents=True)
    target.write_text("in the way")
    with pytest.raises(EngineError, match=rf"cannot be read: .*{says}.*move it away"):
        put(host, folder)
    assert target.read_text() == "in the way"


# --- what is where --------------------------------------------------------------------------------


def test_what_was_put_elsewhere_is_found_again_and_brought_up_to_date(home, host):
    here = places(home)
    main("host", home / "portable", places=here)
    (one,) = installed(host, here)
    assert (one.folder, one.pending) == (home / "portable", ())
    (home / "portable/device.bin").unlink()
    shipped(home, text="two")
    (one,) = installed(host, here)
    assert [change.action for change in one.pending] == ["updated", "new"] and one.missing == ["device.bin"]


def test_the_list_names_every_host_and_where_it_is(home, host, capsys):
    main(None, places=places(home))
    assert f"host  not installed; it would go to {home / FOLDERS['linux']}" in capsys.readouterr().out
    main("host", places=places(home))
    capsys.readouterr()
    main(None, places=places(home))
    assert f"host  installed: {home / FOLDERS['linux']}" in capsys.readouterr().out


@pytest.mark.parametrize("options", [{"folder": Path("x")}, {"uninstall": True}])
def test_without_a_host_there_is_nothing_to_put_or_remove(home, host, options):
    with pytest.raises(EngineError, match=r"which host\? There are: host"):
        main(None, places=places(home), **options)
