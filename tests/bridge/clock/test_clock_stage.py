"""The engine on stage with others in a Link session, on a network of their own."""

import subprocess
import sys
from pathlib import Path

from tests.bridge.clock.namespace import loopback_only, require_link

require_link()
ROOT = Path(__file__).parents[3]
STAGE = ("tests/bridge/clock/stage_with_link.py",)


def test_a_real_engine_plays_in_a_session_of_link():
    with loopback_only() as prefix:
        command = [*prefix, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *STAGE]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert run.returncode == 0, run.stdout[-6000:]
