"""Real MIDI between real JACK clients: pads arrive, lights come back, a server that goes hangs nobody."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import mido
import pytest
import rtmidi

from bridge.midi_input import MidiInput
from bridge.midi_map import TRACKS
from bridge.midi_ports import APIS, IN_CLIENT, OUT_CLIENT, PORT_NAME, MidiPorts, choose_api, find_port
from bridge.osc_codec import decode
from engine.config import Config, MidiConfig
from engine.errors import EngineError
from engine.session import Session
from tests.bridge.jack_server import JackServer

ROOT = Path(__file__).parents[2]
JACK = MidiConfig(api="jack")


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer(sample_rate=48_000, block_size=64) as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("JACK_DEFAULT_SERVER", running.name)
        yield running


class Pad:
    """A controller as another JACK client: a MIDI output, an input, and both connected to ours."""

    def __init__(self, server: JackServer) -> None:
        import jack

        loop = asyncio.get_running_loop()
        self.heard: asyncio.Queue[mido.Message] = asyncio.Queue()
        self.output = rtmidi.MidiOut(rtapi=rtmidi.API_UNIX_JACK, name="pad-out")
        self.output.open_virtual_port("pad")
        self.input = rtmidi.MidiIn(rtapi=rtmidi.API_UNIX_JACK, name="pad-in")
        self.input.set_callback(lambda event, _: loop.call_soon_threadsafe(self._hear, event[0]))
        self.input.open_virtual_port("pad")
        patchbay = jack.Client("patchbay", no_start_server=True, servername=server.name)
        patchbay.connect("pad-out:pad", f"{IN_CLIENT}:{PORT_NAME}")
        patchbay.connect(f"{OUT_CLIENT}:{PORT_NAME}", "pad-in:pad")
        patchbay.close()

    def _hear(self, data: list[int]) -> None:
        self.heard.put_nowait(mido.Message.from_bytes(data))

    def send(self, message: mido.Message) -> None:
        self.output.send_message(message.bytes())

    def close(self) -> None:
        self.output.delete()
        self.input.delete()


def test_a_pad_press_locks_a_track_and_its_light_comes_back(server):
    session = Session.empty(TRACKS)
    config = replace(Config(), midi=JACK, jack=replace(Config().jack, server=server.name))

    def submit(address: str, args: list) -> None:
        command = decode(address, args, TRACKS).command
        assert command is not None
        for event in session.apply(command):
            midi.show(event)

    async def play() -> None:
        assert midi.start(session.snapshot()) == ["resonantgen (in)", "resonantgen (out)"]
        running = asyncio.create_task(midi.run())
        pad = Pad(server)
        try:
            for locked, velocity in ((True, 21), (False, 0)):
                pad.send(mido.Message("note_on", note=36, velocity=100))
                lit = await asyncio.wait_for(pad.heard.get(), 5)
                assert (lit.note, lit.velocity) == (36, velocity)
                assert session.tracks["drums"].locked == locked
        finally:
            running.cancel()
            pad.close()
            midi.close()

    midi = MidiInput(config, TRACKS, submit)
    asyncio.run(play())


def test_every_message_arrives_once_and_in_order(server):
    sent = [mido.Message("control_change", control=20 + i % 4, value=i % 128) for i in range(400)]
    sent.insert(200, mido.Message("sysex", data=range(60)))

    async def play() -> list[mido.Message]:
        arrived: list[mido.Message] = []
        ports = MidiPorts(JACK, "", arrived.append, server.name)
        ports.open()
        running = asyncio.create_task(ports.run())
        pad = Pad(server)
        try:
            for message in sent:
                pad.send(message)
            async with asyncio.timeout(5):
                while len(arrived) < len(sent):
                    await asyncio.sleep(0)
        finally:
            running.cancel()
            pad.close()
            ports.close()
        return arrived

    assert asyncio.run(play()) == sent


def test_a_device_is_found_by_a_part_of_its_name(server):
    device = rtmidi.MidiOut(rtapi=rtmidi.API_UNIX_JACK, name="Launchpad X")
    device.open_virtual_port("MIDI")
    lights = rtmidi.MidiIn(rtapi=rtmidi.API_UNIX_JACK, name="Launchpad X lights")
    lights.open_virtual_port("MIDI")
    arrived: list[mido.Message] = []
    ports = MidiPorts(MidiConfig(api="jack", virtual=False), "launchpad", arrived.append, server.name)
    try:
        assert ports.open() == ["Launchpad X:MIDI", "Launchpad X lights:MIDI"]
        device.send_message(mido.Message("note_on", note=1).bytes())
        ports.send(mido.Message("note_on", note=2))
        end = time.monotonic() + 5
        lit = None
        while (not arrived or lit is None) and time.monotonic() < end:
            arrived.extend(ports.waiting())
            lit = lit or lights.get_message()
        assert [message.note for message in arrived] == [1]
        assert mido.Message.from_bytes(lit[0]).note == 2
    finally:
        ports.close()
        device.delete()
        lights.delete()


def test_a_device_that_is_not_there_is_refused_with_those_that_are(server):
    ports = MidiPorts(MidiConfig(api="jack", input="Lanchpad"), "", print, server.name)
    with pytest.raises(EngineError, match="no MIDI port is called 'Lanchpad'") as caught:
        ports.open()
    assert caught.value.code == "not_available"
    assert ports.inputs == ports.outputs == []


def test_without_a_device_and_without_virtual_ports_there_is_nothing_to_open(server):
    with pytest.raises(EngineError, match="no MIDI port to open"):
        MidiPorts(MidiConfig(api="jack", virtual=False), "", print, server.name).open()


def test_jack_is_chosen_where_a_running_server_is_named(server):
    assert choose_api("auto", server.name) == APIS["jack"]


def test_no_server_is_an_engine_error_that_says_what_to_do(server):
    with pytest.raises(EngineError, match="start") as caught:
        MidiPorts(JACK, "", print, "no-such-server").open()
    assert caught.value.code == "not_available"


def test_a_system_that_this_rtmidi_lacks_is_refused():
    missing = next(name for name, api in APIS.items() if api not in rtmidi.get_compiled_api())
    with pytest.raises(EngineError, match=f"has no {missing} MIDI"):
        choose_api(missing)


def test_ports_of_our_own_are_no_device():
    assert find_port(["resonantgen-midi-out:resonantgen", "nanoPAD2:resonator"], "reson") == 1
    assert find_port(["a", "b"], "") is None


def test_a_server_that_is_killed_takes_its_ports_along_and_hangs_nobody():
    """More than rtmidi's ring of 16 KiB is sent after the kill. On its own: what can fail here is a hang."""
    code = """
        import mido
        from bridge.midi_ports import MidiPorts
        from engine.config import MidiConfig
        from tests.bridge.jack_server import JackServer

        server = JackServer().start()
        message = mido.Message("note_on", note=36)
        for turn in range(2):
            ports = MidiPorts(MidiConfig(api="jack"), "", print, server.name)
            ports.open()
            for i in range(100):
                ports.send(message)
            server.kill()
            if turn == 1:
                server.start()  # a server of the same name that knows nothing of our ports
            while not ports.watch.gone:
                pass
            for i in range(5000):
                ports.send(message)
            assert list(ports.waiting()) == [] and ports.inputs == ports.outputs == []
            ports.close()
            if turn == 0:
                server.start()
        server.stop()
        print("through")
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert result.stdout.endswith("through\n"), result.stderr
