"""Programs that tests of the companions run: skipped without them, a failure where they are required."""

from __future__ import annotations

import os
import shutil

import pytest

REQUIRED = "RESONANTGEN_REQUIRE_COMPANIONS"


def require_tool(name: str) -> str:
    """A program's path. Without it the test is skipped, or fails with RESONANTGEN_REQUIRE_COMPANIONS=1."""
    path = shutil.which(name)
    if path is not None:
        return path
    text = f"missing: {name}"
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(text)
    pytest.skip(text)
