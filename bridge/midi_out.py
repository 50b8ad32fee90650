"""The settings of MIDI out: which channel a track plays on, and how slides are told."""

from __future__ import annotations

from collections.abc import Sequence

from engine.audio.midi_live import MidiStyle
from engine.config import MidiConfig
from engine.errors import EngineError, unknown


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
