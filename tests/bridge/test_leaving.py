"""The process ends when everything is kept, whatever still loads in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOADING_S = 600.0
LEAVE = """
import sys, threading, time
from bridge.__main__ import leave
print("kept")
{}
leave(3)
sys.exit(4)
"""


@pytest.mark.parametrize(
    ("thread", "code"),
    [
        (f"threading.Thread(target=time.sleep, args=({LOADING_S},)).start()", 3),
        ("threading.Thread(target=time.sleep, args=(0.01,)).start()", 4),
        (f"threading.Thread(target=time.sleep, args=({LOADING_S},), daemon=True).start()", 4),
    ],
)
def test_a_thread_that_still_loads_is_not_waited_for(thread: str, code: int) -> None:
    command = [sys.executable, "-c", LEAVE.format(thread)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LOADING_S / 2)
    assert (result.returncode, result.stdout) == (code, "kept\n")
