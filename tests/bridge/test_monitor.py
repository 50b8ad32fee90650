"""What the monitor shows, and that it finds, loses and finds again an engine on a real socket."""

from __future__ import annotations

import io
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage
from rich.console import Console

from bridge import monitor as module
from bridge.client import Client
from bridge.monitor import Link, monitor
from bridge.monitor_state import LOG_LINES, MonitorState
from bridge.monitor_view import bar, render
from bridge.osc_spec import OUTPUTS, ROWS, STATES
from bridge.osc_wire import build

ROOT = Path(__file__).parents[2]
DUMP = [
    ("/rg/hello", "0.1.0", 30, "night"),
    ("/rg/update", 1),
    ("/rg/tempo", 128.0),
    ("/rg/key", "Am"),
    ("/rg/signature", 7, 8),
    ("/rg/playing", 1),
    ("/rg/beat", 12, 3, 128.0),
    ("/rg/context/chords", "Am | F"),
    ("/rg/track/drums/lock", 1),
    ("/rg/track/drums/state", "ready"),
    ("/rg/track/drums/stem", "drums_128bpm_Am_8bars_t2.wav", 128.0, "Am", 8, 7),
    ("/rg/track/drums/take", 2, 3),
    ("/rg/track/drums/level", -6.0),
    ("/rg/track/bass/state", "generating"),
    ("/rg/track/bass/progress", 0.5),
    ("/rg/track/harmony/state", "ready"),
    ("/rg/track/harmony/waiting", "launch"),
    ("/rg/track/melody/waiting", "none"),
    ("/rg/track/vocal/state", "failed"),
    ("/rg/update", 0),
    ("/rg/log", "warning", "the disk is slow"),
    ("/rg/status", "generating", 1, 12.0, 3, 0.5, "instruments; no JACK"),
]


def told(*messages: tuple) -> MonitorState:
    state = MonitorState(connected=True)
    for address, *args in messages:
        state.apply(address, args)
    return state


def drawn(state: MonitorState, width: int = 100) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(render(state, "127.0.0.1:9130"))
    return console.export_text()


# --- state ----------------------------------------------------------------------------------------


def test_values_of_a_track_stay_with_it():
    state = told(*DUMP)
    drums = state.tracks["drums"]
    assert (drums.locked, drums.state, drums.take, drums.takes, drums.level_db) == (True, "ready", 2, 3, -6.0)
    assert state.tracks["melody"] == MonitorState().tracks["melody"]
    assert list(state.tracks) == ["drums", "bass", "harmony", "melody", "vocal"]


@pytest.mark.parametrize(
    ("asked", "leader", "shown"),
    [("auto", "link", "clock link"), ("midi", "midi", "clock midi"),
     ("midi", "internal", "clock internal (midi is missing)")],
)  # fmt: skip
def test_the_clock_that_leads_is_shown_and_one_that_was_chosen_and_is_missing(asked, leader, shown):
    state = told(*DUMP, ("/rg/clock/source", asked), ("/rg/clock/active", leader, "why"))
    line = drawn(state, 140).splitlines()[1]
    assert line.rstrip("│ ").endswith(shown)


def test_progress_begins_anew_with_each_state():
    state = told(*DUMP, ("/rg/track/bass/state", "queued"))
    assert state.tracks["bass"].progress == 0.0


def test_levels_fall_when_the_transport_stops():
    state = told(*DUMP, ("/rg/playing", 0))
    assert {track.level_db for track in state.tracks.values()} == {-120.0}


def test_the_log_keeps_its_newest_lines_and_refusals():
    lines = [("/rg/log", "info", f"line {i}") for i in range(LOG_LINES)]
    state = told(*lines, ("/rg/fail", "/rg/track/bass/undo", -1, "locked", "bass is locked"))
    assert len(state.log) == LOG_LINES
    assert state.log[-1] == ("error", "/rg/track/bass/undo: bass is locked")


def test_the_contract_has_every_address_that_the_monitor_reads():
    known = {row.address for row in ROWS} | {row.address for row in OUTPUTS.values()}
    assert {re.sub("^/rg/track/[a-z]+/", "/rg/track/{t}/", address) for address, *_ in DUMP} <= known


@given(
    st.sampled_from([row.address.replace("{t}", "bass") for row in ROWS]),
    st.lists(
        st.one_of(st.integers(-(2**31), 2**31 - 1), st.floats(), st.text(max_size=8), st.none(), st.binary()),
        max_size=7,
    ),
)
def test_any_arguments_at_all_leave_a_state_that_can_be_drawn(address, args):
    state = told(*DUMP, (address, *args))
    assert "ResonantGen" in drawn(state)


