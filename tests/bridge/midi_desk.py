"""A controller without hardware: what it is told to light, and what it asks for, are written down."""

from __future__ import annotations

import functools
from pathlib import Path

import mido

from bridge.midi_controller import MidiController
from bridge.midi_map import ControllerMap
from bridge.midi_map_file import TRACKS, load_map, parse_map
from bridge.midi_world import World
from engine import events as e
from engine.errors import EngineError


@functools.cache
def loaded(name: str, tracks: tuple[str, ...] = TRACKS) -> ControllerMap:
    """A map that came along, read once."""
    return load_map(name, tracks)


def load_once(name: str, tracks: tuple[str, ...], folder: Path) -> ControllerMap:
    """Maps that came along are read once, and not again by every test."""
    return load_map(name, tracks, folder) if any(folder.glob("*.toml")) else loaded(name, tracks)


class Desk:
    """`map_text`: TOML, or the name of a map that came along."""

    def __init__(self, map_text: str = "generic_pad", tracks: tuple[str, ...] = TRACKS) -> None:
        self.asked: list[tuple] = []
        self.sent: list[mido.Message] = []
        self.refused: list[EngineError] = []
        self.listings = 0
        self.world = World(tracks, self._list_scenes)
        is_name = map_text.replace("_", "").isalnum()
        self.map: ControllerMap = (
            loaded(map_text, tracks) if is_name else parse_map(map_text, "test", tracks, Path("none"))
        )
        self.controller = MidiController(
            self.map, self.world, self._submit, self.sent.append, self.refused.append
        )

    def _submit(self, address: str, args: list) -> None:
        self.asked.append((address, *args))

    def _list_scenes(self) -> None:
        self.listings += 1

    # --- fingers ----------------------------------------------------------------------------------

    def play(self, *messages: mido.Message) -> list[tuple]:
        """What is asked of the engine by these messages."""
        self.asked.clear()
        for message in messages:
            self.controller.receive(message)
        return list(self.asked)

    def note(self, note: int, velocity: int = 100, channel: int = 0) -> list[tuple]:
        return self.play(mido.Message("note_on", note=note, velocity=velocity, channel=channel))

    def tap(self, note: int) -> list[tuple]:
        """Pressed and let go."""
        return self.note(note) + self.note(note, 0)

    def cc(self, control: int, value: int = 127, channel: int = 0) -> list[tuple]:
        return self.play(mido.Message("control_change", control=control, value=value, channel=channel))

    def push(self, control: int) -> list[tuple]:
        """A button that sends CC, pressed and let go."""
        return self.cc(control, 127) + self.cc(control, 0)

    def bend(self, channel: int, pitch: int) -> list[tuple]:
        return self.play(mido.Message("pitchwheel", pitch=pitch, channel=channel))

    # --- eyes -------------------------------------------------------------------------------------

    def show(self, *events: e.Event) -> list[mido.Message]:
        """What is sent to the controller because of these events."""
        self.sent.clear()
        for event in events:
            self.controller.show(self.world.note(event))
        return list(self.sent)

    def lights(self) -> dict[tuple[str, int], tuple[int, int]]:
        """Of a controller that is lit from scratch: (velocity, channel) of each lamp, as it is at the end."""
        self.sent.clear()
        self.controller.refresh()
        return lit(self.sent)

    def scenes(self, *names: str) -> None:
        """The engine has these scenes."""
        rows = [(i, len(names), name) for i, name in enumerate(names, 1)] or [(0, 0, "")]
        self.show(*(e.Reply(e.Origin("midi", "/rg/scene/list"), "/rg/scene/name", row) for row in rows))


def lit(messages: list[mido.Message]) -> dict[tuple[str, int], tuple[int, int]]:
    """Lamps by (kind, number), the last word of each."""
    lamps = {}
    for message in messages:
        if message.type == "note_on":
            lamps["note", message.note] = (message.velocity, message.channel)
        elif message.type == "control_change":
            lamps["cc", message.control] = (message.value, message.channel)
    return lamps


def light(note: int, velocity: int, channel: int = 0) -> mido.Message:
    return mido.Message("note_on", note=note, velocity=velocity, channel=channel)


def hexed(message: mido.Message) -> str:
    return message.hex()
