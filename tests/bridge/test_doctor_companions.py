"""The doctor says of every companion whether it is there, where, and whether it is this package's."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge import install as command
from bridge.companions import Companion
from bridge.doctor_checks import CHECKS
from bridge.doctor_companions import companion_findings
from bridge.doctor_findings import OK, WARN
from bridge.install import main
from engine.config import Config
from tests.bridge.installing import DECLARED, places, shipped

FOLDER = ".config/HOST"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def host(home: Path, monkeypatch: pytest.MonkeyPatch) -> Companion:
    companion = shipped(home)
    monkeypatch.setattr(command, "companion_named", lambda name: companion)
    return companion


def look(home: Path, companion: Companion) -> list[tuple[str, str, str]]:
    return [(f.status, f.found, f.how) for f in companion_findings([companion], places(home))]


def test_a_host_that_is_not_there_is_no_warning(home, host):
    assert look(home, host) == [(OK, "not found on this machine (optional)", "")]


def test_a_host_without_its_companion_says_how_to_get_it(home, host):
    (home / FOLDER).mkdir(parents=True)
    ((status, found, how),) = look(home, host)
    assert (status, how) == (WARN, "resonantgen install host") and str(home / FOLDER) in found


def test_a_tablet_has_no_folder_to_be_found_by(home):
    companion = shipped(home, DECLARED.replace("[[file]]", "make = true\n[[file]]", 1))
    assert look(home, companion) == [(OK, "not installed (optional): resonantgen install host", "")]


def test_an_installed_one_is_up_to_date_then_older_then_incomplete(home, host):
    folder = home / FOLDER
    folder.mkdir(parents=True)
    main("host", places=places(home))
    assert look(home, host) == [(OK, f"companion up to date in {folder}", "")]
    (folder / "device.bin").write_text("the user's own")
    assert look(home, host)[0][0] == OK
    newer = shipped(home, text="two")
    ((status, found, how),) = look(home, newer)
    assert status == WARN and "older than this package" in found and how == "resonantgen install host"
    (folder / "device.bin").unlink()
    ((status, found, how),) = look(home, newer)
    assert status == WARN and found.endswith("gone: device.bin")


def test_one_that_was_put_elsewhere_is_updated_there(home, host):
    main("host", home / "portable", places=places(home))
    ((_, _, how),) = look(home, shipped(home, text="two"))
    assert how == f"resonantgen install host --dir '{home / 'portable'}'"


def test_a_companion_that_cannot_be_looked_at_does_not_hide_the_others(home, host):
    folder = home / FOLDER
    (folder).mkdir(parents=True)
    main("host", places=places(home))
    (folder / "device.bin").unlink()
    (folder / "device.bin").mkdir()
    broken, fine = companion_findings([host, host], places(home / "nobody")), look(home, host)
    assert [f.status for f in broken] == [OK, OK]
    assert fine[0][0] == WARN and "it is a folder" in fine[0][1]


def test_every_companion_of_this_package_has_a_line():
    titles = {finding.name for finding in CHECKS["companions"](Config())}
    assert {"Open Stage Control", "TouchOSC"} <= titles
