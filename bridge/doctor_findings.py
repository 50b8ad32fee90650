"""What the doctor's checks answer with."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARN, MISSING = "ok", "warn", "missing"


@dataclass(frozen=True)
class Finding:
    """One line of the report. `status`: ok, warn (something optional is not there) or missing."""

    name: str
    status: str
    found: str
    how: str = ""  # how to get it, where it is not there
