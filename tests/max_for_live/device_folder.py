"""The built device, taken apart again for Node: what runs is what is inside the .amxd."""

from __future__ import annotations

import json
from pathlib import Path

from max_for_live.build import amxd
from max_for_live.container import read_device
from max_for_live.device import SCRIPT


def unpack_device(folder: Path) -> Path:
    """patcher.json and the script, from the bytes of the frozen device."""
    device = read_device(amxd())
    (folder / "patcher.json").write_text(json.dumps(device.patcher))
    (script,) = device.files
    assert script.name == SCRIPT
    (folder / SCRIPT).write_bytes(script.data)
    return folder
