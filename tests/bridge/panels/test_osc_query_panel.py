"""A client that has never heard of us finds all in the OSCQuery tree, and drives the engine with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bridge.client import Client
from tests.bridge.panels.query_client import KINDS, READ, WRITE, Control, ask, methods
from tests.bridge.panels.stage import LONGEST_WAIT_S, Stage

# What a message that is right in itself may meet with: nothing there, something locked, no such device.
CIRCUMSTANCES = {"empty", "locked", "busy", "not_available", "not_found", "cancelled", "file"}
SPOKEN = ("/rg/midi/learn", "/rg/midi/unlearn")  # their last text has to fit the address before it
BY_TEMPO = ("/rg/locate",)  # how far a transport reaches in beats is a matter of tempo and sample rate
# It would end the engine, send its answers to another port, load the track models, or take the other tests'
# set away from them.
LEFT_ALONE = ("/rg/quit", "/rg/hello", "/rg/config/render", "/rg/set/new")


class Panel:
    """A control for each node, and the port that HOST_INFO names."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.info = ask(f"{url}/?HOST_INFO")
        self.client = Client(self.info["OSC_PORT"], self.info["OSC_IP"])
        self.number = 0

    def nodes(self) -> list[dict[str, Any]]:
        return list(methods(ask(self.url)))

    def controls(self) -> list[Control]:
        writable = [node for node in self.nodes() if node["ACCESS"] & WRITE]
        return [Control.of(node) for node in writable if node["FULL_PATH"] not in LEFT_ALONE]

    def send(self, path: str, *args: Any) -> list[tuple[Any, ...]]:
        """The refusals that come back, until the engine has answered what was sent after."""
        self.number += 1
        self.client.send(path, *args)
        self.client.send("/rg/ping", self.number)
        refusals = []
        for message in self.client.messages(LONGEST_WAIT_S):
            if message.address == "/rg/fail" and message.args[0] == path:
                refusals.append(message.args)
            if message.address == "/rg/pong" and message.args == (self.number,):
                return refusals
        raise AssertionError(f"no answer after {path} {args}")

    def settle(self) -> None:
        """Give up what takes time, and wait until it has ended."""
        self.send("/rg/cancel")
        self.client.send("/rg/sync", 1)
        self.client.wait(lambda m: m.address == "/rg/synced", LONGEST_WAIT_S, "/rg/synced")


@pytest.fixture(scope="module")
def panel(stage: Stage) -> Iterator[Panel]:
    found = Panel(f"http://127.0.0.1:{stage.port + 2}")
    yield found
    found.client.close()


def test_the_host_says_where_it_is_and_what_it_can_tell(panel, stage):
    assert panel.info["OSC_PORT"] == stage.port
    can = {name for name, on in panel.info["EXTENSIONS"].items() if on}
    assert can >= {"ACCESS", "VALUE", "RANGE", "UNIT", "CLIPMODE", "OVERLOADS", "LISTEN", "PATH_CHANGED"}


def test_every_value_is_of_its_type_and_in_its_range(panel):
    looked_at = 0
    for node in panel.nodes():
        if "VALUE" not in node:
            continue
        assert node["ACCESS"] & READ
        spans = node.get("RANGE") or [None] * len(node["TYPE"])
        for tag, value, span in zip(node["TYPE"], node["VALUE"], spans, strict=True):
            assert isinstance(value, KINDS[tag]), node
            if span and "MIN" in span:
                assert span["MIN"] <= value <= span.get("MAX", value), node
            if span and span.get("VALS"):
                assert value in span["VALS"], node
        looked_at += 1
    assert looked_at > 60


def test_what_a_node_offers_the_engine_takes(panel):
    """A button, a slider or a menu made from nothing but the tree never sends what is refused for itself."""
    pressed = 0
    for control in panel.controls():
        if control.path in SPOKEN:
            continue
        for message in control.inside():
            codes = {refusal[2] for refusal in panel.send(control.path, *message)}
            is_right = not message or codes <= CIRCUMSTANCES or control.path in BY_TEMPO
            assert is_right, (control.path, message, codes)
            pressed += 1
        if control.value is not None and control.inside():
            panel.send(control.path, *control.value[: len(control.tags)])
        panel.send("/rg/cancel")
    panel.settle()
    assert pressed > 200


def test_what_a_node_rules_out_the_engine_refuses(panel):
    refused = 0
    for control in panel.controls():
        for message in control.outside():
            assert panel.send(control.path, *message), (control.path, message)
            refused += 1
    panel.settle()
    assert refused > 100


def test_a_slider_moves_what_it_shows(panel):
    node = next(n for n in panel.nodes() if n["FULL_PATH"] == "/rg/track/bass/param/density")
    assert (node["TYPE"], node["RANGE"], node["ACCESS"]) == ("f", [{"MIN": 0, "MAX": 1}], READ | WRITE)
    panel.send(node["FULL_PATH"], 0.25)
    assert ask(f"{panel.url}{node['FULL_PATH']}?VALUE") == {"VALUE": [0.25]}


def test_menus_follow_what_there_is(panel):
    panel.send("/rg/scene/save", "bridge")
    assert "bridge" in ask(f"{panel.url}/rg/scene/load?RANGE")["RANGE"][0]["VALS"]


def test_the_open_set_is_one_of_the_sets_and_to_open_it_again_is_done_already(panel):
    node = ask(f"{panel.url}/rg/set/open")
    (name,) = node["VALUE"]
    assert name in node["RANGE"][0]["VALS"]
    panel.client.ask("/rg/set/open", name)  # EngineError where it is refused
