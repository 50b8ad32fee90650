"""What was installed where: a receipt beside the files, and a list of the folders that have one.

    ~/.config/REAPER/.resonantgen-reaper.json     {"version": "0.1.0", "files": {"OSC/x.ReaperOSC": "sha…"}}
    SETTINGS/installed.json                       {"reaper": ["/home/me/.config/REAPER"]}

The list finds what was installed with --dir. Either may be gone or damaged: then nothing is known, and
nothing is overwritten or removed on its word.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from bridge.atomic_file import publish_over

LIST = "installed.json"


@dataclass
class Receipt:
    """`files`: hash of each file as it was installed, by its path in the folder; `made`: folders that were
    made for them, outermost first."""

    version: str = ""
    files: dict[str, str] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def receipt_path(folder: Path, host: str) -> Path:
    return folder / f".resonantgen-{host}.json"


def read_receipt(folder: Path, host: str) -> Receipt | None:
    """None where nothing was installed there, or where nobody can tell any more."""
    data = _read(receipt_path(folder, host))
    files, made = data.get("files"), data.get("made", [])
    if not isinstance(files, dict) or not isinstance(made, list):
        return None
    kept = {name: hashed for name, hashed in files.items() if isinstance(hashed, str) and is_inside(name)}
    return Receipt(
        str(data.get("version", "")),
        kept,
        [name for name in made if isinstance(name, str) and is_inside(name)],
    )


def is_inside(name: str) -> bool:
    """Whether a path of a receipt, which anybody could have edited, stays in its folder."""
    path = Path(name)
    return not path.is_absolute() and ".." not in path.parts and bool(path.parts)


def write_receipt(folder: Path, host: str, receipt: Receipt) -> None:
    _write(receipt_path(folder, host), {
        "version": receipt.version, "files": dict(sorted(receipt.files.items())), "made": receipt.made,
    })  # fmt: skip


def known_folders(settings: Path, host: str) -> list[Path]:
    """Where this host's companion was installed, as far as it still is."""
    listed = _read(settings / LIST).get(host, [])
    paths = [Path(text) for text in listed if isinstance(text, str)] if isinstance(listed, list) else []
    return [path for path in paths if read_receipt(path, host) is not None]


def note_folder(settings: Path, host: str, folder: Path, present: bool) -> None:
    """Remember that `folder` has (or no longer has) what was installed for `host`."""
    known = _read(settings / LIST)
    others = [str(path) for path in known_folders(settings, host) if path != folder]
    known[host] = sorted([*others, str(folder)] if present else others)
    settings.mkdir(parents=True, exist_ok=True)
    _write(settings / LIST, {name: paths for name, paths in known.items() if paths})


def _read(path: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        data = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(data, dict):
            return data
    return {}


def _write(path: Path, data: dict[str, Any]) -> None:
    publish_over(path, json.dumps(data, indent=1, ensure_ascii=False).encode() + b"\n")
