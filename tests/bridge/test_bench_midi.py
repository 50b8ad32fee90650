"""The benchmark's pad is a controller like any other, and its clock runs from the press to the light."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
import rtmidi

from bridge import bench_midi
from bridge.__main__ import build_parser
from bridge.bench_midi import Pad
from engine.errors import EngineError
from tests.bridge.midi_pad import MidiServer
from tests.bridge.midi_studio import Studio
from tests.bridge.osc_studio import in_loop

LATE_S = 0.05  # so long after it has come our engine looks at a press


@pytest.fixture(scope="module")
def server() -> Iterator[MidiServer]:
    with MidiServer() as running:
        yield running


@in_loop
async def test_a_press_is_timed_to_its_light_and_beside_a_message_with_nobody_in_between(
    server, tmp_path, monkeypatch
):
    async with Studio(server, tmp_path) as studio:
        with Pad(rtmidi.API_UNIX_JACK) as pad:
            await asyncio.to_thread(pad.wait_lit)
            controller = studio.midi.plugs.devices[0].controller
            receive = controller.receive

            def receive_late(message: object) -> None:
                time.sleep(LATE_S)
                receive(message)

            monkeypatch.setattr(controller, "receive", receive_late)
            light_ms = [await asyncio.to_thread(pad.light_ms, i % 2 == 0) for i in range(2)]
            loop_ms = [await asyncio.to_thread(pad.loop_ms, i) for i in range(2)]
    assert not studio.session.tracks["drums"].locked
    assert 0.0 < min(loop_ms) < 1000.0 * LATE_S <= min(light_ms)


def test_an_engine_that_says_nothing_is_told(server, monkeypatch):
    monkeypatch.setattr(bench_midi, "ANSWER_S", 0.01)
    with Pad(rtmidi.API_UNIX_JACK) as pad, pytest.raises(EngineError, match="no MIDI came back"):
        pad._until(pad.input, lambda data: True, bench_midi.time.perf_counter(), bench_midi.ANSWER_S)


def test_the_command_is_there():
    assert build_parser().parse_args(["bench", "midi", "--quick"]).what == "midi"
