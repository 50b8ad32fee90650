"""Ardour's scripts look for the engine where the engine is, on every system, whatever the desktop has set."""

from __future__ import annotations

import json
import subprocess
from importlib import resources
from pathlib import Path

import pytest

from bridge.reaper import data_folder
from tests.companion_tools import require_tool

HOME = "/home/anna"
MAC_ONLY = "/System/Library/CoreServices"
# A mailbox that is opened in a world of our own: what it makes is only written down.
PROGRAM = """
local path, variables, folders = arg[1], {VARIABLES}, {FOLDERS}
local env = setmetatable({
  os = {
    getenv = function(name) return variables[name] end, time = os.time, execute = function() return true end,
  },
  ARDOUR = {LuaAPI = {FileTest = {IsDir = 1}, file_test = function(path) return folders[path] == true end}},
}, {__index = _G})
local Mailbox = assert(loadfile(path, "t", env))({settings = {mailbox = "", port = 9130}})
print(Mailbox.open().folder)
"""


@pytest.mark.parametrize(
    ("platform", "variables", "folders"),
    [
        ("linux", {}, []),
        ("linux", {"XDG_DATA_HOME": "/home/anna/elsewhere"}, [f"{HOME}/Library/Application Support"]),
        ("darwin", {}, [MAC_ONLY]),
        ("win32", {"OS": "Windows_NT", "LOCALAPPDATA": "/home/anna/AppData/Local"}, []),
        ("win32", {"OS": "Windows_NT"}, []),
    ],
)
def test_scripts_and_engine_come_to_the_same_folder(platform, variables, folders):
    variables = {"HOME": HOME, **variables}
    ours = data_folder(platform, variables, Path(HOME)) / "resonantgen" / "reaper" / "9130"
    program = PROGRAM.replace("{VARIABLES}", as_table(variables)).replace(
        "{FOLDERS}", as_table(dict.fromkeys(folders, True))
    )
    path = resources.files("daw_templates").joinpath("ardour", "resonantgen", "mailbox.lua")
    command = [require_tool("lua5.4"), "-e", program.replace("arg[1]", json.dumps(str(path)))]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    assert Path(found).parent == ours and Path(found).name.startswith("ardour-")


def as_table(values: dict[str, object]) -> str:
    return "{" + ", ".join(f"[{json.dumps(key)}] = {json.dumps(one)}" for key, one in values.items()) + "}"
