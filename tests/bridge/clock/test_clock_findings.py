"""What the doctor says of the clock."""

from dataclasses import replace

import pytest

from bridge.clock import findings
from bridge.clock.findings import clock_findings
from bridge.doctor_findings import OK, WARN
from engine.config import ClockConfig, Config


def told(**settings):
    config = replace(Config(), clock=replace(ClockConfig(), **settings))
    return {finding.name: finding for finding in clock_findings(config)}


def test_what_is_on_and_what_could_be_is_said():
    assert "source auto" in told()["clock"].found
    assert "MIDI clock out" in told(midi_out=True)["clock"].found
    pytest.importorskip("aalink")
    assert told()["Ableton Link"].how == "[clock] link = true, or /rg/clock/source link"
    assert (
        "2 beats, start and stop"
        in told(link=True, link_quantum_beats=2.0, start_stop_sync=True)["Ableton Link"].found
    )


def test_link_that_is_wanted_and_not_installed_is_a_warning_with_what_to_do(monkeypatch):
    monkeypatch.setattr(findings.importlib.util, "find_spec", lambda name: None)
    assert told()["Ableton Link"].status == OK
    assert told(link=True)["Ableton Link"].status == WARN
    assert "resonantgen[link]" in told(source="link")["Ableton Link"].how


def test_midi_clock_without_midi_is_a_warning():
    config = Config()
    config = replace(config, clock=ClockConfig(source="midi"), midi=replace(config.midi, enabled=False))
    assert [f.name for f in clock_findings(config) if f.status == WARN] == ["MIDI clock"]
