"""The device, taken out of its .amxd, runs in a model of Max and of Live, and talks to an engine of paper.

The dialogues are written in JavaScript beside this file; each of their tests is one here.
"""

import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.companion_tools import require_tool
from tests.max_for_live.device_folder import unpack_device

HERE = Path(__file__).parent
TESTS = [
    pytest.param(file, name, id=f"{file.stem}: {name}")
    for file in sorted((HERE / "dialogues").glob("*.js"))
    for name in re.findall(r'^test\("(.+)", ', file.read_text(), re.MULTILINE)
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Of a file, by the names of its tests: None, or what went wrong. Each file runs once."""
    node, folder = require_tool("node"), unpack_device(tmp_path_factory.mktemp("device"))
    environment = os.environ | {"DEVICE_FOLDER": str(folder), "SCRATCH": str(tmp_path_factory.mktemp("sets"))}

    @cache
    def run(file):
        command = [node, "run.js", str(file)]
        ended = subprocess.run(
            command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return {one["name"]: one["error"] for one in map(json.loads, ended.stdout.splitlines())}

    return run


@pytest.mark.parametrize(("file", "name"), TESTS)
def test_dialogue(outcomes, file, name):
    error = outcomes(file)[name]
    assert error is None, error
