"""Real MIDI between real JACK clients: pads arrive, lights come back, a server that goes hangs nobody."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import mido
import pytest
import rtmidi

from bridge import midi_device
from bridge.midi_clients import IN_CLIENT, OUT_CLIENT
from bridge.midi_devices import PORT_NAME
from bridge.midi_ports import MidiPorts
from bridge.midi_system import APIS, MidiSystem, choose_api
from engine.config import MidiConfig
from engine.errors import EngineError
from tests.bridge.midi_pad import MidiServer, Pad, until
from tests.bridge.midi_studio import Studio
from tests.bridge.osc_studio import in_loop

ROOT = Path(__file__).parents[2]
JACK = MidiConfig(api="jack")


@pytest.fixture(scope="module")
def server() -> Iterator[MidiServer]:
    with MidiServer() as running:
        yield running


@in_loop
async def test_a_pad_press_locks_a_track_and_its_light_comes_back(server, tmp_path):
    async with Studio(server, tmp_path) as studio:
        assert studio.names == ["resonantgen (in)", "resonantgen (out)"]
        with Pad(server).join() as pad:
            for locked, velocity in ((True, 21), (False, 0)):
                pad.forget()
                pad.press(36)
                await pad.see(36, velocity)
                assert studio.session.tracks["drums"].locked == locked


@in_loop
async def test_who_is_joined_by_hand_sees_how_things_stand(server, tmp_path):
    async with Studio(server, tmp_path) as studio:
        studio.submit("/rg/track/bass/lock", [1])
        with Pad(server).join() as pad:
            await pad.see(37, 21)


@in_loop
async def test_lights_that_come_back_press_nothing(server, tmp_path, monkeypatch):
    monkeypatch.setattr(midi_device, "ECHO_S", 30.0)  # a slow machine's cable
    ours = f"{OUT_CLIENT}:{PORT_NAME}", f"{IN_CLIENT}:{PORT_NAME}"
    async with Studio(server, tmp_path) as studio:
        with Pad(server).join() as pad:
            await pad.see(37, 0)
            server.patchbay.connect(*ours)
            studio.submit("/rg/track/bass/lock", [1])
            await pad.see(37, 21)
            pad.press(36)
            await pad.see(36, 21)
            pad.press(39)
            await pad.see(39, 21)
            server.patchbay.disconnect(*ours)
    asked = [asked for asked in studio.asked if asked[0] != "/rg/scene/list"]
    assert asked == [(f"/rg/track/{track}/lock", 1) for track in ("bass", "drums", "melody")]


def test_every_message_arrives_once_and_in_order(server):
    sent = [mido.Message("control_change", control=20 + i % 4, value=i % 128) for i in range(400)]
    sent.insert(200, mido.Message("sysex", data=range(60)))

    @in_loop
    async def play() -> None:
        arrived: list[mido.Message] = []
        system = MidiSystem(JACK, server.name)
        system.open()
        with Pad(server).join() as pad:
            pad.send(*sent)
            assert system.virtual is not None
            ports = system.virtual
            await until(lambda: arrived.extend(ports.waiting(lambda *_: None)) or len(arrived) >= len(sent))
        system.close()
        assert arrived == sent

    play()


def test_without_virtual_ports_there_are_only_those_of_controllers(server):
    system = MidiSystem(MidiConfig(api="jack", virtual=False), server.name)
    system.open()
    assert system.virtual is None and system.is_open
    system.close()


def test_a_port_that_has_gone_meanwhile_is_not_joined(server):
    system = MidiSystem(JACK, server.name)
    system.open()
    assert system.join_input("pad that was:pad") is None
    assert MidiPorts(system).send(mido.Message("note_on", note=1)) is None  # nothing plugged in, nothing sent
    system.close()


@in_loop
async def test_a_port_that_is_used_again_has_forgotten_what_it_heard_before(server):
    system = MidiSystem(JACK, server.name)
    system.open()
    with Pad(server).join() as pad:
        port = system.join_input("pad:pad")
        pad.press(1)
        await until(lambda: list(system.virtual.waiting(lambda *_: None)), "the press, at another port")
        pad.press(2)  # in a later block: the first one's is everywhere by then
        await until(lambda: list(system.virtual.waiting(lambda *_: None)), "the next")
        system.release(port)
        again = system.join_input("pad:pad")
        assert again is port and again.get_message() is None
    system.close()


def test_jack_is_chosen_where_a_running_server_is_named(server):
    assert choose_api("auto", server.name) == APIS["jack"]


def test_no_server_is_an_engine_error_that_says_what_to_do(server):
    with pytest.raises(EngineError, match="start") as caught:
        MidiSystem(JACK, "no-such-server").open()
    assert caught.value.code == "not_available"


def test_a_system_that_this_rtmidi_lacks_is_refused():
    missing = next(name for name, api in APIS.items() if api not in rtmidi.get_compiled_api())
    with pytest.raises(EngineError, match=f"has no {missing} MIDI"):
        choose_api(missing)


def test_a_server_that_is_killed_hangs_nobody_and_midi_comes_back_with_it(tmp_path):
    """More than rtmidi's ring of 16 KiB is sent after the kill. On its own: what can fail is a hang, and a
    server that goes takes something of libjack's along in every process that knew it."""
    code = f"""
        import asyncio
        from pathlib import Path

        import jack
        import mido

        from bridge import midi_input
        from tests.bridge.jack_server import JackServer
        from tests.bridge.midi_pad import until
        from tests.bridge.midi_studio import Studio

        MESSAGE = mido.Message("note_on", note=36)
        midi_input.LOOK_S = midi_input.RETRY_S = 0.02

        def ports(name):
            client = jack.Client("looker", no_start_server=True, servername=name)
            found = [port.name for port in client.get_ports("resonantgen", is_midi=True)]
            client.close()
            return found

        async def play(server):
            async with Studio(server, Path({str(tmp_path)!r})) as studio:
                system = studio.midi.system
                for at_once in (False, True):
                    watch, ports_before = system.watch, system.virtual
                    server.kill()
                    if at_once:
                        server.start()  # one of the same name that knows nothing of our ports
                    await until(lambda: watch.gone, "the end of the server")
                    for i in range(5000):
                        ports_before.send(MESSAGE)
                    assert list(ports_before.waiting(print)) == [] and system.names() == ([], [])
                    if not at_once:
                        await until(lambda: not studio.midi.is_open, "losing it")
                        server.start()
                    await until(lambda: studio.midi.is_open and system.watch is not watch, "coming back")
                assert ports(server.name) == [
                    "resonantgen-midi-in:resonantgen", "resonantgen-midi-out:resonantgen"
                ]
                assert [device.name for device in studio.midi.plugs.everyone] == ["Generic pad"]
            print("through")

        server = JackServer().start()
        asyncio.run(play(server))
        server.stop()
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True, timeout=180
    )
    assert result.stdout.endswith("through\n"), result.stderr
