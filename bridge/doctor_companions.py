"""The companions: which are installed, where, whether they are this package's, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.companions import Companion, companions
from bridge.doctor_findings import OK, WARN, Finding
from bridge.install import Installed, installed
from bridge.user_folders import Places, choose_folder
from engine.config import Config
from engine.errors import EngineError


def check_companions(config: Config) -> list[Finding]:
    """A line for each; and for each folder, where one is installed in several."""
    return companion_findings(companions().values(), Places.here())


def companion_findings(found: Iterable[Companion], places: Places) -> list[Finding]:
    findings = []
    for companion in found:
        try:
            findings += _look(companion, places)
        except EngineError as error:
            findings.append(Finding(companion.title, WARN, error.text, _how(companion)))
    return findings


def _look(companion: Companion, places: Places) -> list[Finding]:
    candidates = companion.folders.get(places.platform, ())
    there = installed(companion, places)
    if there:
        usual = choose_folder(candidates, places, companion.make)
        return [_state(companion, one, one.folder == usual) for one in there]
    if companion.make:
        return [Finding(companion.title, OK, f"not installed (optional): {_how(companion)}")]
    folder = choose_folder(candidates, places)
    if folder is None:
        return [Finding(companion.title, OK, "not found on this machine (optional)")]
    return [Finding(companion.title, WARN, f"is here, its companion is not: {folder}", _how(companion))]


def _state(companion: Companion, one: Installed, is_usual: bool) -> Finding:
    how = _how(companion) + ("" if is_usual else f" --dir '{one.folder}'")
    if one.missing:
        return Finding(companion.title, WARN, f"{one.folder}: gone: {', '.join(one.missing)}", how)
    if one.pending:
        found = f"{one.folder}: of {one.version or 'an unknown version'}, older than this package"
        return Finding(companion.title, WARN, found, how)
    return Finding(companion.title, OK, f"companion up to date in {one.folder}")


def _how(companion: Companion) -> str:
    return f"resonantgen install {companion.host}"
