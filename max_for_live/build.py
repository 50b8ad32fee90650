"""Builds the device: `python -m max_for_live.build [--edited] [FOLDER]`.

ResonantGen.amxd is frozen: the script is inside, one file is all there is. With --edited the script lies
beside it, to be worked on in Max.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from max_for_live.bundle import bundled_script
from max_for_live.check import faults_of
from max_for_live.container import File, edited_device, frozen_device
from max_for_live.device import DEVICE, SCRIPT, device_patcher


def amxd() -> bytes:
    """The frozen device. The same sources are the same bytes."""
    return frozen_device(_sound_patcher(), [File(SCRIPT, "TEXT", script())], DEVICE)


def edited_amxd() -> bytes:
    """The device that looks for its script beside it."""
    return edited_device(_sound_patcher())


def script() -> bytes:
    return bundled_script(SCRIPT).encode("ascii")


def _sound_patcher() -> dict[str, object]:
    """Max drops a cord that leads nowhere without a word; here it is an error of ours."""
    patcher = device_patcher()
    faults = faults_of(patcher)
    assert not faults, "\n".join(faults)
    return patcher


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m max_for_live.build", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path())
    parser.add_argument("--edited", action="store_true", help="with the script beside it, not frozen")
    options = parser.parse_args()
    files = {DEVICE: edited_amxd(), SCRIPT: script()} if options.edited else {DEVICE: amxd()}
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (options.folder / name).write_bytes(data)
        print(options.folder / name)


if __name__ == "__main__":
    main()
