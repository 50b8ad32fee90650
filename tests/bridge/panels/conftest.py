"""One engine for every panel: nothing that a tablet does has to wait for another engine to start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bridge.panels.stage import Stage


@pytest.fixture(scope="session")
def running_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(Path(tmp_path_factory.mktemp("panels"))) as running:
        yield running


@pytest.fixture(scope="module")
def stage(running_stage: Stage) -> Stage:
    """The same engine, with a set of each module's own."""
    return running_stage.fresh()
