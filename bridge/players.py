"""Which player this machine has: JACK's, or the silent one."""

from __future__ import annotations

import logging

from bridge.internal_player import InternalPlayer
from bridge.midi_player import MidiPlayer
from bridge.player import Player
from engine.config import Config
from engine.errors import EngineError

log = logging.getLogger(__name__)


def make_player(config: Config, tracks: list[str], midi: MidiPlayer | None = None) -> Player:
    """JACK's player; or the silent one where JACK is off or cannot be had, unless `on` demands it. What is
    heard of its scores without JACK, `midi` plays."""
    player = _choose_player(config, tracks, midi)
    if midi is not None:
        if isinstance(player, InternalPlayer) or not player.status().connected:
            midi.open()
        midi.start()
    return player


def _choose_player(config: Config, tracks: list[str], midi: MidiPlayer | None) -> Player:
    mode, listen = config.jack.mode, midi.listen if midi is not None else None
    if mode == "off":
        return InternalPlayer(tracks, listen=listen)
    try:
        from bridge.jack_player import JackPlayer, warm

        warm()
        player = JackPlayer(
            tracks, config.jack.client, config.jack.server or None, config.jack.connect_outputs,
            midi is not None, listen,
        )  # fmt: skip
    except EngineError as error:
        if mode == "on":
            raise
        log.info("no JACK: %s", error.text)
        return InternalPlayer(tracks, listen=listen)
    if mode == "on" and not player.status().connected:
        text = player.status().text
        player.close()
        raise EngineError("not_available", f"--jack on: {text}")
    return player
