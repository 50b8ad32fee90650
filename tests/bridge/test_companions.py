"""What companions declare is sound, and every one of this package can be installed wherever it lies."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bridge.companions import companions
from bridge.install_files import remove
from bridge.install_receipt import read_receipt
from bridge.user_folders import PLATFORMS
from engine.errors import EngineError
from tests.bridge.installing import DECLARED, places, put, shipped

ROOT = Path(__file__).parents[2]

# --- declarations ---------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('to = "device.bin"', 'to = "../device.bin"', "leads outside"),
        ('to = "device.bin"', 'to = "/device.bin"', "leads outside"),
        ('to = "device.bin"', 'to = "C:/device.bin"', "leads outside"),
        ('title = "The Host"', 'titel = "The Host"', "did you mean 'title'"),
        ("win32 =", "windows =", "unknown key 'windows'"),
        ('list = ["Open {folder} and {t}."]', "list = [1]", "a list of texts"),
        ('host = "host"', "", "host is missing"),
    ],
)
def test_a_declaration_that_is_wrong_says_where(home, old, new, says):
    assert old in DECLARED
    with pytest.raises(EngineError, match=says):
        shipped(home, DECLARED.replace(old, new))


def test_what_is_not_in_the_package_is_refused_before_anything_is_written(home):
    for source in ("gone.txt", "build:no.such:function", "build:tests.bridge.installing:gone", "build:"):
        companion = shipped(home, DECLARED.replace("build:tests.bridge.installing:built", source))
        with pytest.raises(EngineError, match=r"gone|no such function"):
            put(companion, home / "x")
    assert not (home / "x").exists()


# --- ours -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", companions())
def test_every_companion_of_this_package_can_be_installed_and_removed(tmp_path, host):
    companion = companions()[host]
    assert set(put(companion, tmp_path / "x").values()) == {"new"}
    assert set(put(companion, tmp_path / "x").values()) == {"same"}  # what is built is built the same again
    remove(companion, tmp_path / "x")
    assert list(tmp_path.iterdir()) in ([], [tmp_path / "x"]) and not list(tmp_path.rglob("*.*"))


@pytest.mark.parametrize("host", companions())
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_folder_of_every_companion_can_be_told(tmp_path, host, platform):
    candidates = companions()[host].folders.get(platform, ())
    assert all(places(tmp_path, platform).expand(text) is not None for text in candidates)
    assert candidates or (host, platform) == ("ableton", "linux")  # there is no Live for it


INSTALL_ALL = """
import sys
sys.path.insert(0, sys.argv[1])
from bridge.__main__ import main
from bridge.companions import companions
sys.exit(sum(main(["install", host, "--dir", f"{sys.argv[2]}/{host}"]) for host in companions()))
"""


def test_companions_are_found_in_a_package_that_is_no_folder(tmp_path):
    """As importlib.resources finds them, wherever the packages lie: here in a zip file."""
    archive = tmp_path / "packages.zip"
    with zipfile.ZipFile(archive, "w") as packages:
        for name in ("bridge", "configs", "daw_templates", "engine", "max_for_live"):
            for path in (ROOT / name).rglob("*"):
                if path.is_file() and path.suffix not in (".pyc", ".safetensors"):
                    packages.write(path, path.relative_to(ROOT))
    command = [sys.executable, "-I", "-c", INSTALL_ALL, str(archive), str(tmp_path)]
    home = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    result = subprocess.run(command, cwd=tmp_path, env=home, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    for host, companion in companions().items():
        found = read_receipt(tmp_path / host, host)
        assert found is not None and set(found.files) == {str(file.target) for file in companion.files}


def test_the_hosts_that_the_readme_promises_are_there():
    promised = {"ableton", "reaper", "bitwig", "ardour", "touchosc", "open-stage-control"}
    assert promised <= set(companions())
