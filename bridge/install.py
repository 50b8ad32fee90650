"""`resonantgen install HOST`: the companion of a DAW or tablet, into the folder where that looks for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bridge.atomic_file import disk_errors
from bridge.companions import Companion, companion_named, companions
from bridge.install_files import (
    ELSEWHERE,
    KEPT,
    NEW,
    REMOVED,
    SAME,
    UPDATED,
    YOURS,
    Change,
    carry_out,
    plan,
    remove,
)  # fmt: skip
from bridge.install_receipt import known_folders, note_folder, read_receipt
from bridge.user_folders import Places, choose_folder, expanded
from engine.errors import EngineError

WORDS = {
    NEW: "new", SAME: "up to date", UPDATED: "updated", REMOVED: "removed",
    YOURS: "changed by you, left as it is", KEPT: "updated; what you had is kept as {aside}",
}  # fmt: skip


@dataclass(frozen=True)
class Installed:
    """A companion in one folder. `pending`: what installing again would change there."""

    folder: Path
    version: str
    pending: tuple[Change, ...]

    @property
    def missing(self) -> list[str]:
        return [change.name for change in self.pending if change.action == NEW]


def main(
    host: str | None, folder: Path | None = None, dry_run: bool = False, uninstall: bool = False,
    places: Places | None = None,
) -> int:  # fmt: skip
    """The command. Without a host, what there is and where; EngineError for what cannot be done."""
    places = places or Places.here()
    if host is None:
        if folder or uninstall:
            raise EngineError("type", f"which host? There are: {', '.join(companions())}")
        return _list(places)
    companion = companion_named(host)
    if uninstall:
        return _uninstall(companion, folder, places, dry_run)
    return _install(companion, _folder(companion, folder, places), places, dry_run)


def _install(companion: Companion, folder: Path, places: Places, dry_run: bool) -> int:
    changes = plan(companion, folder)
    if not dry_run:
        carry_out(companion, folder, changes)
        _note(companion, folder, places, present=True)
    print(f"{companion.title}: {folder}" + (" (nothing is written)" if dry_run else ""))
    _print_changes(changes)
    print("\nWhat to do now:")
    for number, step in enumerate(companion.steps, 1):
        print(f"  {number}. {step.replace('{folder}', str(folder))}")
    return 0


def _uninstall(companion: Companion, folder: Path | None, places: Places, dry_run: bool) -> int:
    """From the folder that is named, or from every one that is known."""
    known = [there.folder for there in installed(companion, places)]
    folders = [folder.expanduser().absolute()] if folder else known
    if not folders:
        raise EngineError("not_found", f"nothing of ours for {companion.title} is installed")
    for path in folders:
        print(f"{companion.title}: {path}" + (" (nothing is removed)" if dry_run else ""))
        _print_changes(remove(companion, path, dry_run))
        if not dry_run:
            _note(companion, path, places, present=False)
    return 0


def _print_changes(changes: list[Change]) -> None:
    width = max((len(change.name) for change in changes), default=0)
    for change in changes:
        print(f"  {change.name.ljust(width)}  {WORDS[change.action].format(aside=change.aside)}")


def _note(companion: Companion, folder: Path, places: Places, present: bool) -> None:
    with disk_errors(places.settings, "set XDG_CONFIG_HOME" if places.platform == "linux" else ELSEWHERE):
        note_folder(places.settings, companion.host, folder, present)


def _folder(companion: Companion, folder: Path | None, places: Places) -> Path:
    """Where it goes; EngineError `not_found` says where the host was looked for."""
    if folder is not None:
        return folder.expanduser().absolute()
    candidates = companion.folders.get(places.platform, ())
    if not candidates:
        raise EngineError("not_available", f"{companion.title} does not run on this system; {ELSEWHERE}")
    found = choose_folder(candidates, places, companion.make)
    if found is None:
        looked = ", ".join(map(str, expanded(candidates, places)))
        text = f"{companion.title} was not found: looked for {looked}. Start it once, or {ELSEWHERE}"
        raise EngineError("not_found", text)
    return found


# --- what is where --------------------------------------------------------------------------------


def installed(companion: Companion, places: Places) -> list[Installed]:
    """Every folder that has it: those noted when it was installed, and the host's own."""
    usual = choose_folder(companion.folders.get(places.platform, ()), places, companion.make)
    folders = known_folders(places.settings, companion.host)
    folders += [usual] if usual is not None and usual not in folders else []
    found = []
    for folder in folders:
        receipt = read_receipt(folder, companion.host)
        if receipt is not None:
            pending = [change for change in plan(companion, folder) if change.action not in (SAME, YOURS)]
            found.append(Installed(folder, receipt.version, tuple(pending)))
    return found


def _list(places: Places) -> int:
    known = companions().values()
    width = max((len(companion.host) for companion in known), default=0)
    for companion in known:
        for line in _state(companion, places):
            print(f"{companion.host.ljust(width)}  {line}")
    print("\nresonantgen install HOST [--dir DIR] [--dry-run] [--uninstall]")
    return 0


def _state(companion: Companion, places: Places) -> list[str]:
    there = installed(companion, places)
    if there:
        return [f"{'older than this package' if one.pending else 'installed'}: {one.folder}" for one in there]
    try:
        return [f"not installed; it would go to {_folder(companion, None, places)}"]
    except EngineError as error:
        return [error.text]
