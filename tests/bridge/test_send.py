"""`resonantgen send`: typed by the contract, answered to the end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage

from bridge.client import Message
from bridge.osc_spec import INPUTS
from bridge.osc_wire import build
from bridge.send import DONE, FAILED, NO_ENGINE, find_row, send, shown, typed

Answers = Callable[[str, tuple], list[tuple]]


class Engine:
    """Answers on a real socket as it is told; pings always."""

    def __init__(self, answers: Answers) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.answers = answers
        self.heard: list[tuple] = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            data, sender = self.socket.recvfrom(65536)
            if data == b"end":
                return
            message = OscMessage(data)
            args = tuple(message.params)
            if message.address == "/rg/ping":
                self.socket.sendto(build("/rg/pong", args), sender)
                continue
            self.heard.append((message.address, *args))
            for address, *values in self.answers(message.address, args):
                self.socket.sendto(build(address, values), sender)

    def close(self) -> None:
        self.socket.sendto(b"end", ("127.0.0.1", self.port))
        self.thread.join()
        self.socket.close()


@pytest.fixture
def engine(request) -> Iterator[Engine]:
    running = Engine(request.param)
    yield running
    running.close()


def done(address: str, args: tuple) -> list[tuple]:
    return [("/rg/accepted", address, args[-1]), ("/rg/done", address, args[-1])]


def refused(address: str, args: tuple) -> list[tuple]:
    return [("/rg/fail", address, -1, "range", "bpm 999 is outside 40 to 240")]


def someone_elses(address: str, args: tuple) -> list[tuple]:
    return [("/rg/accepted", address, args[-1]), ("/rg/done", address, args[-1] + 1)]


@pytest.mark.parametrize("engine", [done], indirect=True)
def test_an_asynchronous_command_ends_with_its_done(engine, capsys):
    assert send("/rg/track/bass/regenerate", ["more aggressive"], "127.0.0.1", engine.port, 5) == DONE
    assert engine.heard == [("/rg/track/bass/regenerate", "more aggressive", 1)]
    accepted, finished = capsys.readouterr().out.splitlines()
    assert accepted.startswith("/rg/accepted") and finished == "/rg/done /rg/track/bass/regenerate 1"


@pytest.mark.parametrize("engine", [done], indirect=True)
def test_a_request_id_of_ones_own_is_kept(engine):
    assert send("/rg/generate", ["dub", "77"], "127.0.0.1", engine.port, 5) == DONE
    assert engine.heard == [("/rg/generate", "dub", 77)]


@pytest.mark.parametrize("engine", [refused], indirect=True)
def test_a_refusal_is_printed_and_is_the_exit_code(engine, capsys):
    assert send("/rg/tempo", ["999"], "127.0.0.1", engine.port, 5) == FAILED
    assert '/rg/fail /rg/tempo -1 range "bpm 999 is outside 40 to 240"' in capsys.readouterr().out


@pytest.mark.parametrize("engine", [lambda address, args: []], indirect=True)
def test_a_value_is_set_when_the_engine_has_read_on(engine, capsys):
    assert send("/rg/tempo", ["128"], "127.0.0.1", engine.port, 5) == DONE
    assert engine.heard == [("/rg/tempo", 128.0)] and type(engine.heard[0][1]) is float
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "engine", [lambda address, args: [("/rg/version", "resonantgen", "1")]], indirect=True
)
def test_a_question_prints_its_answer(engine, capsys):
    assert send("/rg/version", [], "127.0.0.1", engine.port, 5) == DONE
    assert capsys.readouterr().out == "/rg/version resonantgen 1\n"


@pytest.mark.parametrize("engine", [lambda address, args: [("/rg/synced", *args)]], indirect=True)
def test_sync_waits_for_its_answer(engine, capsys):
    assert send("/rg/sync", ["5"], "127.0.0.1", engine.port, 5) == DONE
    assert capsys.readouterr().out == "/rg/synced 5\n"


@pytest.mark.parametrize("engine", [someone_elses], indirect=True)
def test_the_end_of_another_request_is_not_ours(engine, capsys):
    assert send("/rg/generate", ["dub"], "127.0.0.1", engine.port, 0.2) == FAILED
    assert "not finished after 0.2 s" in capsys.readouterr().err


def test_no_engine_says_how_to_start_one(capsys):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        assert send("/rg/version", [], "127.0.0.1", port, 5) == NO_ENGINE
    assert f"resonantgen serve --port {port}" in capsys.readouterr().err


# --- typing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "words", "values"),
    [
        ("/rg/tempo", ["128"], [128.0]),
        ("/rg/bars", ["8"], [8]),
        ("/rg/generate", ["128"], ["128"]),
        ("/rg/key", ["F# minor"], ["F# minor"]),
        ("/rg/track/vocal/param", ["density", "1"], ["density", 1.0]),
        ("/rg/track/*/lock", ["1"], [1]),
        ("/rg/bars", ["many"], ["many"]),
        ("/rg/bars", ["1.5"], [1.5]),
        ("/rg/seed", ["9" * 30], [float("9" * 30)]),
        ("/no/such/row", ["1", "1.5", "one", "1e3"], [1, 1.5, "one", 1000.0]),
    ],
)
def test_words_are_typed_by_the_contract_or_by_their_looks(address, words, values):
    found = typed(find_row(address), words)
    assert found == values and [type(v) for v in found] == [type(v) for v in values]


def test_every_input_of_the_contract_is_found_for_any_track():
    for address, row in INPUTS.items():
        assert find_row(address.replace("{t}", "vocal")) is row


@given(st.sampled_from(sorted(INPUTS)), st.lists(st.text(max_size=12), max_size=6))
def test_any_words_can_be_typed(address, words):
    assert len(typed(INPUTS[address], words)) == len(words)


def test_texts_with_blanks_are_shown_in_quotes():
    assert shown(Message("/rg/key", ("F# minor", "", 1), 0.0)) == '/rg/key "F# minor" "" 1'


def test_numbers_are_shown_as_a_32_bit_float_holds_them():
    assert shown(Message("/rg/tempo", (0.13303513824939728, 128.0), 0.0)) == "/rg/tempo 0.133035 128"
