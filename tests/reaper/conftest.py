"""REAPER beside an engine of paper (quick, in its own time), or beside a real one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bridge.musician import Musician
from tests.reaper.paper_engine import PaperEngine
from tests.reaper.reaper_host import ReaperHost


@pytest.fixture
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReaperHost]:
    """A REAPER with an empty project: 7, with Lua 5.4, unless the test's parameter says otherwise."""
    with ReaperHost(tmp_path, **getattr(request, "param", {})) as host:
        yield host
        host.check()


@pytest.fixture
def engine(desk: ReaperHost) -> PaperEngine:
    """The engine that `desk` follows."""
    paper = PaperEngine(desk)
    desk.turn(paper.now_s)
    desk.follow()
    paper.until(lambda: desk.setting("connected") == "1")
    paper.turns()
    return paper


def engine_options(folder: Path, mailbox: Path) -> tuple[str, ...]:
    config = folder / "reaper.toml"
    quick = '[midi]\nenabled = false\n[prompt]\nembeddings = "off"\n'
    config.write_text(f"[reaper]\nmailbox = {json.dumps(str(mailbox))}\n{quick}")
    return ("--config", str(config), "--jack", "off", "--render", "instruments")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Musician]:
    """An engine that meets REAPER in `mailbox` beside its set."""
    folder = tmp_path_factory.mktemp("studio")
    with Musician(folder / "set", *engine_options(folder, folder / "mailbox")) as musician:
        yield musician


@pytest.fixture
def reaper(studio: Musician, tmp_path: Path) -> Iterator[ReaperHost]:
    """A REAPER that knows where the real engine is."""
    with ReaperHost(tmp_path) as host:
        host.set_setting("mailbox", str(studio.folder.parent / "mailbox"))
        host.set_setting("port", str(studio.port))
        yield host
        host.check()


@pytest.fixture
def following(reaper: ReaperHost) -> ReaperHost:
    reaper.follow()
    reaper.until(lambda: reaper.setting("connected") == "1", "connected")
    return reaper
