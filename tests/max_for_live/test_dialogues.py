"""The device, taken out of its .amxd, runs in a model of Max and of Live, and talks to an engine of paper.

The dialogues are written in JavaScript beside this file; each of their tests is one here.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.companion_tools import require_tool
from tests.max_for_live.device_folder import unpack_device

HERE = Path(__file__).parent
FILES = sorted((HERE / "dialogues").glob("*.js"))
TESTS = [
    pytest.param(file.stem, name, id=f"{file.stem}: {name}")
    for file in FILES
    for name in re.findall(r'^test\("(.+)", ', file.read_text(), re.MULTILINE)
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """By file and name: None, or what went wrong."""
    folder = unpack_device(tmp_path_factory.mktemp("device"))
    environment = os.environ | {"DEVICE_FOLDER": str(folder), "SCRATCH": str(tmp_path_factory.mktemp("sets"))}
    command = [require_tool("node"), "run.js", *map(str, FILES)]
    ended = subprocess.run(
        command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert ended.returncode == 0, ended.stderr
    told = map(json.loads, ended.stdout.splitlines())
    return {(one["file"], one["name"]): one["error"] for one in told}


@pytest.mark.parametrize(("file", "name"), TESTS)
def test_dialogue(outcomes, file, name):
    error = outcomes[file, name]
    assert error is None, error
