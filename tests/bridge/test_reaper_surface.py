"""What REAPER says is done and never said back to it; what the engine does by itself, REAPER is told."""

from __future__ import annotations

import pytest

from bridge.osc_clients import Peer
from bridge.osc_wire import Message, parse
from bridge.reaper_surface import Surface
from engine import commands as c
from engine import events as e

REAPER = Peer("udp", "127.0.0.1", 51234)


class Desk:
    def __init__(self, peer: Peer | None = None) -> None:
        self.sent: list[tuple[Peer, Message]] = []
        self.done: list[c.Command] = []
        self.surface = Surface(
            lambda to, data: self.sent.append((to, parse(data))),
            lambda command, origin: self.done.append(command),
            peer,
        )

    def reaper(self, command: c.Command) -> None:
        self.surface.told(command, e.Origin(str(REAPER), "/rg/reaper"))

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
    for command in (c.SurfaceTempo(128.5), c.SurfacePlay(True), c.SurfaceStop(True)):
        desk.reaper(command)
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
