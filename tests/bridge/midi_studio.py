"""The controllers of a running house, with a real session behind them; no engine, no sound."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bridge import midi_answers
from bridge.midi_input import MidiInput
from bridge.midi_map_file import TRACKS
from bridge.osc_codec import decode
from engine import events as e
from engine.config import Config, MidiConfig
from engine.session import Session
from tests.bridge.jack_server import JackServer


class Studio:
    """`async with Studio(server, folder) as studio`: plugged in, playing, and let go at the end."""

    def __init__(self, server: JackServer, folder: Path, **midi: Any) -> None:
        self.session = Session.empty(TRACKS)
        self.asked: list[tuple[Any, ...]] = []
        defaults = Config()
        self.config = replace(
            defaults,
            midi=MidiConfig(api="jack", **midi),
            jack=replace(defaults.jack, server=server.name),
            folders=replace(defaults.folders, controllers=str(folder)),
        )
        self.told: list[e.Event] = []
        self.midi = self.house()

    def house(self) -> MidiInput:
        """By the settings as they are now."""
        loop = asyncio.get_running_loop()
        return MidiInput(self.config, TRACKS, self.submit, self.told.append, loop.call_soon_threadsafe)

    def submit(self, address: str, args: Sequence[Any]) -> None:
        self.asked.append((address, *args))
        command = decode(address, args, TRACKS).command
        assert command is not None
        if isinstance(command, midi_answers.COMMANDS):
            midi_answers.answer(command, e.Origin("studio", address), self.midi, self.told.append)
        elif not command.is_async and not address.endswith("/list"):
            for event in self.session.apply(command):
                self.midi.show(event)

    def show(self, *events: e.Event) -> None:
        for event in events:
            self.midi.show(event)

    async def __aenter__(self) -> Studio:
        self.names = self.midi.start(self.session.snapshot())
        self.running = asyncio.create_task(self.midi.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.running.cancel()
        self.midi.close()
