"""A real engine for the module, and a REAPER beside it for each test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bridge.musician import Musician
from tests.reaper.reaper_host import ReaperHost


def engine_options(folder: Path, mailbox: Path) -> tuple[str, ...]:
    config = folder / "reaper.toml"
    config.write_text(f"[reaper]\nmailbox = {json.dumps(str(mailbox))}\n[midi]\nenabled = false\n")
    return ("--config", str(config), "--jack", "off", "--render", "instruments")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Musician]:
    """An engine that meets REAPER in `mailbox` beside its set."""
    folder = tmp_path_factory.mktemp("studio")
    with Musician(folder / "set", *engine_options(folder, folder / "mailbox")) as musician:
        yield musician


@pytest.fixture
def reaper(studio: Musician, tmp_path: Path) -> Iterator[ReaperHost]:
    """A REAPER with an empty project that follows a new set of the engine."""
    with ReaperHost(tmp_path) as host:
        meet(host, studio)
        yield host
        host.check()


def meet(host: ReaperHost, engine: Musician) -> None:
    host.set_setting("mailbox", str(engine.folder.parent / "mailbox"))
    host.set_setting("port", str(engine.port))


@pytest.fixture
def following(reaper: ReaperHost) -> ReaperHost:
    reaper.follow()
    reaper.until(lambda: reaper.setting("connected") == "1", "connected")
    return reaper
