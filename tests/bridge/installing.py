"""A made-up host with a companion, and a made-up user on any system."""

from __future__ import annotations

from pathlib import Path

from bridge.companions import Companion, read_companion
from bridge.install_files import carry_out, plan
from bridge.user_folders import Places

FOLDERS = {
    "linux": ".config/HOST", "darwin": "Library/Application Support/HOST", "win32": "AppData/Roaming/HOST",
}  # fmt: skip
DECLARED = """
host = "host"
title = "The Host"
[[file]]
from = "pattern.txt"
to = "Patterns/ours/pattern.txt"
[[file]]
from = "build:tests.bridge.installing:built"
to = "device.bin"
[folder]
linux = ["%XDG_CONFIG_HOME%/HOST", "~/.var/app/org.host/config/HOST"]
darwin = ["~/Library/Application Support/HOST"]
win32 = ["%APPDATA%/HOST"]
[steps]
list = ["Open {folder} and {t}."]
"""


def built() -> bytes:
    return b"\0device"


def places(home: Path, platform: str = "linux", **environment: str) -> Places:
    return Places(platform, home, home / "Dokumente", home / "Musik", home / "settings", environment)


def shipped(home: Path, declared: str = DECLARED, text: str = "one") -> Companion:
    """A companion as a package would hold it."""
    package = home.parent / "package"
    package.mkdir(exist_ok=True)
    (package / "install.toml").write_text(declared)
    (package / "pattern.txt").write_text(text)
    return read_companion(package)


def put(companion: Companion, folder: Path) -> dict[str, str]:
    changes = plan(companion, folder)
    carry_out(companion, folder, changes)
    return {change.name: change.action for change in changes}
