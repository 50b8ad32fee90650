"""Packages of tests/packages as pip would install them: the module, and its metadata beside it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

PACKAGES = Path(__file__).parents[1] / "packages"


def install(name: str, site: Path, points: Mapping[str, Mapping[str, str]]) -> Path:
    """`points`: group -> entry point -> object, as in a pyproject.toml. The module's folder in `site`."""
    shutil.copytree(PACKAGES / name, site / name, ignore=shutil.ignore_patterns("__pycache__"))
    metadata = site / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [
        line
        for group, entries in points.items()
        for line in (f"[{group}]", *(f"{point} = {target}" for point, target in entries.items()))
    ]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return site / name
