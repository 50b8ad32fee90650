"""What the engine does by the clock."""

import asyncio
import logging

import pytest

from bridge import app
from tests.bridge.osc_studio import in_loop


@in_loop
async def test_what_goes_wrong_once_is_logged_and_done_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app, "HOUSEKEEPING_S", 0.001)
    done, well = [], asyncio.Event()

    def work() -> None:
        done.append(len(done))
        if len(done) < 3:
            raise RuntimeError("the disk is gone")
        well.set()

    with caplog.at_level(logging.ERROR):
        task = asyncio.get_running_loop().create_task(app.again_and_again("the housekeeping", 0.001, work))
        await well.wait()
        task.cancel()
    assert [record.getMessage() for record in caplog.records] == ["the housekeeping"] * 2
