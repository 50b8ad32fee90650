"""Scripts and engine come to the same folder without being told; the settings name another, or none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from bridge.osc_clients import Peer
from bridge.reaper import Reaper, data_folder, mailbox_folder, surface_peer
from engine.config import parse_config
from tests.companion_tools import require_tool
from tests.reaper.reaper_host import HOME


@pytest.mark.parametrize(
    ("platform", "system"),
    [("linux", "Other"), ("darwin", "macOS-arm64"), ("darwin", "OSX64"), ("win32", "Win64")],
)
def test_both_have_the_same_rule_on_every_system(desk, platform, system):
    desk.set_setting("mailbox", "")
    desk.lua(f"host.os = '{system}'")
    ours = data_folder(platform, os.environ, Path(os.environ["HOME"])) / "resonantgen" / "reaper"
    assert desk.lua("return host.call('place', 'mailbox')") == f"{ours}/9130"


def test_the_settings_name_another_folder_and_the_surface():
    config = parse_config('[reaper]\nmailbox = "/media/x"\nsurface = "127.0.0.1:9140"\n', "mine.toml")
    assert mailbox_folder(config) == Path("/media/x")
    assert surface_peer(config) == Peer("udp", "127.0.0.1", 9140)


def test_switched_off_no_script_is_heard(tmp_path):
    config = parse_config(f'[reaper]\nenabled = false\nmailbox = "{tmp_path}"\n', "mine.toml")
    wires = SimpleNamespace(send=None, attached={})
    server = SimpleNamespace(wires=wires, submit=None, snapshot=tuple)
    reaper = Reaper(config, server, lambda _: None)
    assert reaper.mailbox is None and server.wires.attached == {}
    reaper.close()


@pytest.mark.parametrize("lua", ["lua5.3", "lua5.4"])
def test_every_script_is_lua_of_reaper_6_and_7(lua, tmp_path):
    files = [str(path) for path in (HOME / "scripts").rglob("*.lua")]
    program = "for _, path in ipairs(arg) do assert(loadfile(path, 't')) end"
    (tmp_path / "check.lua").write_text(program)
    subprocess.run([require_tool(lua), str(tmp_path / "check.lua"), *files], check=True)
