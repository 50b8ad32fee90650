"""How tests are shared out among processes: file by file, and all that start JACK servers to one of them.

What a file's tests share is made once. Of JACK servers a machine has few, they keep time, and libjack keeps
things of those that it has met.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

MOST_PROCESSES = 6
ROOT = Path(__file__).parents[1]
STARTS_JACK = re.compile(r"^from tests\.(bridge\.(jack_server|midi_pad)|ardour\.studio) import", re.MULTILINE)


def processes() -> int:
    """One more than cores: the process that has the tests with JACK mostly waits for what is to be heard."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST_PROCESSES, cores + 1)


class Sharing(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.split("::")[0])


@cache
def group_of(file: str) -> str:
    """`file` as in a test's name, from the root."""
    return "jack" if STARTS_JACK.search((ROOT / file).read_text(encoding="utf-8")) else file
