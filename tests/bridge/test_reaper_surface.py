"""What REAPER says is done and never said back to it; what the engine does by itself, REAPER is told."""

from __future__ import annotations

import asyncio
import socket

import pytest

from bridge import app
from bridge.client import free_port
from bridge.osc_clients import Peer
from bridge.osc_wire import Message, build, parse
from bridge.reaper_surface import Surface
from engine import commands as c
from engine import events as e
from engine.config import parse_config
from engine.errors import EngineError
from tests.bridge.osc_studio import in_loop

REAPER = Peer("udp", "127.0.0.1", 51234)


class Desk:
    def __init__(self, peer: Peer | None = None) -> None:
        self.sent: list[tuple[Peer, Message]] = []
        self.done: list[c.Command] = []
        self.refusal: EngineError | None = None
        self.client = str(REAPER)
        self.surface = Surface(
            lambda to, data: self.sent.append((to, parse(data))),
            lambda command, origin: self.submit(command),
            peer,
        )

    def submit(self, command: c.Command) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.done.append(command)

    def reaper(self, *commands: c.Command) -> None:
        for command in commands:
            self.surface.told(command, e.Origin(self.client, "/rg/reaper"))

    def opened(self, tempo_bpm: float) -> None:
        """What REAPER tells of itself when it starts, or when its surface is switched on: all its state."""
        self.reaper(c.SurfaceStop(True), c.SurfacePlay(False), c.SurfaceTempo(tempo_bpm))

    def engine(self, *events: e.Event) -> list[Message]:
        """What REAPER is told of them."""
        before = len(self.sent)
        for event in events:
            self.surface.show(event)
        return [message for _, message in self.sent[before:]]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_before_reaper_has_said_anything_nobody_knows_where_it_is(desk):
    assert desk.engine(e.Tempo(128.0), e.Playing(True)) == []


def test_what_reaper_says_is_done(desk):
    desk.reaper(c.SurfaceTempo(128.5), c.SurfacePlay(True), c.SurfaceStop(True))
    assert desk.done == [c.SetTempo(128.5), c.Play(), c.Stop()]


def test_a_light_that_goes_out_is_no_order(desk):
    desk.reaper(c.SurfacePlay(False))
    desk.reaper(c.SurfaceStop(False))
    assert desk.done == []


def test_the_engine_tells_reaper_where_it_sends_from(desk):
    desk.reaper(c.SurfaceTempo(120.0))
    assert desk.engine(e.Tempo(140.0)) == [Message("/rg/reaper/tempo", (140.0,))]
    assert desk.sent[-1][0] == REAPER


def test_or_at_the_port_that_the_settings_name():
    desk = Desk(Peer("udp", "127.0.0.1", 9140))
    assert desk.engine(e.Tempo(140.0)) == [Message("/rg/reaper/tempo", (140.0,))]
    desk.reaper(c.SurfacePlay(True))
    desk.engine(e.Playing(False))
    assert {peer.port for peer, _ in desk.sent} == {9140}


def test_reapers_own_tempo_is_not_said_back(desk):
    desk.reaper(c.SurfaceTempo(128.30000305))  # 128.3 as a 32-bit float
    assert desk.engine(e.Tempo(128.3)) == []
    assert desk.engine(e.Tempo(129.0), e.Tempo(129.0)) == [Message("/rg/reaper/tempo", (129.0,))]


def test_start_and_stop_go_both_ways_once(desk):
    desk.reaper(c.SurfacePlay(True))
    assert desk.engine(e.Playing(True)) == []
    assert desk.engine(e.Playing(False)) == [Message("/rg/reaper/stop", (1,))]
    desk.reaper(c.SurfaceStop(True))  # REAPER's answer to that
    assert desk.engine(e.Playing(True), e.Playing(True)) == [Message("/rg/reaper/play", (1,))]


def test_the_echo_of_what_reaper_was_told_is_no_order(desk):
    desk.reaper(c.SurfaceTempo(120.0))
    desk.done.clear()
    desk.engine(e.Tempo(128.3), e.Playing(True))
    desk.reaper(c.SurfaceTempo(128.30000305), c.SurfacePlay(True))
    desk.engine(e.Playing(False))
    desk.reaper(c.SurfaceStop(True))
    assert desk.done == []


def test_a_reaper_that_is_opened_stops_nothing_and_changes_no_tempo_that_plays(desk):
    for event in (e.Tempo(128.0), e.Playing(True)):
        desk.surface.note(event)
    desk.opened(120.0)
    assert desk.done == [] and desk.sent == []
    desk.reaper(c.SurfaceTempo(121.0), c.SurfacePlay(True), c.SurfaceStop(True))
    assert desk.done == [c.SetTempo(121.0), c.Play(), c.Stop()]


def test_to_an_engine_at_rest_its_tempo_is_that_of_the_project(desk):
    desk.surface.note(e.Tempo(128.0))
    desk.opened(120.0)
    assert desk.done == [c.SetTempo(120.0)]


def test_one_that_was_started_anew_is_no_more_where_it_was(desk):
    desk.surface.note(e.Tempo(120.0))
    desk.reaper(c.SurfacePlay(True))
    desk.engine(e.Playing(True))
    desk.client = "udp://127.0.0.1:51299"
    desk.opened(120.0)
    assert desk.done == [c.Play()]
    assert desk.engine(e.Playing(False)) == [] and desk.engine(e.Playing(True)) == [
        Message("/rg/reaper/play", (1,))
    ]
    assert desk.sent[-1][0].port == 51299


def test_a_tempo_that_is_refused_is_answered_with_the_true_one(desk):
    desk.surface.note(e.Tempo(140.0))
    desk.refusal = EngineError("locked", "the 140 bpm are MIDI clock's")
    with pytest.raises(EngineError, match="MIDI clock's"):
        desk.reaper(c.SurfaceTempo(120.0))
    assert [message for _, message in desk.sent] == [Message("/rg/reaper/tempo", (140.0,))]
    desk.refusal = None
    desk.reaper(c.SurfaceTempo(120.0))
    assert desk.done == [c.SetTempo(120.0)]


# --- a running engine -----------------------------------------------------------------------------

SETTINGS = """
[midi]
enabled = false
[jack]
mode = "off"
[engine]
render = "instruments"
[prompt]
embeddings = "off"
[reaper]
enabled = false
[osc]
port = {port}
"""


@in_loop
async def test_the_clock_that_leads_refuses_reaper_what_it_refuses_everybody(tmp_path, monkeypatch):
    monkeypatch.setattr(app, "warm", lambda: None)  # nothing is generated here
    running = app.App(parse_config(SETTINGS.format(port=free_port()), "mine.toml"), tmp_path / "set")
    await running.start()

    def refuse(command: c.Command) -> None:
        if isinstance(command, c.SetTempo):
            raise EngineError("locked", "the 120 bpm are MIDI clock's")

    monkeypatch.setattr(running.clock, "check", refuse)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reaper:
        reaper.connect(("127.0.0.1", running.server.udp_port))
        reaper.setblocking(False)
        reaper.send(build("/rg/reaper/tempo", [133.0]))
        loop = asyncio.get_running_loop()
        heard = [parse(await loop.sock_recv(reaper, 2048)) for _ in range(2)]
    await running.stop()
    assert heard[0] == Message("/rg/reaper/tempo", (120.0,))
    assert heard[1].address == "/rg/fail" and heard[1].args[2] == "locked"
