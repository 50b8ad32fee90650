"""The controller script for Bitwig Studio: run in Node against a model of Bitwig, and read as text."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.osc_spec import INPUTS, ROWS, SERVER_REPLIES
from bridge.osc_wire import build
from daw_templates import bitwig
from engine import __version__
from tests.companion_tools import require_tool

HERE = Path(__file__).parent
SCRIPTS = Path(bitwig.__file__).parent
SOURCES = {path.name: path.read_text() for path in sorted(SCRIPTS.glob("*.js"))}
LONGEST_S = 540
OUTPUTS = {row.address for row in ROWS if row.event or row.reply} | set(SERVER_REPLIES) | {"/rg/startup"}


def run_node(test: str) -> None:
    environment = {**os.environ, "RESONANTGEN_PYTHON": sys.executable}
    command = [require_tool("node"), "--test", "--test-reporter=spec", str(HERE / test)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LONGEST_S)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("test", sorted(path.name for path in HERE.glob("*.test.js")))
def test_the_script_does_in_node_what_it_says(test):
    run_node(test)


# --- as text ---------------------------------------------------------------------------------------


def addresses() -> set[str]:
    """Every address that the sources spell, whole or as the end of a track's path."""
    text = "\n".join(SOURCES.values())
    whole = set(re.findall(r"'(/rg/[\w/]+)'", text)) - {"/rg/track/"}
    ends = set(re.findall(r"path \+ '(/\w+)'", text))
    named = set(re.findall(r"\['(\w+)', '(\w+)', '(\w+)'\]\.forEach", text).pop())
    heard = set(re.findall(r"^  (\w+): function \(row, m\)", text, re.MULTILINE)) | {"stem"}
    return whole | {f"/rg/track/{{t}}/{end.strip('/')}" for end in ends | named | heard}


def test_every_address_it_speaks_of_is_in_the_contract():
    assert len(addresses()) > 25
    assert addresses() - set(INPUTS) - OUTPUTS == set()


def test_it_listens_to_what_the_engine_sends_and_sends_what_it_takes():
    text = "\n".join(SOURCES.values())
    sent = set(re.findall(r"(?:send|ask)\('(/rg/[\w/]+)'", text)) | {"/rg/generate", "/rg/preview"}
    assert len(sent) > 8 and sent <= set(INPUTS)
    heard = set(re.findall(r"^  '(/rg/[\w/]+)': function", text, re.MULTILINE))
    assert len(heard) > 8 and heard <= OUTPUTS


def constant(name: str) -> str:
    (value,) = re.findall(rf"^var {name} = (.+);$", "\n".join(SOURCES.values()), re.MULTILINE)
    return value


def test_its_limits_and_choices_are_the_contract_s():
    (tempo,), (bars,), (when,) = (INPUTS[f"/rg/{name}"].args for name in ("tempo", "bars", "when"))
    assert [float(constant(name)) for name in ("LOWEST_BPM", "HIGHEST_BPM")] == [tempo.low, tempo.high]
    assert float(constant("MOST_BARS")) == bars.high
    assert tuple(re.findall(r"'(\w+)'", constant("WHEN"))) == when.choices
    assert float(constant("LOWEST_BEAT")) >= INPUTS["/rg/clock/position"].args[0].low


def test_the_longest_prompt_fits_a_message():
    longest = "\N{GRINNING FACE}" * int(constant("PROMPT_CHARS"))  # four bytes each
    assert len(build("/rg/track/harmony/regenerate", [longest, 2**31 - 1])) <= 1024


def test_the_script_loads_every_file_beside_it_and_the_installer_copies_them_all():
    loaded = re.findall(r"^load\('(\w+\.js)'\);", SOURCES["ResonantGen.control.js"], re.MULTILINE)
    assert sorted([*loaded, "ResonantGen.control.js"]) == sorted(SOURCES)
    listed = re.findall(r'^from = "(.+)"$', (SCRIPTS / "install.toml").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(SOURCES)


def test_its_version_is_the_package_s():
    assert f"'ResonantGen', '{__version__}'," in SOURCES["ResonantGen.control.js"]


@pytest.mark.parametrize("name", SOURCES)
def test_it_is_the_javascript_of_bitwig_s_older_engine_too(name):
    """ECMAScript 5, as Nashorn had it (no arrows, let, const, classes, templates), whatever its charset."""
    code = re.sub(r"//.*", "", SOURCES[name])
    code = re.sub(r"'(?:[^'\\\n]|\\.)*'", "''", code)
    newer = r"=>|\b(?:let|const|class|import|export|require|async|await)\b|`|\.\.\.|\*\*|\?\."
    assert re.findall(newer, code) == []
    assert SOURCES[name].startswith("'use strict';") and SOURCES[name].isascii()
    assert max(map(len, SOURCES[name].splitlines())) <= 110
