"""Python, the packages that the engine needs, and those that it can do without."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from bridge.doctor_findings import MISSING, OK, WARN, Finding
from engine.config import Config

MIN_PYTHON = (3, 11)
REQUIRED = (
    "numpy", "scipy", "numba", "librosa", "python-osc", "aiohttp", "mido", "python-rtmidi", "platformdirs",
    "rich",
)  # fmt: skip
OPTIONAL = {  # package: what it is for, and the extra that brings it
    "zeroconf": ("tablets find the engine by its name", "lan"),
    "encodec": ("the published codec; needs a CUDA build of torchaudio", "encodec"),
    "flash-attn": ("faster attention on NVIDIA GPUs", "flash"),
}  # fmt: skip


def installed(package: str) -> str | None:
    """A package's version, without importing it."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def check_python(config: Config) -> list[Finding]:
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info < MIN_PYTHON:
        return [
            Finding("Python", MISSING, found, f"install Python {'.'.join(map(str, MIN_PYTHON))} or newer")
        ]
    return [Finding("Python", OK, found)]


def check_packages(config: Config) -> list[Finding]:
    versions = {package: installed(package) for package in REQUIRED}
    missing = [package for package, number in versions.items() if number is None]
    found = ", ".join(f"{package} {number}" for package, number in versions.items() if number)
    if missing:
        return [
            Finding(
                "packages", MISSING, f"not here: {', '.join(missing)}", f"pip install {' '.join(missing)}"
            )
        ]
    return [Finding("packages", OK, found)]


def check_soundfile(config: Config) -> list[Finding]:
    """Also whether its libsndfile writes MP3 (from 1.1 on)."""
    how = "pip install -U soundfile"
    try:
        import soundfile
    except (ImportError, OSError) as error:
        return [Finding("soundfile", MISSING, f"cannot be loaded: {error}", how)]
    found = f"{soundfile.__version__}, libsndfile {soundfile.__libsndfile_version__}"
    if "MP3" not in soundfile.available_formats():
        return [Finding("soundfile", WARN, f"{found}, without MP3", f"{how} (libsndfile 1.1 or newer)")]
    return [Finding("soundfile", OK, f"{found}, with MP3")]


def check_optional(config: Config) -> list[Finding]:
    findings = []
    for package, (meaning, extra) in OPTIONAL.items():
        how = f"pip install 'resonantgen[{extra}]'"
        number = installed(package)
        status = OK if number else WARN
        findings.append(
            Finding(package, status, number or f"not here: {meaning} (optional)", "" if number else how)
        )
    return findings
