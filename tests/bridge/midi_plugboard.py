"""A machine's MIDI ports as CoreMIDI and Windows have them: names come again, and a port has one owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.midi_devices import numbered


@dataclass(eq=False)
class Cable:
    """A port of ours that is joined to a device."""

    device: str
    heard: list[list[int]] = field(default_factory=list)

    def send_message(self, data: list[int]) -> None:
        self.heard.append(data)

    def get_message(self) -> None:
        return None


class Plugboard:
    """In the place of a MidiSystem. `devices`: who is plugged in, and what the system calls each."""

    watch = virtual = None
    gone = False
    is_open = renumbers = True

    def __init__(self) -> None:
        self.devices: list[tuple[str, str]] = []
        self.joined_to: dict[str, dict[str, Cable]] = {"in": {}, "out": {}}

    def names(self) -> tuple[list[str], list[str]]:
        names = numbered([name for _, name in self.devices])
        return names, list(names)

    def plugged_at(self) -> float:
        return 0.0

    def joined(self) -> frozenset[str]:
        return frozenset()

    def teachers(self, inputs: Sequence[str]) -> list[str]:
        return [*inputs]

    def is_linked(self, name: str) -> bool:
        return True

    def join_input(self, name: str) -> Cable | None:
        return self._join("in", name)

    def join_output(self, name: str) -> Cable | None:
        return self._join("out", name)

    def _join(self, side: str, name: str) -> Cable | None:
        names = self.names()[0]
        if name not in names:
            return None
        device = self.devices[names.index(name)][0]
        if device in self.joined_to[side]:
            return None  # somebody has it
        self.joined_to[side][device] = Cable(device)
        return self.joined_to[side][device]

    def release(self, port: Any) -> None:
        for side in self.joined_to.values():
            if port is not None and side.get(port.device) is port:
                del side[port.device]
