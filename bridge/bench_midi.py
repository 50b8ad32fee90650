"""`resonantgen bench midi`: from a pad to its light and to everybody else, as JSON lines.

A pad of our own, called Launchpad X, is plugged in beside a real engine, which sets it up like any other. It
presses the lock of the drums, and looks when the light comes back and when a client hears of the lock: while
the engine is idle, and while it generates on all cores. Over a JACK server of our own where there is jackd,
else over the machine's MIDI. The baseline is a message between two ports with nobody in between.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import rtmidi

from bridge.bench import PROMPT, Figure
from bridge.child import ChildEngine
from bridge.client import Client
from bridge.clock.bench_server import jack_server
from bridge.midi_clients import CLOSING_S
from bridge.midi_map_file import load_map
from bridge.midi_system import APIS, choose_api
from engine.errors import EngineError

BLOCK_FRAMES = 64
LOCK = "/rg/track/drums/lock"
PAD, GREEN = 81, 21  # the pad of that lock on a Launchpad, and its light
PORT = "Launchpad X LPX MIDI"
PATIENCE_S = 20.0
ANSWER_S = 5.0
REST_S = 0.045  # between presses: longer than the 33 ms that feedback of one value keeps
LOOK_S = 0.0001
SETTINGS = "[midi]\nout = false\n[folders]\ncontrollers = {folder}\n"


def bench_midi(quick: bool) -> int:
    """Prints a line as soon as it is known."""
    for figure in measure(40 if quick else 400):
        print(figure.line(), flush=True)
    return 0


def measure(rounds: int) -> Iterator[Figure]:
    """EngineError `not_available` where two programs cannot talk MIDI on this machine."""
    with _system() as api, tempfile.TemporaryDirectory() as name, Pad(api) as pad:
        folder = Path(name)
        settings = folder / "settings.toml"
        settings.write_text(SETTINGS.format(folder=repr(str(folder / "none"))))
        options = ("--jack", "off", "--render", "instruments", "--config", str(settings))
        with ChildEngine(folder / "set", *options) as client:
            pad.wait_lit()
            client.ask("/rg/generate", PROMPT)
            client.send(LOCK, 0)
            yield from _figures(pad, client, rounds, "idle")
            client.send("/rg/bars", 64)
            for request in range(64):
                client.send("/rg/generate", PROMPT, 1_000_000 + request)
            client.wait(lambda m: m.address.endswith("/progress"), PATIENCE_S, "/rg/generate")
            yield from _figures(pad, client, rounds, "busy on all cores")
            client.send("/rg/cancel")


def _figures(pad: Pad, client: Client, rounds: int, when: str) -> Iterator[Figure]:
    """Each way in turn, so that all of them meet the same work."""
    ways: dict[str, Callable[[int], float]] = {
        "": pad.loop_ms, "its light": pad.light_ms, "OSC feedback": lambda on: _feedback_ms(pad, client, on),
    }  # fmt: skip
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            time.sleep(REST_S)
            times[name].append(way(int(name == "its light")))  # on by one way, off by the next
    for name in ("its light", "OSC feedback"):
        for part, share, goal in (("median", 0.5, ""), ("p99", 0.99, "20 ms")):
            yield Figure(
                f"pad press to {name}, {when}, {part}", _share(times[name], share), "ms",
                _share(times[""], share), "a message between two ports", rounds, goal,
            )  # fmt: skip


def _share(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def _feedback_ms(pad: Pad, client: Client, on: int) -> float:
    for _ in client.messages(0.001):
        pass  # what was said before
    started = time.perf_counter()
    pad.press()
    message = client.wait(lambda m: m.address == LOCK and m.args == (on,), ANSWER_S, LOCK)
    pad.forget()
    return (message.at - started) * 1000.0


@contextlib.contextmanager
def _system() -> Iterator[int]:
    """A MIDI system where this process and the engine meet, as rtmidi numbers it."""
    with contextlib.ExitStack() as stack:
        before = os.environ.get("JACK_DEFAULT_SERVER")
        with contextlib.suppress(EngineError):
            os.environ["JACK_DEFAULT_SERVER"] = stack.enter_context(jack_server(BLOCK_FRAMES))
        try:
            api = choose_api("auto", os.environ.get("JACK_DEFAULT_SERVER", ""))
            if api == APIS["windows"]:
                raise EngineError("not_available", "Windows has no virtual MIDI ports to measure between")
            yield api
        finally:
            os.environ.pop("JACK_DEFAULT_SERVER", None)
            if before is not None:
                os.environ["JACK_DEFAULT_SERVER"] = before


class Pad:
    """Ports of a controller that the engine knows, and a loop from an output to an input of our own."""

    def __init__(self, api: int) -> None:
        self.output: Any = rtmidi.MidiOut(rtapi=api, name="bench pad")
        self.input: Any = rtmidi.MidiIn(rtapi=api, name="bench lights")
        self.echo: Any = rtmidi.MidiIn(rtapi=api, name="bench echo")
        self.input.ignore_types(sysex=False, timing=True)

    def __enter__(self) -> Pad:
        self.output.open_virtual_port(f"{PORT} Out")
        self.input.open_virtual_port(f"{PORT} In")
        source = next(i for i, name in enumerate(self.echo.get_ports()) if f"{PORT} Out" in name)
        self.echo.open_port(source, "echo")
        return self

    def __exit__(self, *_: object) -> None:
        for port in (self.echo, self.input, self.output):
            port.delete()
            time.sleep(CLOSING_S)

    def press(self) -> None:
        self.output.send_message([0x90, PAD, 100])
        self.output.send_message([0x80, PAD, 0])

    def forget(self) -> None:
        for port in (self.input, self.echo):
            while port.get_message() is not None:
                pass

    def loop_ms(self, number: int) -> float:
        """A controller that nobody binds, there and straight back."""
        started = time.perf_counter()
        self.output.send_message([0xB0, 3, number % 128])
        return self._until(self.echo, lambda data: data[:2] == [0xB0, 3], started)

    def light_ms(self, on: int) -> float:
        self.forget()
        wanted = [0x90, PAD, GREEN if on else 0]
        started = time.perf_counter()
        self.press()
        return self._until(self.input, lambda data: data == wanted, started)

    def wait_lit(self) -> None:
        """Until the engine has found it and lit the last of its lights."""
        logo = load_map("launchpad_x").lights[-1].control.number
        self._until(self.input, lambda data: data[:2] == [0xB0, logo], time.perf_counter(), PATIENCE_S)
        time.sleep(REST_S)
        self.forget()

    def _until(
        self, port: Any, wanted: Callable[[list[int]], bool], started: float, patience_s: float = ANSWER_S
    ) -> float:
        """Milliseconds from `started` to the message that is wanted."""
        while (now := time.perf_counter()) - started < patience_s:
            received = port.get_message()
            if received is None:
                time.sleep(LOOK_S)
            elif wanted(received[0]):
                return (now - started) * 1000.0
        raise EngineError("not_available", f"no MIDI came back in {patience_s:g} s")
