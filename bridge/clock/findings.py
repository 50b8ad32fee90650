"""What the doctor says of the clock."""

from __future__ import annotations

import importlib.util

from bridge.clock.link import INSTALL
from bridge.doctor_findings import OK, WARN, Finding
from engine.config import Config


def clock_findings(config: Config) -> list[Finding]:
    """Which clocks this machine can follow, as the settings have it, and what is told to others."""
    clock = config.clock
    findings = [Finding("clock", OK, f"source {clock.source}; {_ways(config)}")]
    if importlib.util.find_spec("aalink") is None:
        wanted = clock.link or clock.source == "link"
        findings.append(Finding("Ableton Link", WARN if wanted else OK, "not installed", INSTALL))
    elif clock.link or clock.source == "link":
        parts = [f"quantum {clock.link_quantum_beats:g} beats" if clock.link_quantum_beats else "the bar"]
        parts += ["start and stop shared"] if clock.start_stop_sync else []
        findings.append(Finding("Ableton Link", OK, f"on: {', '.join(parts)}"))
    else:
        how = "[clock] link = true, or /rg/clock/source link"
        findings.append(Finding("Ableton Link", OK, "installed, off", how))
    if clock.source == "midi" and not config.midi.enabled:
        findings.append(Finding("MIDI clock", WARN, "chosen, and MIDI is off", "set [midi] enabled = true"))
    return findings


def _ways(config: Config) -> str:
    ways = ["bar and beat on JACK"] if config.jack.mode != "off" else []
    ways += ["MIDI clock in"] if config.midi.enabled else []
    ways += ["MIDI clock out"] if config.midi.enabled and config.clock.midi_out else []
    return ", ".join([*ways, "hosts over OSC"])
