"""The .ReaperOSC file: REAPER's grammar, the contract's addresses, and no flood."""

from __future__ import annotations

import pytest

from bridge.osc_codec import decode
from bridge.osc_spec import INPUTS, MAX_MESSAGE_BYTES
from bridge.osc_wire import build
from tests.reaper import reaper_osc
from tests.reaper.reaper_host import HOME
from tests.reaper.reaper_osc import COUNTS, FLOODS, ReaperOscError, read

TEXT = (HOME / "ResonantGen.ReaperOSC").read_text(encoding="utf-8")
FILE = read(TEXT)
# What REAPER sends for a pattern of each flag, and what of it the engine may hear.
ARGUMENTS = {"f": (128.5,), "t": (1.0,)}


def test_it_is_plain_ascii_outside_its_comments():
    assert all(line.startswith("#") or line.isascii() for line in TEXT.splitlines())


def test_every_setting_is_made():
    assert set(FILE.settings) >= COUNTS


def test_what_reaper_tells_us_is_in_the_contract_and_taken():
    feedback = [p for p in FILE.patterns if p.description != "ACTION"]
    assert {p.description for p in feedback} == {"TEMPO", "PLAY", "STOP"}
    for pattern in feedback:
        assert decode(pattern.address, ARGUMENTS[pattern.flag], ()).row is INPUTS[pattern.address]


def test_what_the_engine_tells_reaper_finds_one_pattern():
    for address in ("/rg/reaper/tempo", "/rg/reaper/play", "/rg/reaper/stop"):
        assert len([p for p in FILE.patterns if p.matches(address)]) == 1


def test_an_action_is_found_by_its_number_and_by_its_name():
    for address in ("/rg/reaper/action/40044", "/rg/reaper/action/_RS0123abcd"):
        assert [p.description for p in FILE.patterns if p.matches(address)] == ["ACTION"]


def test_nothing_floods():
    assert not {p.description for p in FILE.patterns} & FLOODS


def test_no_message_of_the_contract_is_larger_than_reaper_takes():
    assert MAX_MESSAGE_BYTES <= reaper_osc.MAX_MESSAGE_BYTES
    assert len(build("/rg/track/drums/prompt", ["ü" * 2000])) <= reaper_osc.MAX_MESSAGE_BYTES


# --- the reader itself ----------------------------------------------------------------------------


def test_the_reader_takes_several_patterns_on_a_line_and_several_lines():
    found = read("TEMPO n/a f/b\n# TEMPO s/c\n\nTEMPO s/d\nPLAY\n").patterns
    assert [pattern.flag + pattern.address for pattern in found] == ["n/a", "f/b", "s/d"]


@pytest.mark.parametrize(
    "line",
    [
        "TEMPI f/tempo", "TEMPO x/tempo", "TEMPO /tempo", "TEMPO ftempo", "PLAY s/play",
        "TEMPO f/" + "x" * 600, "DEVICE_TRACK_COUNT many", "DEVICE_TRACK_COUNT 1 2",
        "DEVICE_FX_FOLLOWS MIXER", "REAPER_EQ INSERT",
    ],
)  # fmt: skip
def test_the_reader_refuses_what_reaper_would(line):
    with pytest.raises(ReaperOscError, match="line 1"):
        read(line)