# --- view -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 120])
def test_the_view_says_what_a_musician_looks_for(width):
    text = drawn(told(*DUMP), width)
    frame = ("night", "▶ 12.3", "○○●○○○○", "128 bpm", "Am", "7/8", "Am | F", "3 xruns", "the disk is slow")
    tracks = ("LOCKED", "128bpm_Am_8bars_t2", "2/3", "-6", "generating", "50%", "vocal", "failed", "→ launch")
    assert [word for word in (*frame, *tracks) if word not in text] == []
    assert all(len(line) <= width for line in text.splitlines())


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_written_out(state):
    assert state in drawn(told(("/rg/track/melody/state", state)))


def test_without_an_engine_it_says_how_to_start_one():
    text = drawn(MonitorState())
    assert "no engine at 127.0.0.1:9130" in text and "resonantgen serve --port 9130" in text


@given(st.floats(allow_nan=False), st.integers(1, 40))
def test_a_bar_is_as_wide_as_it_is_told(share, cells):
    assert len(bar(share, cells)) == cells
    assert bar(0.0, cells).strip() == "" and bar(1.0, cells) == "█" * cells


# --- a real socket --------------------------------------------------------------------------------


class Engine:
    """As much of an engine as a monitor needs, on a real UDP socket."""

    def __init__(self, port: int = 0) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self.port = self.socket.getsockname()[1]
        self.heard: list[str] = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            data, sender = self.socket.recvfrom(65536)
            if data == b"end":
                return
            message = OscMessage(data)
            self.heard.append(message.address)
            pong = ("/rg/pong", *message.params)
            answers = {"/rg/hello": DUMP[:-1], "/rg/status": DUMP[-1:], "/rg/ping": [pong]}
            for address, *args in answers.get(message.address, []):
                self.socket.sendto(build(address, args), sender)

    def close(self) -> None:
        self.socket.sendto(b"end", ("127.0.0.1", self.port))
        self.thread.join()
        self.socket.close()


@pytest.fixture
def engine() -> Iterator[Engine]:
    running = Engine()
    yield running
    running.close()


def test_one_view_of_a_running_engine(engine):
    command = [sys.executable, "-m", "bridge", "monitor", "--once", "--port", str(engine.port)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert result.returncode == 0, result.stderr
    assert "LOCKED" in result.stdout and "instruments; no JACK" in result.stdout


def test_one_view_where_no_engine_is(capsys):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        assert monitor("127.0.0.1", silent.getsockname()[1], once=True) == 2
    assert "no engine" in capsys.readouterr().out


def test_an_engine_that_was_started_anew_within_seconds_is_greeted(engine, monkeypatch):
    """It answers pings as the one before did, and tells nothing more."""
    monkeypatch.setattr(module, "ASK_S", 0.02)
    monkeypatch.setattr(module, "SILENT_S", 1e6)
    client = Client(engine.port)
    link = Link(client, MonitorState())
    link.listen_until_known(5.0)
    engine.close()
    before = link.pinged
    while link.pinged < before + 3:
        link.step(0.02)
    again = Engine(engine.port)
    end_s = time.monotonic() + 60
    while "/rg/hello" not in again.heard and time.monotonic() < end_s:
        link.step(0.02)
    link.listen_until_known(5.0)
    assert link.state.connected and "/rg/hello" in again.heard
    client.close()
    engine.socket, engine.thread = again.socket, again.thread


def test_the_link_renews_its_lease_and_survives_the_engine_coming_and_going(engine, monkeypatch):
    monkeypatch.setattr(module, "ASK_S", 0.02)
    monkeypatch.setattr(module, "SILENT_S", 0.2)
    client = Client(engine.port)
    link = Link(client, MonitorState())
    link.listen_until_known(5.0)
    assert asdict(link.state) == asdict(told(*DUMP)) | {"connected": True, "complete": True}
    link.step(0.1)
    assert engine.heard.count("/rg/hello") == 1 and "/rg/ping" in engine.heard
    engine.close()
    for _ in range(50):
        link.step(0.02)
    assert not link.state.connected
    again = Engine(engine.port)
    for _ in range(50):
        link.step(0.02)
    assert link.state.connected and "/rg/hello" in again.heard
    client.close()
    engine.socket, engine.thread = again.socket, again.thread
