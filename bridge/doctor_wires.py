"""The wires: JACK, MIDI and the ports of OSC."""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence

from bridge.doctor_findings import MISSING, OK, WARN, Finding
from bridge.doctor_packages import installed
from engine.config import Config
from engine.errors import EngineError

PING_S, PATIENCE_S = 0.3, 1.5  # for an answer where the port seems free, and where somebody has it


def check_jack(config: Config) -> list[Finding]:
    from bridge.jack_probe import probe

    try:
        server = probe(config.jack.server)
    except EngineError as error:
        return [Finding("JACK", WARN, "not here (optional)", error.text)]
    if server is None:
        how = "start one: jackd -d alsa (Linux), -d coreaudio (macOS), -d portaudio (Windows), or QjackCtl"
        return [Finding("JACK", WARN, f"JACK-Client {installed('JACK-Client')}, but no server runs", how)]
    scheduling = "realtime" if server.realtime else "not realtime"
    found = f"server at {server.sample_rate} Hz, blocks of {server.block_size}, {scheduling}"
    return [Finding("JACK", OK, found)]


def check_midi(config: Config) -> list[Finding]:
    try:
        import rtmidi

        from bridge.midi_system import APIS, choose_api
    except ImportError as error:
        return [Finding("MIDI", MISSING, f"cannot be loaded: {error}", "pip install python-rtmidi mido")]
    try:
        api = choose_api(config.midi.api, config.jack.server)
        ports = {kind: kind(rtapi=api).get_ports() for kind in (rtmidi.MidiIn, rtmidi.MidiOut)}
    except EngineError as error:
        return [Finding("MIDI", WARN, "no ports", error.text)]
    except (OSError, RuntimeError, rtmidi.RtMidiError) as error:
        return [Finding("MIDI", WARN, f"no ports: {error}", "see [midi] in the settings")]
    name = next(name for name, number in APIS.items() if number == api)
    inputs, outputs = (", ".join(names) or "none" for names in ports.values())
    finding = Finding("MIDI", OK, f"{name}; inputs: {inputs}; outputs: {outputs}")
    return [finding, *controller_findings(config, *ports.values())]


def controller_findings(config: Config, inputs: Sequence[str], outputs: Sequence[str]) -> list[Finding]:
    """A line for each controller that one of the maps knows by its ports, and for what is at odds."""
    from bridge.midi_devices import recognise
    from bridge.midi_setup import Setup

    name = "controllers"
    if not config.midi.enabled:
        return [Finding(name, OK, "off: [midi] enabled = false")]
    try:
        setup = Setup(config, config.engine.tracks)
    except EngineError as error:
        return [Finding(name, MISSING, error.text, "see [midi] in the settings")]
    plugs, clashes = recognise(setup.wanted(), inputs, outputs)
    known = ", ".join(found.name for found in setup.maps) or setup.primary.name
    findings = [
        Finding(plug.map.name, OK, f"in {plug.input or 'none'}; lights {plug.output or 'none'}")
        for plug in plugs
    ]
    findings += [
        Finding(clash.left.name, WARN, f"{clash.port} is {clash.kept.name}'s", "see [midi] controllers")
        for clash in clashes
    ]
    return findings or [Finding(name, OK, f"none plugged in; known by their ports: {known}")]


def check_midi_out(config: Config) -> list[Finding]:
    """The ports on which the tracks' scores play live: JACK's where it runs, else virtual ones of our own."""
    from bridge.midi_out import CABLE, style_of
    from bridge.midi_out_ports import port_name

    name, tracks = "MIDI out", config.engine.tracks
    try:
        style = style_of(config.midi, tracks)
    except EngineError as error:
        return [Finding(name, MISSING, error.text, "see [midi] in the settings")]
    if style is None:
        return [Finding(name, OK, "off: [midi] out = true plays each track's score on a port of its own")]
    on_jack = f"on JACK {', '.join(f'{track}_midi' for track in tracks)}; "
    found = f"{'' if config.jack.mode == 'off' else on_jack}without JACK {', '.join(map(port_name, tracks))}"
    if sys.platform == "win32":
        found += f"; Windows has no virtual ports: {CABLE}"
    return [Finding(name, OK, found)]


def check_port(config: Config) -> list[Finding]:
    """The OSC port and the two after it: free, or an engine's."""
    port = config.osc.port
    name = f"OSC port {port}"
    taken = [number for number in range(port, port + 3) if not _is_free(number, udp=number == port)]
    engine = ask_version(port, PATIENCE_S if taken else PING_S)
    if engine is not None:
        return [Finding(name, OK, f"{engine} answers there")]
    if taken:
        found = f"taken by another program: {', '.join(map(str, taken))}"
        return [
            Finding(
                name, MISSING, found, "end that program, or choose another: resonantgen serve --port 9140"
            )
        ]
    return [Finding(name, OK, f"free, as are {port + 1} and {port + 2}")]


def ask_version(port: int, wait_s: float = PING_S) -> str | None:
    """What the engine at a port calls itself; None where none answers in time."""
    from bridge.client import Client

    client = Client(port)
    try:
        client.send("/rg/version")
        for message in client.messages(wait_s):
            if message.address == "/rg/version":
                return " ".join(map(str, message.args))
    finally:
        client.close()
    return None


def _is_free(port: int, udp: bool) -> bool:
    kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM) if udp else (socket.SOCK_STREAM,)
    for kind in kinds:
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM and sys.platform != "win32":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just closed is free
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
