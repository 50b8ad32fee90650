"""MIDI out as the settings have it: channels, how slides are told, and who plays where JACK does not."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.midi_out_ports import MidiOutPorts, port_name
from bridge.midi_player import MidiPlayer
from bridge.midi_system import APIS, choose_api
from engine.audio.midi_live import MidiStyle
from engine.config import Config, MidiConfig
from engine.errors import EngineError, unknown

CABLE = "make one for each track with a virtual cable such as loopMIDI"


def style_of(config: MidiConfig, tracks: Sequence[str]) -> MidiStyle | None:
    """None where nothing is to play. EngineError `unknown` for a channel of a track that there is not."""
    if not (config.enabled and config.out):
        return None
    channels: dict[str, int] = {}
    for entry in config.out_channels:
        track, channel = entry.split("=")
        if track not in tracks:
            error = unknown("track", track, tracks)
            raise EngineError(error.code, f"midi.out_channels: {error.text}")
        channels[track] = int(channel) - 1
    return MidiStyle(channels, config.out_glide, config.out_bend_range)


def midi_player_of(config: Config, tracks: Sequence[str]) -> MidiPlayer | None:
    """Who plays on ports of rtmidi; None where the settings want no MIDI out."""
    if style_of(config.midi, tracks) is None:
        return None

    def open_ports() -> MidiOutPorts:
        if config.jack.mode != "off" and choose_api(config.midi.api, config.jack.server) == APIS["jack"]:
            raise EngineError("not_available", "JACK's own ports play it while a server runs")
        ports = MidiOutPorts(tracks, config.midi, config.jack.server)
        if not ports.names:
            raise EngineError("not_available", f"no port is called {port_name(tracks[0])}; {CABLE}")
        return ports

    return MidiPlayer(tracks, open_ports)
