"""What Ardour's scripts share with REAPER's: OSC packets in Lua."""

from __future__ import annotations

from importlib import resources


def osc_module() -> bytes:
    """The module `osc`: messages to bytes and back."""
    scripts = resources.files("daw_templates").joinpath("reaper", "scripts", "resonantgen")
    return scripts.joinpath("osc.lua").read_bytes()
