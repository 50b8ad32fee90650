"""A network that nobody else is on, or no test."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bridge.clock.quiet_network import quiet_network
from engine.errors import EngineError
from tests.companion_tools import REQUIRED, require_tool


@contextmanager
def loopback_only() -> Iterator[tuple[str, ...]]:
    """What a command has to begin with to run there. Skips the test where the machine does not permit it."""
    for tool in ("unshare", "nsenter", "ip"):
        require_tool(tool)
    network = quiet_network()
    try:
        prefix = network.__enter__()
    except EngineError as error:
        pytest.skip(error.text)
    try:
        yield prefix
    finally:
        network.__exit__(None, None, None)


def require_link() -> None:
    """Without the extra `link` the module is skipped, or fails where companions are required."""
    if importlib.util.find_spec("aalink") is not None:
        return
    if os.environ.get(REQUIRED) == "1":
        pytest.fail("missing: aalink; pip install 'resonantgen[link]'")
    pytest.skip("missing: aalink", allow_module_level=True)
